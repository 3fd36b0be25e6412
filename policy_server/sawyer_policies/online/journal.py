"""Journal of all transitions: a file that only grows and survives a kill at any moment.

Layout: 8 bytes ``SAWYERJ1``, then records. A record is its length and CRC-32 (two little-endian
uint32) and its content: length of a JSON header (uint32), the header, the arrays' bytes one after
another as the header lists them. Kind ``step`` is one transition, kind ``episode`` closes the
steps written since the last first step; steps that nothing closes do not count.

A record that reaches beyond the end of the file with no whole record behind it, or is the last one
and has another checksum, was being written when its writer died: it is cut off. Damage anywhere
else is reported, not repaired.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sawyer_core.errors import RecordingError
from sawyer_policies.online.transitions import Arrays, EpisodeEnd, RecordedEpisode, StepRecord

MAGIC = b"SAWYERJ1"
FILE_NAME = "journal.bin"
MAX_RECORD_BYTES = 64 * 1024**2  # ours: a transition has some kB
_HEAD = struct.Struct("<II")
_LENGTH = struct.Struct("<I")
_BEGINNING = b'{"kind": "'  # of every record's header, behind its length


class Journal:
    """The journal of one run, open for appending; one writer at a time.

    Args:
        path: the file, made if it is not there.

    Attributes:
        dropped_bytes: what was cut off at the end when the file was opened.
        episodes: whole episodes in it.
        transitions: steps of these.

    Raises:
        RecordingError: it is no journal, is damaged in the middle, or another process has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._lock()
            self._size, self.dropped_bytes, self._index = _scan(self._handle, path)
            if self.dropped_bytes:
                os.ftruncate(self._handle, self._size)
            if self._size == 0:
                self._write(MAGIC)
        except BaseException:
            os.close(self._handle)
            raise
        self.episodes = len(self._index)
        self.transitions = sum(entry[1] for entry in self._index)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RecordingError(f"{self.path} is in use by another learner") from error

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return self._size

    def append_step(self, step: StepRecord) -> None:
        """Add a transition, whole or not at all.

        Raises:
            OSError: the disk; the journal is as it was.
        """
        self._write(_encode_step(step))

    def close_episode(self, end: EpisodeEnd, steps: int) -> None:
        """Close the last ``steps`` steps as one episode and force all to the disk.

        Raises:
            OSError: the disk; the journal is as it was.
        """
        values = {
            "episode": end.episode,
            "steps": steps,
            "stamp_ns": end.stamp_ns,
            "result": dict(end.result),
        }
        begin = self._size
        self._write(_encode("episode", values, {}))
        try:
            os.fsync(self._handle)
        except OSError:
            self._cut(begin)
            raise
        self._index.append((begin, steps))
        self.episodes += 1
        self.transitions += steps

    def read(self, first: int = 0) -> Iterator[RecordedEpisode]:
        """Whole episodes from number ``first`` on, in order."""
        if first >= self.episodes:
            return
        position = len(MAGIC) if first == 0 else self._index[first - 1][0]
        steps: list[StepRecord] = []
        for kind, values, arrays in _records(self._handle, position, self._size):
            if kind == "step":
                step = _decode_step(values, arrays)
                steps = [step] if step.step == 0 else [*steps, step]
            else:
                number, stamp_ns = values["episode"], values["stamp_ns"]
                end = EpisodeEnd(number, values["steps"], True, stamp_ns, values["result"])
                if len(steps) == end.steps:
                    yield RecordedEpisode(tuple(steps), end)
                steps = []

    def close(self) -> None:
        """Close the file; harmless twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _write(self, data: bytes) -> None:
        begin = self._size
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._handle, data[written:], begin + written)
        except OSError:
            self._cut(begin)
            raise
        self._size = begin + len(data)

    def _cut(self, size: int) -> None:
        os.ftruncate(self._handle, size)
        self._size = size


def _encode(kind: str, values: Mapping[str, Any], arrays: Arrays) -> bytes:
    listed = [[name, str(array.dtype), list(array.shape)] for name, array in arrays.items()]
    header = json.dumps({"kind": kind, "values": values, "arrays": listed}).encode()
    body = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
    content = _LENGTH.pack(len(header)) + header + body
    return _HEAD.pack(len(content), zlib.crc32(content)) + content


def _encode_step(step: StepRecord) -> bytes:
    values = {
        "episode": step.episode,
        "step": step.step,
        "stamp_ns": step.stamp_ns,
        "next_stamp_ns": step.next_stamp_ns,
        "reward": step.reward,
        "terminal": step.terminal,
        "truncated": step.truncated,
        "version": step.version,
        "held": step.held,
    }
    arrays = {f"seen.{name}": array for name, array in step.seen.items()}
    arrays |= {f"after.{name}": array for name, array in step.after.items()}
    return _encode("step", values, {**arrays, "action": step.action})


def _decode_step(values: Mapping[str, Any], arrays: Arrays) -> StepRecord:
    groups: dict[str, Any] = {"seen": {}, "after": {}}
    for name, array in arrays.items():
        group, _, rest = name.partition(".")
        if rest:
            groups[group][rest] = array
    return StepRecord(**values, **groups, action=arrays["action"])


def _decode(content: bytes) -> tuple[str, dict[str, Any], dict[str, Any]]:
    (length,) = _LENGTH.unpack_from(content)
    header = json.loads(content[_LENGTH.size : _LENGTH.size + length])
    position = _LENGTH.size + length
    arrays = {}
    for name, dtype, shape in header["arrays"]:
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(content, np.dtype(dtype), count, position).reshape(shape)
        arrays[name] = array
        position += array.nbytes
    return header["kind"], header["values"], arrays


def _records(
    handle: int, begin: int, end: int
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    position = begin
    while position < end:
        length, _ = _HEAD.unpack(os.pread(handle, _HEAD.size, position))
        yield _decode(os.pread(handle, length, position + _HEAD.size))
        position += _HEAD.size + length


def _scan(handle: int, path: Path) -> tuple[int, int, list[tuple[int, int]]]:
    """Length of the good part, bytes behind it, and (offset, steps) of each whole episode."""
    size = os.fstat(handle).st_size
    magic = os.pread(handle, len(MAGIC), 0)
    if not MAGIC.startswith(magic):
        raise RecordingError(f"{path} is no journal of transitions (it begins with {magic!r})")
    if len(magic) < len(MAGIC):
        return 0, size, []
    position, steps = len(MAGIC), 0
    index: list[tuple[int, int]] = []
    while position < size:
        length = _good_length(handle, position, size, path)
        if length == 0:
            return position, size - position, index
        kind, values, _ = _decode(os.pread(handle, length, position + _HEAD.size))
        if kind == "step":
            steps = 1 if values["step"] == 0 else steps + 1
        else:
            if steps != values["steps"] or values["episode"] != len(index):
                number = values["episode"]
                raise RecordingError(f"{path}: episode {number} at byte {position} is not whole")
            index.append((position, steps))
            steps = 0
        position += _HEAD.size + length
    return position, 0, index


def _record_behind(handle: int, position: int, size: int) -> bool:
    """Whether a whole record lies behind the one at ``position``, whose length must be wrong."""
    tail = os.pread(handle, size - position, position)
    found = tail.find(_BEGINNING, _HEAD.size + _LENGTH.size + 1)
    while found >= 0:
        start = found - _LENGTH.size
        length, checksum = _HEAD.unpack_from(tail, start - _HEAD.size)
        content = tail[start : start + length]
        if len(content) == length and zlib.crc32(content) == checksum:
            return True
        found = tail.find(_BEGINNING, found + 1)
    return False


def _good_length(handle: int, position: int, size: int, path: Path) -> int:
    """Length of the content of a record, 0 where the file was cut off in it."""
    head = os.pread(handle, _HEAD.size, position)
    if len(head) < _HEAD.size:
        return 0
    length, checksum = _HEAD.unpack(head)
    end = position + _HEAD.size + length
    if end > size and length <= MAX_RECORD_BYTES and not _record_behind(handle, position, size):
        return 0
    content = os.pread(handle, length, position + _HEAD.size) if end <= size else b""
    if length and len(content) == length and zlib.crc32(content) == checksum:
        return int(length)
    if end == size or not any(os.pread(handle, size - position, position)):
        return 0  # the last record, or zeros where the system had not written its data yet
    raise RecordingError(f"{path} is damaged at byte {position}, {size - position} before its end")
