"""Writing that survives a full disk and a kill: wait for space, replace whole files only."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_FULL_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = tuple(f"os error {number}" for number in _FULL_NUMBERS)  # as Rust libraries say it


class StopRequested(Exception):  # noqa: N818 - not an error: the user asked for it
    """The user asked to stop while the disk was full."""


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that the disk or the quota is used up."""
    if isinstance(error, OSError) and error.errno in _FULL_NUMBERS:
        return True
    return any(words in str(error) for words in _FULL_WORDS)


class PatientWriter:
    """Runs writes again until there is space.

    Args:
        notify: told what happens, in one line.
        stop: asked while waiting; True gives up with :class:`StopRequested`.
        wait_s: time between two tries.
        sleep: waits; replaced in tests.
    """

    def __init__(
        self,
        notify: Callable[[str], None],
        stop: Callable[[], bool] = lambda: False,
        *,
        wait_s: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._notify = notify
        self._stop = stop
        self._wait_s = wait_s
        self._sleep = sleep

    def run(self, write: Callable[[], T], what: str) -> T:
        """Result of ``write``, which must leave nothing half written when it raises.

        Raises:
            StopRequested: the user asked to stop while there was no space.
        """
        waited = False
        while True:
            try:
                result = write()
            except Exception as error:
                if not is_disk_full(error):
                    raise
                if not waited:
                    self._notify(f"disk full while writing {what}: paused until there is space")
                waited = True
            else:
                if waited:
                    self._notify(f"there is space again: {what} is written, going on")
                return result
            if self._stop():
                raise StopRequested(f"stopped while waiting for disk space to write {what}")
            self._sleep(self._wait_s)


def write_file(path: Path, data: bytes) -> None:
    """Write a new file and force it to the disk; a failed one is removed."""
    try:
        with path.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def replace_file(path: Path, data: bytes) -> None:
    """Write ``path`` so that a reader sees the old or the new content, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    write_file(temporary, data)
    os.replace(temporary, path)


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class AppendedFile:
    """A file that only grows; an append that fails leaves no part of itself behind.

    Args:
        path: the file; created empty if it is not there.
        keep_bytes: cut the file to this length first (what a checkpoint knows of).
    """

    def __init__(self, path: Path, keep_bytes: int = 0) -> None:
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.ftruncate(self._handle, keep_bytes)
        self._size = keep_bytes

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return self._size

    def append(self, data: bytes) -> None:
        """Add ``data`` as a whole or not at all."""
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._handle, data[written:], self._size + written)
        except OSError:
            os.ftruncate(self._handle, self._size)
            raise
        self._size += len(data)

    def sync(self) -> None:
        """Force the content to the disk."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file; harmless twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
