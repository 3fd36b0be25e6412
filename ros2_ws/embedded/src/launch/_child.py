"""One child process, watched by the event loop without polling and without threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

_CHUNK_BYTES = 65536
_LAST_CHUNKS = 64  # ours: more than a pipe holds; what children left behind write can be endless
_GUARD = object()


class ProcessGuard:
    """The helper process that outlives a killed launch and ends its children."""

    def __init__(self) -> None:
        """Start the helper."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("_guard.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    @classmethod
    def of(cls, context: LaunchContext) -> ProcessGuard:
        """Return the guard of a launch, starting it at the first call."""
        guard = context.globals.get(_GUARD)
        if guard is None:
            guard = context.globals[_GUARD] = cls()
        result: ProcessGuard = guard
        return result

    @staticmethod
    def close_for(context: LaunchContext) -> None:
        """Dismiss the guard of a launch, where there is one."""
        guard = context.globals.pop(_GUARD, None)
        if guard is not None:
            guard._close()

    def tell(self, sign: str, pid: int) -> None:
        """Announce that a process group began (``+``) or ended (``-``)."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{sign}{pid}\n".encode())
            self._process.stdin.flush()

    def _close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=60)


class ChildProcess:
    """A started process: its output and its end arrive as calls in the event loop."""

    def __init__(
        self,
        command: Sequence[str] | str,
        *,
        cwd: str | None,
        env: Mapping[str, str],
        shell: bool,
        emulate_tty: bool,
        on_output: Callable[[int, bytes], None],
        on_exit: Callable[[int], None],
    ) -> None:
        """Start the process in a session of its own, so that only we send it signals."""
        self._loop = asyncio.get_running_loop()
        self._on_output, self._on_exit = on_output, on_exit
        self._shell = shell
        if emulate_tty:
            import pty

            pairs = [pty.openpty(), pty.openpty()]
            self._readers = {pairs[0][0]: 1, pairs[1][0]: 2}
            child_ends = [pair[1] for pair in pairs]
        else:
            pipes = [os.pipe(), os.pipe()]
            self._readers = {pipes[0][0]: 1, pipes[1][0]: 2}
            child_ends = [pipe[1] for pipe in pipes]
        try:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env),
                shell=shell,
                stdin=subprocess.DEVNULL,
                stdout=child_ends[0],
                stderr=child_ends[1],
                start_new_session=True,
            )
        except BaseException:
            for fd in self._readers:
                os.close(fd)
            raise
        finally:
            for fd in child_ends:
                os.close(fd)
        self.pid = self._process.pid
        for fd in self._readers:
            os.set_blocking(fd, False)
            self._loop.add_reader(fd, self._read, fd)
        self._watch()

    @property
    def returncode(self) -> int | None:
        """Return the exit status once the process has ended."""
        return self._process.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process; to its whole group where a shell runs in it."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if self._shell or number == signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def signal_group(self, number: int) -> None:
        """Send a signal to what is left of the process's group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def group_is_alive(self) -> bool:
        """Say whether processes of the group, zombies aside, are left."""
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return _has_live_member(self.pid)

    def _watch(self) -> None:
        try:
            pidfd = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            threading.Thread(target=self._wait_in_thread, daemon=True).start()
            return

        def ended() -> None:
            self._loop.remove_reader(pidfd)
            os.close(pidfd)
            self._finish(self._process.wait())

        self._loop.add_reader(pidfd, ended)

    def _wait_in_thread(self) -> None:
        status = self._process.wait()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._finish, status)

    def _read(self, fd: int) -> bool:
        """Pass on one piece of output; returns False at the end of the stream."""
        try:
            data = os.read(fd, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError:  # a pseudo terminal whose other side is gone
            data = b""
        if not data:
            self._close_reader(fd)
            return False
        self._on_output(self._readers[fd], data)
        return True

    def _close_reader(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        os.close(fd)
        del self._readers[fd]

    def _finish(self, status: int) -> None:
        for fd in list(self._readers):
            for _ in range(_LAST_CHUNKS):
                if fd not in self._readers or not self._read(fd):
                    break
        for fd in list(self._readers):
            self._close_reader(fd)
        self._on_exit(status)


def _has_live_member(group: int) -> bool:
    """Look through /proc for a process of the group that is not a zombie."""
    proc = Path("/proc")
    if not proc.is_dir():
        return True
    for entry in os.listdir(proc):
        if not entry.isdigit():
            continue
        try:
            fields = (proc / entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX" and int(fields[2]) == group:
            return True
    return False
