"""Who is recording into a folder.

The lock file stands in the folder from the first byte to the clean end. While its writer lives,
the file is also locked (`flock`), which the kernel releases when the writer dies; so a lock file
that nobody holds means a recording that was cut off.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Final

from sawyer_core.errors import RecordingError

LOCK_NAME: Final = "recording.lock"


class FolderLock:
    """Exclusive right to record into a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_NAME
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError as error:
            raise RecordingError(
                f"{folder} is already being recorded to ({describe_owner(folder)})"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(self._fd, json.dumps({"pid": os.getpid()}).encode())
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Remove the lock file; the recording is over."""
        if self._fd >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1


def lock_exists(folder: Path) -> bool:
    """Return whether a recording into `folder` has begun and not ended cleanly."""
    return (folder / LOCK_NAME).exists()


def is_recording(folder: Path) -> bool:
    """Return whether a living process is recording into `folder` right now."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def describe_owner(folder: Path) -> str:
    """Return words about the process in the lock file."""
    try:
        pid = json.loads((folder / LOCK_NAME).read_text())["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return "by an unknown process"
    return f"by process {pid}" if is_recording(folder) else f"process {pid}, which has ended"
