"""Reading an MCAP file front to back whatever its state.

Nothing here raises for bad content: each defect becomes a `Defect`, and the scan goes on with the
next place that can be trusted (the next record, or the next chunk named by an intact summary).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zlib import crc32

import lz4.frame  # type: ignore[import-untyped]

from sawyer_datasets import _mcap

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_KNOWN: Final = range(_mcap.OP_HEADER, _mcap.OP_DATA_END + 1)
_FIRST_PRIVATE: Final = 0x80
_MESSAGE_BODY: Final = struct.Struct("<HIQQ")


class Message(NamedTuple):
    """One stored message; `payload` is a view into the file or into its decompressed chunk."""

    stamp_ns: int
    payload: memoryview


@dataclass(frozen=True)
class Defect:
    """Something in the file that could not be read."""

    offset: int
    text: str
    messages_before: int


@dataclass
class Scan:
    """What a file holds, as far as it can be read."""

    size: int
    schemas: dict[int, _mcap.Schema] = field(default_factory=dict)
    channels: dict[int, _mcap.Channel] = field(default_factory=dict)
    messages: dict[int, list[Message]] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    counts: dict[int, int] | None = None  # promised by the summary
    library: str = ""
    has_end: bool = False  # data-end record, summary and closing magic are intact
    defects: list[Defect] = field(default_factory=list)

    @property
    def message_count(self) -> int:
        """Messages that could be read."""
        return sum(len(found) for found in self.messages.values())

    def report(self, offset: int, text: str) -> None:
        """Note a defect."""
        self.defects.append(Defect(offset, text, self.message_count))


class _BadRecordError(Exception):
    """A record's content does not fit its length or its checksum."""


class _Fields:
    """Cursor over the fields of one record."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.position = 0

    def take(self, count: int) -> memoryview:
        end = self.position + count
        if end > len(self.view):
            raise _BadRecordError("a field reaches beyond its record")
        part = self.view[self.position : end]
        self.position = end
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def text(self) -> str:
        try:
            return bytes(self.take(self.number(4))).decode()
        except UnicodeDecodeError as error:
            raise _BadRecordError("a text field is not UTF-8") from error

    def text_map(self) -> dict[str, str]:
        inner = _Fields(self.take(self.number(4)))
        values: dict[str, str] = {}
        while inner.position < len(inner.view):
            key = inner.text()
            values[key] = inner.text()
        return values


def scan(data: memoryview) -> Scan:
    """Read everything that can be read from an MCAP file's bytes."""
    found = Scan(size=len(data))
    if not data:
        found.report(0, "the file is empty")
        return found
    begin = bytes(data[: len(_mcap.MAGIC)])
    if begin != _mcap.MAGIC:
        what = "is cut off" if _mcap.MAGIC.startswith(begin) else f"is {begin!r}"
        found.report(0, f"not an MCAP file: its magic {what}")
        return found
    chunk_offsets = _read_summary(data, found)
    _read_data(data, found, chunk_offsets)
    return found


def _read_data(data: memoryview, found: Scan, chunk_offsets: list[int]) -> None:
    """Walk over the data section; after a defect go on at the next known chunk."""
    following: int | None = len(_mcap.MAGIC)
    while following is not None:
        position = following
        try:
            following = _read_record(data, position, found)
        except _BadRecordError as error:
            found.report(position, str(error))
            following = next((x for x in chunk_offsets if x > position), None)


def _read_record(data: memoryview, position: int, found: Scan) -> int | None:
    """Handle the record at `position`; return the next one's position, None at the end."""
    body_begin = position + _mcap.RECORD_HEAD.size
    if body_begin > len(data):
        raise _BadRecordError(_cut(len(data) - position))
    opcode, length = _mcap.RECORD_HEAD.unpack_from(data, position)
    if opcode not in _KNOWN and opcode < _FIRST_PRIVATE:
        raise _BadRecordError(f"unreadable record (opcode {opcode:#04x})")
    end = body_begin + length
    if end > len(data):
        raise _BadRecordError(_cut(len(data) - position))
    body = data[body_begin:end]
    if opcode == _mcap.OP_DATA_END:
        if not found.has_end:
            raise _BadRecordError("the index behind the data is damaged")
        return None
    if opcode == _mcap.OP_FOOTER:
        raise _BadRecordError("footer where data is expected")
    try:
        _read_body(opcode, body, found)
    except _BadRecordError as error:
        found.report(position, str(error))  # the length is sound: go on behind it
    return body_begin + int(length)


def _cut(remaining: int) -> str:
    if remaining == 0:
        return "the file ends behind a record, without its index"
    return f"the data breaks off in the middle of a record ({remaining} bytes of it are there)"


def _read_body(opcode: int, body: memoryview, found: Scan) -> None:
    if opcode == _mcap.OP_CHUNK:
        for inner_opcode, inner in _records(_open_chunk(body)):
            if inner_opcode == _mcap.OP_MESSAGE:
                _add_message(inner, found)
            else:
                _read_definition(inner_opcode, inner, found)
    elif opcode == _mcap.OP_MESSAGE:
        _add_message(body, found)
    elif opcode == _mcap.OP_METADATA:
        fields = _Fields(body)
        name = fields.text()
        found.metadata[name] = fields.text_map()
    elif opcode == _mcap.OP_HEADER:
        fields = _Fields(body)
        fields.text()  # profile
        found.library = fields.text()
    else:
        _read_definition(opcode, body, found)


def _read_definition(opcode: int, body: memoryview, found: Scan) -> None:
    fields = _Fields(body)
    if opcode == _mcap.OP_SCHEMA:
        key = fields.number(2)
        schema = _mcap.Schema(key, fields.text(), fields.text(), fields.text())
        found.schemas.setdefault(key, schema)
    elif opcode == _mcap.OP_CHANNEL:
        key = fields.number(2)
        channel = _mcap.Channel(
            key, fields.number(2), fields.text(), fields.text(), fields.text_map()
        )
        found.channels.setdefault(key, channel)


def _add_message(body: memoryview, found: Scan) -> None:
    if len(body) < _MESSAGE_BODY.size:
        raise _BadRecordError("a message record is too short")
    channel_id, _, stamp_ns, _ = _MESSAGE_BODY.unpack_from(body)
    if channel_id not in found.channels:
        raise _BadRecordError(f"a message of a channel that is not described ({channel_id})")
    payload = body[_MESSAGE_BODY.size :]
    found.messages.setdefault(channel_id, []).append(Message(stamp_ns, payload))


def _open_chunk(body: memoryview) -> memoryview:
    """Return a chunk's records, decompressed and checked."""
    fields = _Fields(body)
    start_ns, end_ns, size, checksum = _mcap.CHUNK_HEAD.unpack(fields.take(28))
    where = f"chunk with stamps {start_ns / 1e9:.3f} to {end_ns / 1e9:.3f} s"
    compression = fields.text()
    packed = fields.take(fields.number(8))
    try:
        if compression == "":
            content = packed
        elif compression == "zstd":
            content = memoryview(zstd.decompress(packed))
        elif compression == "lz4":
            content = memoryview(lz4.frame.decompress(packed))
        else:
            raise _BadRecordError(f"{where}: unknown compression {compression!r}")
    except (zstd.ZstdError, RuntimeError, EOFError, MemoryError) as error:
        raise _BadRecordError(f"{where} does not decompress: {error}") from error
    if len(content) != size or (checksum and crc32(content) != checksum):
        raise _BadRecordError(f"{where} fails its checksum")
    return content


def _records(view: memoryview) -> Iterator[tuple[int, memoryview]]:
    position = 0
    head = _mcap.RECORD_HEAD
    while position < len(view):
        if position + head.size > len(view):
            raise _BadRecordError("a record is cut off")
        opcode, length = head.unpack_from(view, position)
        position += head.size
        if position + length > len(view):
            raise _BadRecordError("a record is cut off")
        yield opcode, view[position : position + length]
        position += length


def _read_summary(data: memoryview, found: Scan) -> list[int]:
    """Read the index at the end of the file, if it is intact; return the chunks' positions."""
    footer = len(data) - _mcap.FOOTER_BYTES
    if footer < len(_mcap.MAGIC) or bytes(data[-len(_mcap.MAGIC) :]) != _mcap.MAGIC:
        return []
    opcode, length = _mcap.RECORD_HEAD.unpack_from(data, footer)
    body_begin = footer + _mcap.RECORD_HEAD.size
    begin, _, checksum = _mcap.FOOTER_BODY.unpack_from(data, body_begin)
    if opcode != _mcap.OP_FOOTER or length != _mcap.FOOTER_BODY.size or begin > footer:
        return []
    if begin == 0:  # allowed: a file without an index
        found.has_end = True
        return []
    covered = data[begin : body_begin + _mcap.FOOTER_BODY.size - 4]
    if checksum and crc32(covered) != checksum:
        return []
    try:
        offsets = _index_entries(data[begin:footer], found)
    except _BadRecordError:
        return []
    found.has_end = True
    return sorted(offsets)


def _index_entries(summary: memoryview, found: Scan) -> list[int]:
    offsets: list[int] = []
    for opcode, body in _records(summary):
        fields = _Fields(body)
        if opcode == _mcap.OP_CHUNK_INDEX:
            fields.take(16)
            offsets.append(fields.number(8))
        elif opcode == _mcap.OP_STATISTICS:
            fields.take(_mcap.STATISTICS_HEAD.size)
            entries = _Fields(fields.take(fields.number(4)))
            found.counts = {}
            while entries.position < len(entries.view):
                key = entries.number(2)
                found.counts[key] = entries.number(8)
        else:
            _read_definition(opcode, body, found)
    return offsets
