"""Action: run a process on this machine."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from launch._child import ChildProcess, ProcessGuard
from launch._termination import Termination
from launch.action import Action
from launch.descriptions.executable import Executable
from launch.event import Event
from launch.event_handler import FunctionHandler, SomeEntities
from launch.events.process import (
    ProcessExited,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
    ShutdownProcess,
    SignalProcess,
)
from launch.events.shutdown import Shutdown
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.logging import ProcessOutput, get_logger, resolve_output
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitutions.configuration import LaunchConfiguration
from launch.utilities import normalize_entities, perform_bool, perform_float, perform_text

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

OnExit = SomeEntities | Callable[[ProcessExited, Any], SomeEntities]
_SIGTERM_TIMEOUT = LaunchConfiguration("sigterm_timeout", default="5")  # seconds, as in ROS 2
_SIGKILL_TIMEOUT = LaunchConfiguration("sigkill_timeout", default="5")
_LINGER_STEP_S = 0.05  # ours: only while a dead process's own children refuse to end
_OUTPUT_FORMAT = "[{this.process_description.final_name}] {line}"


class ExecuteLocal(Action):
    """Starts a process, shows its output, restarts it if asked to, and ends it at shutdown."""

    def __init__(
        self,
        *,
        process_description: Executable,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType | float | None = None,
        sigkill_timeout: SomeSubstitutionsType | float | None = None,
        emulate_tty: bool = False,
        output: Any = "log",
        output_format: str = _OUTPUT_FORMAT,
        cached_output: bool = False,
        log_cmd: bool = False,
        on_exit: OnExit = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | SomeSubstitutionsType | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        """Keep the settings; the process starts when the action is executed.

        Args:
            process_description: Command, name, folder and environment.
            shell: Run the command through a shell.
            sigterm_timeout: Seconds from SIGINT to SIGTERM, 5 by default.
            sigkill_timeout: Seconds from SIGTERM to SIGKILL, 5 by default.
            emulate_tty: Give the process a pseudo terminal to write to.
            output: ``log`` (standard error goes to the screen too), ``screen``, ``both``,
                ``own_log``, ``full``, or a dictionary of stream and sinks.
            output_format: Form of an output line.
            cached_output: Keep the output for ``get_stdout()`` and ``get_stderr()``.
            log_cmd: Log the command before it is run.
            on_exit: Entities, or a function (event, context) that returns some.
            respawn: Start the process again whenever it ends.
            respawn_delay: Seconds before that.
            respawn_max_retries: How many times at most; -1 is no limit.
            **kwargs: Arguments of ``Action``.
        """
        super().__init__(**kwargs)
        self._description = process_description
        self._shell = shell
        self._sigterm_timeout = _SIGTERM_TIMEOUT if sigterm_timeout is None else sigterm_timeout
        self._sigkill_timeout = _SIGKILL_TIMEOUT if sigkill_timeout is None else sigkill_timeout
        self._emulate_tty = emulate_tty
        self._output_setting = output
        self._output_format = output_format
        self._cached: dict[int, bytearray] | None = (
            {1: bytearray(), 2: bytearray()} if cached_output else None
        )
        self._log_cmd = log_cmd
        self._on_exit = on_exit
        self._respawn = respawn
        self._respawn_delay = respawn_delay
        self._retries_left = respawn_max_retries
        self._child: ChildProcess | None = None
        self._context: LaunchContext | None = None
        self._details: dict[str, Any] | None = None
        self._completed: asyncio.Future[None] | None = None
        self._termination: Termination | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._exit_entities: list[LaunchDescriptionEntity] = []
        self._ending = False
        self._output: ProcessOutput | None = None
        if not callable(on_exit) or isinstance(on_exit, LaunchDescriptionEntity):
            self._exit_entities = normalize_entities(on_exit, "on_exit")

    # -- what others may look at --------------------------------------------------------------

    @property
    def process_description(self) -> Executable:
        """Return what is executed."""
        return self._description

    @property
    def process_details(self) -> dict[str, Any] | None:
        """Return name, command, folder, environment and id of the process once it runs."""
        return self._details

    @property
    def name(self) -> str | None:
        """Return the unique name of the process once it is known."""
        return self._description.final_name or None

    @property
    def cmd(self) -> Any:
        """Return the command: performed once the process has started."""
        return self._description.final_cmd or self._description.cmd

    @property
    def return_code(self) -> int | None:
        """Return the exit status of the process; None while it runs."""
        return None if self._child is None else self._child.returncode

    @property
    def shell(self) -> bool:
        """Say whether the command runs through a shell."""
        return self._shell

    def get_stdout(self) -> bytes:
        """Return standard output so far; needs ``cached_output``."""
        return self._get_cached(1)

    def get_stderr(self) -> bytes:
        """Return standard error so far; needs ``cached_output``."""
        return self._get_cached(2)

    def _get_cached(self, fd: int) -> bytes:
        if self._cached is None:
            raise RuntimeError("the output is kept only with cached_output=True")
        return bytes(self._cached[fd])

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Return the future of the process's final end."""
        return self._completed

    # -- start --------------------------------------------------------------------------------

    def prepare(self, context: LaunchContext) -> None:
        """Perform the substitutions of the command."""
        self._description.prepare(context)

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Start the process."""
        if self._completed is not None:
            raise RuntimeError(
                f"{type(self).__name__} action '{self.name}' was executed more than once"
            )
        if context.is_shutdown:
            return None
        self.prepare(context)
        name = self._description.final_name
        output = context.environment.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT") or self._output_setting
        if not isinstance(output, (str, dict)):
            output = perform_text(context, output)
        line_format = self._output_format.replace("{this.process_description.final_name}", name)
        self._output = ProcessOutput(name, resolve_output(output), line_format)
        what = f"process '{name}'"
        self._sigterm_timeout_s = perform_float(
            context, self._sigterm_timeout, f"{what}: sigterm_timeout"
        )
        self._sigkill_timeout_s = perform_float(
            context, self._sigkill_timeout, f"{what}: sigkill_timeout"
        )
        self._respawn = perform_bool(context, self._respawn, f"{what}: respawn")
        self._respawn_delay = perform_float(
            context, self._respawn_delay or 0.0, f"{what}: respawn_delay"
        )
        self._context = context
        self._start()
        self._completed = asyncio.get_running_loop().create_future()
        context.add_completion_future(self._completed)
        context._running_processes.append(self)
        for matcher, function in (
            (lambda event: isinstance(event, Shutdown), self._handle_shutdown),
            (self._is_for_me, self._handle_request),
            (self._is_my_exit, self._handle_exit),
        ):
            context.register_event_handler(FunctionHandler(matcher, function))
        return None

    def _start(self) -> None:
        assert self._context is not None
        description, context = self._description, self._context
        logger = get_logger(description.final_name)
        command = description.final_cmd
        if self._log_cmd:
            logger.info(f"process details: cmd={command}, cwd={description.final_cwd}")
        try:
            self._child = ChildProcess(
                " ".join(command) if self._shell else command,
                cwd=description.final_cwd,
                env=description.final_env,
                shell=self._shell,
                emulate_tty=self._emulate_tty,
                on_output=self._handle_output,
                on_exit=self._handle_end,
            )
        except OSError as error:
            raise RuntimeError(
                f"cannot start '{description.final_name}' ({command[0]!r}): {error}"
            ) from error
        ProcessGuard.of(context).tell("+", self._child.pid)
        self._termination = Termination(
            description.final_name,
            self._child,
            sigterm_timeout_s=self._sigterm_timeout_s,
            sigkill_timeout_s=self._sigkill_timeout_s,
        )
        self._details = {
            "action": self,
            "name": description.final_name,
            "cmd": command,
            "cwd": description.final_cwd,
            "env": description.final_env,
            "pid": self._child.pid,
        }
        logger.info(f"process started with pid [{self._child.pid}]")
        context.emit_event_sync(ProcessStarted(**self._details))

    # -- output and end -----------------------------------------------------------------------

    def _handle_output(self, fd: int, data: bytes) -> None:
        assert self._context is not None
        assert self._output is not None
        assert self._details is not None
        self._output.write("stdout" if fd == 1 else "stderr", data)
        if self._cached is not None:
            self._cached[fd] += data
        kind = ProcessStdout if fd == 1 else ProcessStderr
        event = kind(text=data, fd=fd, **self._details)
        if self._context.would_handle_event(event):
            self._context.emit_event_sync(event)

    def _handle_end(self, status: int) -> None:
        """Take note of the end of the process and of what it left behind."""
        assert self._child is not None
        if self._termination is not None:
            self._termination.cancel()
        try:
            self._report_end(status, self._child.pid)
        finally:
            if self._child.group_is_alive():
                logger = get_logger(self._description.final_name)
                logger.warning(
                    f"process [{self._child.pid}] left children behind, sending them 'SIGTERM'"
                )
                self._child.signal_group(signal.SIGTERM)
                loop = asyncio.get_running_loop()
                self._wait_for_group(loop.time() + self._sigkill_timeout_s)
            else:
                self._after_end()

    def _report_end(self, status: int, pid: int) -> None:
        assert self._context is not None
        assert self._output is not None
        assert self._details is not None
        self._output.flush()
        logger = get_logger(self._description.final_name)
        if status == 0:
            logger.info(f"process has finished cleanly [pid {pid}]")
        else:
            command = " ".join(self._description.final_cmd)
            logger.error(f"process has died [pid {pid}, exit code {status}, cmd '{command}'].")
        self._context.emit_event_sync(ProcessExited(returncode=status, **self._details))

    def _wait_for_group(self, kill_time_s: float) -> None:
        """Look now and then whether the children of the dead process have gone, too."""
        assert self._child is not None
        loop = asyncio.get_running_loop()
        if not self._child.group_is_alive():
            self._after_end()
        elif loop.time() < kill_time_s:
            self._timer = loop.call_later(_LINGER_STEP_S, self._wait_for_group, kill_time_s)
        else:
            self._child.signal_group(signal.SIGKILL)
            self._after_end()

    def _after_end(self) -> None:
        assert self._context is not None
        assert self._child is not None
        self._timer = None
        ProcessGuard.of(self._context).tell("-", self._child.pid)
        is_ending = self._ending or self._context.is_shutdown
        if not self._respawn or is_ending or self._retries_left == 0:
            self._complete()
            return
        self._retries_left -= 1
        delay_s = float(self._respawn_delay)  # type: ignore[arg-type]
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._restart)

    def _restart(self) -> None:
        assert self._completed is not None
        self._timer = None
        try:
            self._start()
        except RuntimeError as error:
            self._completed.set_exception(error)

    def _complete(self) -> None:
        assert self._completed is not None
        if not self._completed.done():
            self._completed.set_result(None)
            if self._context is not None and self in self._context._running_processes:
                self._context._running_processes.remove(self)

    # -- event handlers -----------------------------------------------------------------------

    def _is_for_me(self, event: Event) -> bool:
        return isinstance(event, (ShutdownProcess, SignalProcess)) and event.process_matcher(self)

    def _is_my_exit(self, event: Event) -> bool:
        return isinstance(event, ProcessExited) and event.action is self

    def _handle_shutdown(self, event: Any, context: LaunchContext) -> None:
        self.end()

    def _handle_request(self, event: Any, context: LaunchContext) -> None:
        if isinstance(event, ShutdownProcess):
            self.end()
        else:
            self.send_signal(event.signal)

    def _handle_exit(
        self, event: Any, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        if callable(self._on_exit) and not isinstance(self._on_exit, LaunchDescriptionEntity):
            return normalize_entities(self._on_exit(event, context), "on_exit")
        return self._exit_entities

    # -- signals ------------------------------------------------------------------------------

    def send_signal(self, number: int) -> None:
        """Send a signal to the process if it runs."""
        if self._termination is not None:
            self._termination.send(number)

    def end(self) -> None:
        """Ask the process to end, and insist: SIGINT, then SIGTERM, then SIGKILL."""
        if self._ending:
            return
        self._ending = True
        if self._is_running and self._termination is not None:
            self._termination.begin()
        elif self._completed is not None:  # waiting to respawn, or for children left behind
            if self._timer is not None and self._child is not None:
                self._child.signal_group(signal.SIGKILL)
            self._cancel_timer()
            self._complete()

    def insist(self, number: signal.Signals) -> None:
        """Skip the waiting: send SIGTERM (with SIGKILL to follow) or SIGKILL at once."""
        self._ending = True
        if self._is_running and self._termination is not None:
            self._termination.insist(number)

    @property
    def _is_running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
