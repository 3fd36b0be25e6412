"""What discovery knows: participants and endpoints of the domain, own ones included."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable
from typing import Any, NamedTuple

from . import lib
from .qos import EndpointQos, read_qos

_ALIVE = 0x10
_MAX = 4096


class _EndpointData(ct.Structure):
    _fields_ = (
        ("key", lib.Guid),
        ("participant_key", lib.Guid),
        ("participant_instance_handle", ct.c_uint64),
        ("topic_name", ct.c_char_p),
        ("type_name", ct.c_char_p),
        ("qos", ct.c_void_p),
    )


class EndpointRecord(NamedTuple):
    """One discovered reader or writer."""

    guid: bytes
    participant_guid: bytes
    topic: str
    type_name: str
    qos: EndpointQos
    user_data: bytes


def _read_endpoint(address: int) -> EndpointRecord:
    data = _EndpointData.from_address(address)
    qos, user_data = read_qos(data.qos)
    return EndpointRecord(
        bytes(data.key.v),
        bytes(data.participant_key.v),
        (data.topic_name or b"").decode("utf-8", "replace"),
        (data.type_name or b"").decode("utf-8", "replace"),
        qos,
        user_data,
    )


def _read_guid(address: int) -> bytes:
    return ct.string_at(address, 16)


def endpoint_participant(endpoint: int) -> bytes:
    """Return the participant guid of a ``dds_builtintopic_endpoint`` and free it."""
    guid = bytes(_EndpointData.from_address(endpoint).participant_key.v)
    lib.free_endpoint(endpoint)
    return guid


class BuiltinReader:
    """Reads one of the built-in topics, always as a whole."""

    def __init__(self, participant: int, topic: int) -> None:
        self._handle = lib.check(
            lib.create_reader(participant, topic, None, None), "reading discovery data"
        )
        is_participant = topic == lib.BUILTIN_PARTICIPANT
        self._convert: Callable[[int], Any] = _read_guid if is_participant else _read_endpoint

    def snapshot(self) -> list[Any]:
        """Return what is alive now: guids of participants, or endpoint records."""
        pointers = (ct.c_void_p * _MAX)()
        infos = (lib.SampleInfo * _MAX)()
        count = lib.check(
            lib.read(self._handle, pointers, infos, _MAX, _MAX), "reading discovery data"
        )
        try:
            return [
                self._convert(pointers[i] or 0)
                for i in range(count)
                if infos[i].valid_data and infos[i].instance_state == _ALIVE
            ]
        finally:
            if count:
                lib.return_loan(self._handle, pointers, count)
