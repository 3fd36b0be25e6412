"""Scalars in TensorBoard's event format, without TensorBoard.

A library would write from a thread of its own, which can neither wait for a full disk nor cut
the file back to a checkpoint. The format is small: TFRecord frames (length, masked CRC-32C of
it, data, masked CRC-32C of it) around protocol-buffer ``Event`` messages.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache

_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), reflected
_MASK_DELTA = 0xA282EAD8


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


def crc32c(data: bytes) -> int:
    """CRC-32C of ``data``.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table = _table()
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    value = crc32c(data)
    rotated = ((value >> 15) | (value << 17)) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + _MASK_DELTA) & 0xFFFFFFFF)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append((value & 0x7F) | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def header(wall_time_s: float) -> bytes:
    """First record of an event file."""
    event = b"\x09" + struct.pack("<d", wall_time_s) + _field(3, b"brain.Event:2")
    return _record(event)


def scalars(values: Mapping[str, float], step: int, wall_time_s: float) -> bytes:
    """One record with the scalars of one step.

    Args:
        values: tag to value.
        step: environment steps, 0 or more.
        wall_time_s: seconds since 1970.
    """
    summary = b"".join(
        _field(1, _field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))
        for tag, value in values.items()
    )
    head = b"\x09" + struct.pack("<d", wall_time_s)
    return _record(head + b"\x10" + _varint(step) + _field(5, summary))
