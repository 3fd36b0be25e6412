"""Runs ``ros2 launch`` and makes sure that nothing of it is left behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sawyer_cli.main import ros2_executable

INTERRUPT_GRACE_S = 30.0  # ours: an orderly shutdown closes the bag and writes the results
TERMINATE_GRACE_S = 10.0  # ours
POLL_S = 0.1


def launch_command(arguments: Mapping[str, object]) -> list[str]:
    """Return the command line that starts the whole graph on the twin."""
    command = ["ros2", "launch", "sawyer_bringup", "sim.launch.py"]
    for name, value in arguments.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        command.append(f"{name}:={text}")
    return command


def shown(command: list[str]) -> str:
    """Return a command line as one would type it."""
    return shlex.join(command)


@dataclass(frozen=True)
class LaunchOutcome:
    """How a launch ended: exit status, wall time, and processes it left behind."""

    status: int
    wall_s: float
    interrupted: bool
    left_behind: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """The graph came up, ran and went down by itself, leaving nothing."""
        return self.status == 0 and not self.interrupted and not self.left_behind


def members_of_session(session: int) -> list[int]:
    """Return the living processes of a session."""
    import psutil

    found = []
    for process in psutil.process_iter(["pid", "status"]):
        try:
            if process.info["status"] != psutil.STATUS_ZOMBIE:
                if os.getsid(process.info["pid"]) == session:
                    found.append(process.info["pid"])
        except (ProcessLookupError, PermissionError):
            continue
    return found


def _describe(pids: list[int]) -> tuple[str, ...]:
    import psutil

    words = []
    for pid in pids:
        try:
            words.append(f"{pid} {shlex.join(psutil.Process(pid).cmdline())[:120]}")
        except psutil.Error:
            continue
    return tuple(words)


@contextlib.contextmanager
def requests_as_interrupts() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal like Ctrl-C while a launch runs."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    heard = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # nohup means it
    ]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def interrupts_not_ignored() -> Iterator[None]:
    """Let a child hear SIGINT: a shell starts background jobs with it ignored, which inherits."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run_launch(
    command: list[str],
    log: Path,
    *,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    on_tick: Callable[[], None] | None = None,
) -> LaunchOutcome:
    """Run a launch to its end, its output in ``log``; Ctrl-C shuts it down in order.

    Args:
        command: from :func:`launch_command`.
        log: file for everything that the processes print.
        timeout_s: after this wall time the launch is shut down and counts as failed.
        environment: variables on top of the present ones.
        on_tick: called about every 0.1 s, e.g. to redraw.
    """
    started = time.monotonic()
    program = [ros2_executable(), *command[1:]]
    with log.open("w", encoding="utf-8") as output:
        output.write(f"$ {shown(command)}\n")
        output.flush()
        with interrupts_not_ignored():
            process = subprocess.Popen(
                program,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        interrupted = _wait(process, started + timeout_s, on_tick)
    time.sleep(POLL_S)
    left = members_of_session(process.pid)
    described = _describe(left)
    for pid in left:
        _signal(pid, signal.SIGKILL)
    return LaunchOutcome(process.returncode, time.monotonic() - started, interrupted, described)


def _wait(
    process: subprocess.Popen[bytes], end: float, on_tick: Callable[[], None] | None
) -> bool:
    """Wait until the launch has ended, at most until ``end``; whether it had to be stopped."""
    with requests_as_interrupts():
        try:
            while process.poll() is None:
                if time.monotonic() > end:
                    return True
                if on_tick is not None:
                    on_tick()
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            return True
        finally:
            if process.poll() is None:
                stop_in_order(process)
    return False


def stop_in_order(process: subprocess.Popen[bytes]) -> None:
    """SIGINT to the launch alone (it stops its nodes), then SIGTERM, then SIGKILL."""
    for number, grace_s in (
        (signal.SIGINT, INTERRUPT_GRACE_S),
        (signal.SIGTERM, TERMINATE_GRACE_S),
    ):
        _signal(process.pid, number)
        try:
            process.wait(grace_s)
            return
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue  # too slow, or the user asks a second time: the next, harder signal
    process.kill()
    process.wait()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def log_tail(log: Path, lines: int = 25) -> str:
    """Return the end of a launch's output."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
