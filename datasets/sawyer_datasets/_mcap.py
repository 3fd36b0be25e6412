"""Encoding of the MCAP records an episode bag consists of.

Layout and opcodes follow the public MCAP specification (version 0); only what rosbag2 uses is
here. Everything is little endian; a record is one opcode byte, a uint64 length and the content.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

MAGIC: Final = b"\x89MCAP0\r\n"

OP_HEADER: Final = 0x01
OP_FOOTER: Final = 0x02
OP_SCHEMA: Final = 0x03
OP_CHANNEL: Final = 0x04
OP_MESSAGE: Final = 0x05
OP_CHUNK: Final = 0x06
OP_MESSAGE_INDEX: Final = 0x07
OP_CHUNK_INDEX: Final = 0x08
OP_STATISTICS: Final = 0x0B
OP_METADATA: Final = 0x0C
OP_METADATA_INDEX: Final = 0x0D
OP_SUMMARY_OFFSET: Final = 0x0E
OP_DATA_END: Final = 0x0F

RECORD_HEAD: Final = struct.Struct("<BQ")
MESSAGE_HEAD: Final = struct.Struct("<BQHIQQ")  # with the record head in front
CHUNK_HEAD: Final = struct.Struct("<QQQI")
FOOTER_BODY: Final = struct.Struct("<QQI")
STATISTICS_HEAD: Final = struct.Struct("<QHIIIIQQ")
FOOTER_BYTES: Final = RECORD_HEAD.size + FOOTER_BODY.size + len(MAGIC)

_U16_U32 = struct.Struct("<HI")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_U16_U64 = struct.Struct("<HQ")


@dataclass(frozen=True)
class Schema:
    """Message type and its definition as stored in the file."""

    id: int
    name: str
    encoding: str
    data: str


@dataclass(frozen=True)
class Channel:
    """Topic of the file; `metadata` holds rosbag2's QoS text and type hash."""

    id: int
    schema_id: int
    topic: str
    message_encoding: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class ChunkIndex:
    """Where a chunk lies and what it holds."""

    start_ns: int
    end_ns: int
    offset: int
    length: int
    index_offsets: Mapping[int, int]
    index_length: int
    compression: str
    compressed_bytes: int
    uncompressed_bytes: int


@dataclass
class Statistics:
    """Counts kept while writing, stored in the summary section."""

    start_ns: int = 0
    end_ns: int = 0
    metadata_count: int = 0
    channel_counts: dict[int, int] = field(default_factory=dict)

    @property
    def message_count(self) -> int:
        """Messages over all channels."""
        return sum(self.channel_counts.values())


def _text(value: str) -> bytes:
    data = value.encode()
    return _U32.pack(len(data)) + data


def _text_map(values: Mapping[str, str]) -> bytes:
    body = b"".join(_text(key) + _text(value) for key, value in values.items())
    return _U32.pack(len(body)) + body


def record(opcode: int, body: bytes) -> bytes:
    """Return one whole record."""
    return RECORD_HEAD.pack(opcode, len(body)) + body


def header(library: str) -> bytes:
    """Return the first bytes of the file: magic and header record of the ros2 profile."""
    return MAGIC + record(OP_HEADER, _text("ros2") + _text(library))


def schema_record(schema: Schema) -> bytes:
    """Return the schema record."""
    body = _text(schema.name) + _text(schema.encoding) + _text(schema.data)
    return record(OP_SCHEMA, schema.id.to_bytes(2, "little") + body)


def channel_record(channel: Channel) -> bytes:
    """Return the channel record."""
    head = channel.id.to_bytes(2, "little") + channel.schema_id.to_bytes(2, "little")
    body = _text(channel.topic) + _text(channel.message_encoding) + _text_map(channel.metadata)
    return record(OP_CHANNEL, head + body)


def message_head(channel_id: int, sequence: int, stamp_ns: int, payload_bytes: int) -> bytes:
    """Return everything of a message record that stands before its payload."""
    return MESSAGE_HEAD.pack(
        OP_MESSAGE, payload_bytes + 22, channel_id, sequence & 0xFFFFFFFF, stamp_ns, stamp_ns
    )


def metadata_record(name: str, values: Mapping[str, str]) -> bytes:
    """Return a metadata record."""
    return record(OP_METADATA, _text(name) + _text_map(values))


def chunk_records(
    content: bytes | bytearray,
    compressed: bytes | bytearray,
    compression: str,
    span_ns: tuple[int, int],
    messages: Mapping[int, Sequence[tuple[int, int]]],
    offset: int,
) -> tuple[list[bytes | bytearray], ChunkIndex]:
    """Return a chunk with its message indexes, ready to be written at `offset`.

    `messages` maps channel ids to (stamp, offset in the chunk) pairs.
    """
    body = (
        CHUNK_HEAD.pack(span_ns[0], span_ns[1], len(content), crc32(content))
        + _text(compression)
        + _U64.pack(len(compressed))
    )
    head = RECORD_HEAD.pack(OP_CHUNK, len(body) + len(compressed)) + body
    chunk_length = len(head) + len(compressed)
    parts: list[bytes | bytearray] = [head, compressed]
    index_offsets: dict[int, int] = {}
    position = offset + chunk_length
    for channel_id, entries in messages.items():
        index_offsets[channel_id] = position
        packed = struct.pack(f"<{2 * len(entries)}Q", *(x for pair in entries for x in pair))
        index = record(OP_MESSAGE_INDEX, _U16_U32.pack(channel_id, len(packed)) + packed)
        parts.append(index)
        position += len(index)
    info = ChunkIndex(
        start_ns=span_ns[0],
        end_ns=span_ns[1],
        offset=offset,
        length=chunk_length,
        index_offsets=index_offsets,
        index_length=position - offset - chunk_length,
        compression=compression,
        compressed_bytes=len(compressed),
        uncompressed_bytes=len(content),
    )
    return parts, info


def chunk_index_record(info: ChunkIndex) -> bytes:
    """Return the chunk index record of the summary section."""
    offsets = b"".join(_U16_U64.pack(key, value) for key, value in info.index_offsets.items())
    body = (
        struct.pack("<QQQQ", info.start_ns, info.end_ns, info.offset, info.length)
        + _U32.pack(len(offsets))
        + offsets
        + _U64.pack(info.index_length)
        + _text(info.compression)
        + struct.pack("<QQ", info.compressed_bytes, info.uncompressed_bytes)
    )
    return record(OP_CHUNK_INDEX, body)


def metadata_index_record(offset: int, length: int, name: str) -> bytes:
    """Return the summary's pointer to a metadata record."""
    return record(OP_METADATA_INDEX, struct.pack("<QQ", offset, length) + _text(name))


def statistics_record(stats: Statistics, schemas: int, channels: int, chunks: int) -> bytes:
    """Return the statistics record of the summary section."""
    counts = b"".join(_U16_U64.pack(key, n) for key, n in sorted(stats.channel_counts.items()))
    head = STATISTICS_HEAD.pack(
        stats.message_count,
        schemas,
        channels,
        0,  # attachments
        stats.metadata_count,
        chunks,
        stats.start_ns,
        stats.end_ns,
    )
    return record(OP_STATISTICS, head + _U32.pack(len(counts)) + counts)


def file_tail(
    offset: int,
    groups: Sequence[tuple[int, bytes]],
) -> bytes:
    """Return everything from the data-end record to the closing magic.

    Args:
        offset: File position at which the tail is written.
        groups: (opcode, concatenated records) of the summary section, in order.
    """
    tail = bytearray(record(OP_DATA_END, _U32.pack(0)))
    summary_begin = len(tail)
    offsets = bytearray()
    for opcode, body in groups:
        if body:
            entry = struct.pack("<BQQ", opcode, offset + len(tail), len(body))
            offsets += record(OP_SUMMARY_OFFSET, entry)
            tail += body
    offsets_begin = len(tail)
    tail += offsets
    tail += RECORD_HEAD.pack(OP_FOOTER, FOOTER_BODY.size)
    tail += struct.pack("<QQ", offset + summary_begin, offset + offsets_begin)
    tail += _U32.pack(crc32(memoryview(tail)[summary_begin:]))
    tail += MAGIC
    return bytes(tail)
