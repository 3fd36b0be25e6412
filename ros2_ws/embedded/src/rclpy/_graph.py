"""The ROS graph: what others are told of our nodes, and what is known of theirs."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from embedded_dds import lib
from embedded_dds.builtin import BuiltinReader, EndpointRecord
from embedded_dds.endpoints import Reader, Writer
from embedded_dds.participant import Participant
from embedded_dds.qos import KEEP_ALL, TRANSIENT_LOCAL, EndpointQos

_TOPIC = "ros_discovery_info"
_TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"


class NodeRecord(NamedTuple):
    """A node and the guids of its endpoints."""

    namespace: str
    name: str
    readers: list[bytes]
    writers: list[bytes]


def encode_participant(guid: bytes, nodes: list[NodeRecord]) -> bytearray:
    """Return the CDR sample that announces the nodes of a participant."""
    data = bytearray(b"\0\1\0\0" + guid + struct.pack("<I", len(nodes)))
    for node in nodes:
        for text in (node.namespace.encode(), node.name.encode()):
            data += bytes(-len(data) & 3) + struct.pack("<I", len(text) + 1) + text + b"\0"
        for guids in (node.readers, node.writers):
            data += bytes(-len(data) & 3) + struct.pack("<I", len(guids)) + b"".join(guids)
    return data + bytes(-len(data) & 3)


def decode_participant(data: Any) -> tuple[bytes, list[NodeRecord]]:
    """Return guid and nodes of a participant's announcement."""
    data = bytes(data)
    position = 24

    def count() -> int:
        nonlocal position
        position += -position & 3
        (value,) = struct.unpack_from("<I", data, position)
        position += 4
        if position + value > len(data):
            raise ValueError("cut short")
        return int(value)

    def text() -> str:
        nonlocal position
        size = count()
        value: str = data[position : position + size - 1].decode()
        position += size
        return value

    def guids() -> list[bytes]:
        nonlocal position
        found = []
        for _ in range(count()):
            found.append(data[position : position + 16])
            position += 16
        return found

    (number,) = struct.unpack_from("<I", data, 20)
    nodes = [NodeRecord(text(), text(), guids(), guids()) for _ in range(number)]
    return data[4:20], nodes


class Graph:
    """Publishes ``ros_discovery_info`` for one participant and answers graph queries."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        topic = participant.topic(_TOPIC, _TYPE)
        self._writer = Writer(participant, topic, EndpointQos(durability=TRANSIENT_LOCAL, depth=1))
        self._reader = Reader(
            participant, topic, EndpointQos(durability=TRANSIENT_LOCAL, history=KEEP_ALL, depth=0)
        )
        self._own: list[NodeRecord] = []
        self._others: dict[bytes, list[NodeRecord]] = {}
        self._builtin: dict[int, BuiltinReader] = {}
        self._lock = threading.RLock()
        self._deferred = 0
        self._is_closed = False

    def close(self) -> None:
        """Announce nothing more."""
        self._is_closed = True

    @contextmanager
    def one_update(self) -> Iterator[None]:
        """Announce all changes inside the block at once, at its end."""
        with self._lock:
            self._deferred += 1
        try:
            yield
        finally:
            with self._lock:
                self._deferred -= 1
                self._publish()

    def add_node(self, namespace: str, name: str) -> NodeRecord:
        """Announce a node; its lists are filled with ``add_endpoint``."""
        record = NodeRecord(namespace, name, [], [])
        with self._lock:
            self._own.append(record)
            self._publish()
        return record

    def remove_node(self, record: NodeRecord) -> None:
        """Announce that a node is gone."""
        with self._lock:
            self._own = [entry for entry in self._own if entry is not record]
            self._publish()

    def add_endpoint(self, record: NodeRecord, guid: bytes, is_writer: bool) -> None:
        """Announce an endpoint of a node."""
        with self._lock:
            (record.writers if is_writer else record.readers).append(guid)
            self._publish()

    def remove_endpoint(self, record: NodeRecord, guid: bytes) -> None:
        """Announce that an endpoint is gone."""
        with self._lock:
            for guids in (record.writers, record.readers):
                if guid in guids:
                    guids.remove(guid)
            self._publish()

    def _publish(self) -> None:
        if not self._deferred and not self._is_closed:
            self._writer.write(encode_participant(self._participant.guid, self._own))

    def _snapshot(self, topic: int) -> list[Any]:
        with self._lock:
            reader = self._builtin.get(topic)
            if reader is None:
                reader = self._builtin[topic] = BuiltinReader(self._participant.handle, topic)
            return reader.snapshot()

    def writers(self) -> list[EndpointRecord]:
        """Return every writer of the domain that is known."""
        return self._snapshot(lib.BUILTIN_PUBLICATION)

    def readers(self) -> list[EndpointRecord]:
        """Return every reader of the domain that is known."""
        return self._snapshot(lib.BUILTIN_SUBSCRIPTION)

    def nodes(self) -> list[NodeRecord]:
        """Return every node that is known, own ones first."""
        with self._lock:
            while (taken := self._reader.take(_decode_or_none)) is not None:
                if taken[0] is not None:
                    guid, nodes = taken[0]
                    self._others[guid] = nodes
            alive = set(self._snapshot(lib.BUILTIN_PARTICIPANT))
            self._others = {g: n for g, n in self._others.items() if g in alive}
            found = list(self._own)
            for guid, nodes in self._others.items():
                if guid != self._participant.guid:
                    found += nodes
            return found


def _decode_or_none(data: Any) -> tuple[bytes, list[NodeRecord]] | None:
    try:
        return decode_participant(data)
    except (struct.error, ValueError):
        return None
