"""Running of launch descriptions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from launch._child import ProcessGuard
from launch.actions.execute_local import ExecuteLocal
from launch.event import Event
from launch.event_handlers.on_shutdown import OnShutdown
from launch.events.process import ProcessExited
from launch.events.shutdown import Shutdown
from launch.launch_context import LaunchContext
from launch.launch_description import LaunchDescription
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.logging import get_logger, launch_config


class ProcessResult(NamedTuple):
    """How a process of the launch ended."""

    name: str
    returncode: int
    during_shutdown: bool


class LaunchService:
    """Visits launch descriptions, handles events and ends all that was started.

    ``run()`` returns 0, or 1 where the launch itself failed: an exception in a launch file, an
    executable that cannot be started, a failing event handler. As in ROS 2 the exit statuses of
    the processes do not count; they are in ``process_results``.
    """

    def __init__(
        self,
        *,
        argv: Iterable[str] | None = None,
        noninteractive: bool = False,
        debug: bool = False,
    ) -> None:
        """Prepare a launch; ``debug`` shows tracebacks."""
        self._context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self._debug = debug
        self._wake = asyncio.Event()
        self._return_code = 0
        self._is_running = False
        self._sigint_received = False
        self._callback_errors: list[Exception] = []
        self._descriptions: list[LaunchDescription] = []
        self.process_results: list[ProcessResult] = []
        self._context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))

    @property
    def context(self) -> LaunchContext:
        """Return the context of the launch."""
        return self._context

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the event loop while the launch runs."""
        return self._context.asyncio_loop

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Launch a description, at once if the launch runs already."""
        self._descriptions.append(launch_description)
        self._context._wake_up()

    def emit_event(self, event: Event) -> None:
        """Queue an event; may be called from any thread."""
        self._context.emit_event_sync(event)

    def shutdown(self, force_sync: bool = False) -> asyncio.Future[None] | None:
        """Begin to shut down; may be called from any thread.

        In the event loop's thread a finished future is returned, for those who await the call.
        """
        self.emit_event(Shutdown(reason="LaunchService.shutdown() called"))
        loop = self._context.asyncio_loop
        if force_sync or loop is None or threading.get_ident() != self._context._loop_thread:
            return None
        future: asyncio.Future[None] = loop.create_future()
        future.set_result(None)
        return future

    # -- running ------------------------------------------------------------------------------

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until the launch has ended; returns 0, or 1 where the launch itself failed."""
        with contextlib.closing(asyncio.new_event_loop()) as loop:
            return loop.run_until_complete(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Run in the current event loop; see ``run``."""
        if self._is_running:
            raise RuntimeError("the launch service runs already")
        context = self._context
        self._is_running = True
        self._return_code = 0
        self._wake = asyncio.Event()
        context._is_shutdown = False
        context._wake = self._wake.set
        context._loop_thread = threading.get_ident()
        context._loop = asyncio.get_running_loop()
        context._loop.set_exception_handler(self._on_callback_error)
        environment = dict(os.environ)
        launch_config.on_screen_broken = lambda: context.emit_event_sync(
            Shutdown(reason="standard output was closed")
        )
        try:
            with self._signals_handled():
                try:
                    await self._process(shutdown_when_idle)
                except asyncio.CancelledError:
                    self.emit_event(Shutdown(reason="the launch was cancelled"))
                    await self._process(shutdown_when_idle)
                    raise
        finally:
            launch_config.on_screen_broken = None
            ProcessGuard.close_for(context)
            context._clean_up()
            context._replace_environment(environment)
            context._loop.set_exception_handler(None)
            context._loop = None
            self._is_running = False
            launch_config.close()
        return self._return_code

    async def _process(self, shutdown_when_idle: bool) -> None:
        """Handle what comes until nothing is left to wait for."""
        context = self._context
        while True:
            self._wake.clear()
            try:
                while self._descriptions or context._events:
                    if self._descriptions:
                        self._visit(self._descriptions.pop(0))
                    else:
                        self._handle(context._events.popleft())
                pending = context._pending_futures()
                if self._callback_errors:
                    raise self._callback_errors.pop(0)
            except Exception as error:
                self._fail(error)
                continue
            if pending or context._events:
                await self._wake.wait()
            elif context.is_shutdown:
                return
            elif shutdown_when_idle:
                context.emit_event_sync(Shutdown(reason="idle"))
            else:
                await self._wake.wait()

    def _visit(self, entity: LaunchDescriptionEntity) -> None:
        """Visit an entity and, depth first, all that it brings."""
        stack = [entity]
        while stack:
            brought = stack.pop().visit(self._context)
            if brought:
                stack.extend(reversed(list(brought)))

    def _handle(self, event: Event) -> None:
        context = self._context
        if isinstance(event, ProcessExited):
            self.process_results.append(
                ProcessResult(event.process_name, event.returncode, context.is_shutdown)
            )
        for handler in list(context._event_handlers):
            if handler.matches(event):
                context.extend_locals({"event": event})
                for entity in handler.handle(event, context) or ():
                    self._visit(entity)

    def _fail(self, error: Exception) -> None:
        logger = get_logger("launch")
        if self._debug:
            logger.error("".join(traceback.format_exception(error)).rstrip())
        kind = "" if isinstance(error, RuntimeError) else f"{type(error).__name__}: "
        logger.error(f"Caught exception in launch (see debug for traceback): {kind}{error}")
        self._return_code = 1
        if not self._context.is_shutdown:
            self.emit_event(Shutdown(reason="an exception in the launch"))

    def _on_callback_error(self, loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
        """Take what went wrong between the events, such as in the reading of output."""
        error = details.get("exception")
        if isinstance(error, Exception):
            self._callback_errors.append(error)
            self._wake.set()
        else:
            loop.default_exception_handler(details)

    def _on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        if not context.is_shutdown:
            context._is_shutdown = True
            if event.reason != "idle":
                get_logger("launch").debug(f"shutting down: {event.reason}")

    # -- signals ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals_handled(self) -> Iterator[None]:
        """Handle signals in the event loop, if this is the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {
            number: signal.getsignal(number)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
        }
        if before[signal.SIGHUP] is signal.SIG_IGN:  # nohup
            del before[signal.SIGHUP]
        wakeup_fd = signal.set_wakeup_fd(-1)  # asyncio sets its own and forgets this one
        for number in before:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
            if wakeup_fd >= 0:
                signal.set_wakeup_fd(wakeup_fd, warn_on_full_buffer=False)

    def _on_signal(self, number: signal.Signals) -> None:
        """SIGINT and SIGTERM shut down; a later SIGTERM, or SIGQUIT, shortens the waiting."""
        logger = get_logger("launch")
        if number == signal.SIGINT:
            if self._sigint_received:
                logger.warning("user interrupted with ctrl-c (SIGINT) again, ignoring...")
                return
            self._sigint_received = True
            logger.warning("user interrupted with ctrl-c (SIGINT)")
            self.emit_event(Shutdown(reason="ctrl-c (SIGINT)", due_to_sigint=True))
            return
        logger.warning(f"received '{number.name}'")
        if number == signal.SIGQUIT:
            self._insist(signal.SIGKILL)
        elif self._context.is_shutdown:
            self._insist(signal.SIGTERM)
        self.emit_event(Shutdown(reason=number.name))

    def _insist(self, number: signal.Signals) -> None:
        for action in list(self._context._running_processes):
            if isinstance(action, ExecuteLocal):
                action.insist(number)
