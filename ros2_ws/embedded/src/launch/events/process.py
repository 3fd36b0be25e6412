"""Events about processes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from launch.event import Event
from launch.events.matchers import matches_executable, matches_name, matches_pid

if TYPE_CHECKING:
    from launch.actions.execute_local import ExecuteLocal


class RunningProcessEvent(Event):
    """Something about a process that was started."""

    name = "launch.events.process.RunningProcessEvent"

    def __init__(
        self,
        *,
        action: ExecuteLocal,
        name: str,
        cmd: list[str],
        cwd: str | None,
        env: dict[str, str] | None,
        pid: int,
    ) -> None:
        """Keep the process's details."""
        self.action = action
        self.execute_process_action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid


class ProcessStarted(RunningProcessEvent):
    """A process has started."""

    name = "launch.events.process.ProcessStarted"


class ProcessExited(RunningProcessEvent):
    """A process has ended."""

    name = "launch.events.process.ProcessExited"

    def __init__(self, *, returncode: int, **details: Any) -> None:
        """Keep the exit status; a negative one is the signal that killed the process."""
        super().__init__(**details)
        self.returncode = returncode


class ProcessIO(RunningProcessEvent):
    """A process has written something."""

    name = "launch.events.process.ProcessIO"

    def __init__(self, *, text: bytes, fd: int, **details: Any) -> None:
        """Keep what was written and where (1 is standard output, 2 standard error)."""
        super().__init__(**details)
        self.text = text
        self.fd = fd

    @property
    def from_stdout(self) -> bool:
        """Say whether it came from standard output."""
        return self.fd == 1

    @property
    def from_stderr(self) -> bool:
        """Say whether it came from standard error."""
        return self.fd == 2

    @property
    def from_stdin(self) -> bool:
        """Say whether it went to standard input."""
        return self.fd == 0


class ProcessStdout(ProcessIO):
    """A process has written to standard output."""

    name = "launch.events.process.ProcessStdout"


class ProcessStderr(ProcessIO):
    """A process has written to standard error."""

    name = "launch.events.process.ProcessStderr"


class ProcessTargetedEvent(Event):
    """A request to the processes that a matcher picks."""

    name = "launch.events.process.ProcessTargetedEvent"

    def __init__(self, *, process_matcher: Callable[[Any], bool]) -> None:
        """Keep the matcher, a function of the action."""
        self.process_matcher = process_matcher


class ShutdownProcess(ProcessTargetedEvent):
    """Asks processes to end: SIGINT, then SIGTERM, then SIGKILL."""

    name = "launch.events.process.ShutdownProcess"


class SignalProcess(ProcessTargetedEvent):
    """Sends a signal to processes."""

    name = "launch.events.process.SignalProcess"

    def __init__(
        self, *, signal_number: str | int | signal.Signals, process_matcher: Callable[[Any], bool]
    ) -> None:
        """Keep the signal, given by number or by name."""
        super().__init__(process_matcher=process_matcher)
        if isinstance(signal_number, str):
            name = signal_number if signal_number.startswith("SIG") else f"SIG{signal_number}"
            if name not in signal.Signals.__members__:
                raise ValueError(
                    f"SignalProcess: signal_number is {signal_number!r}, allowed: "
                    f"{', '.join(signal.Signals.__members__)}"
                )
            signal_number = signal.Signals[name]
        self.signal = signal.Signals(signal_number)

    @property
    def signal_name(self) -> str:
        """Return the name of the signal."""
        return self.signal.name


__all__ = [
    "ProcessExited",
    "ProcessIO",
    "ProcessStarted",
    "ProcessStderr",
    "ProcessStdout",
    "ProcessTargetedEvent",
    "RunningProcessEvent",
    "ShutdownProcess",
    "SignalProcess",
    "matches_executable",
    "matches_name",
    "matches_pid",
]
