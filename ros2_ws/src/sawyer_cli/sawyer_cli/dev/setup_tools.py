"""What the set-up is made of: messages, locking, atomic files, running commands.

Standard library only, like everything in this folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PIP_VARIABLES_THAT_MISLEAD = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV")


class SetupError(Exception):
    """Set-up cannot go on; the text says what to do."""


def say(text: str) -> None:
    """Tell the user; standard output belongs to the command that follows."""
    print(f"sawyer: {text}", file=sys.stderr, flush=True)


def digest(*parts: str | bytes) -> str:
    """Return a short fingerprint of the given texts."""
    algorithm = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        algorithm.update(len(data).to_bytes(8, "little") + data)
    return algorithm.hexdigest()[:20]


def write_atomically(path: Path, text: str) -> None:
    """Write a file that is either the old one or the new one, never half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


@contextlib.contextmanager
def exclusive(path: Path, wait_s: float = 1800.0) -> Iterator[None]:
    """Hold an advisory lock; the kernel drops it when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        deadline = time.monotonic() + wait_s
        told = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                handle.seek(0)
                holder = handle.read().strip() or "unknown"
                if not told:
                    say(f"another set-up is running (process {holder}); waiting for it")
                    told = True
                if time.monotonic() > deadline:
                    raise SetupError(
                        f"process {holder} still holds {path} after {wait_s:.0f} s; "
                        "end it and start again"
                    ) from None
                time.sleep(0.2)
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield


class Runner:
    """Runs the commands of the set-up into a log and shows that time passes."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __call__(self, command: Sequence[str], *, doing: str, check: bool = True) -> str:
        """Run to the end; return the output, raise ``SetupError`` with its tail on failure."""
        started = time.monotonic()
        stop = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(doing, stop), daemon=True)
        say(f"{doing} ...")
        environment = {k: v for k, v in os.environ.items() if k not in PIP_VARIABLES_THAT_MISLEAD}
        # A sourced ROS 2 puts its Python packages on PYTHONPATH; pip must not count them.
        environment.pop("PYTHONPATH", None)
        environment.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
        if sys.stderr.isatty():
            ticker.start()
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
        finally:
            stop.set()
            if ticker.is_alive():
                ticker.join()
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}\n[exit {done.returncode}]\n")
        if check and done.returncode != 0:
            tail = "\n".join(done.stdout.strip().splitlines()[-15:])
            raise SetupError(f"{doing} failed (exit {done.returncode}):\n{tail}\nlog: {self.log}")
        if check:
            say(f"{doing}: done in {time.monotonic() - started:.0f} s")
        return done.stdout if done.returncode == 0 else f"FAILED\n{done.stdout}"

    @staticmethod
    def _tick(doing: str, stop: threading.Event) -> None:
        started = time.monotonic()
        while not stop.wait(1.0):
            elapsed = int(time.monotonic() - started)
            print(f"\rsawyer: {doing} ... {elapsed} s ", end="", file=sys.stderr, flush=True)
        print("\r", end="", file=sys.stderr, flush=True)
