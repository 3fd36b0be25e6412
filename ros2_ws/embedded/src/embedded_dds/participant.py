"""Participant, guard condition and wait set."""

from __future__ import annotations

import ctypes as ct
import threading
from collections.abc import Sequence

from . import lib
from .config import domain_config
from .types import TypeBuilder

_domain_lock = threading.Lock()
_configured_domains: set[int] = set()
waitset_wait = lib.waitset_wait


class Participant:
    """A DDS participant with the topics it has made so far (shared by name and type)."""

    def __init__(self, domain_id: int, user_data: bytes = b"enclave=/;") -> None:
        self.domain_id = domain_id
        with _domain_lock:
            if domain_id not in _configured_domains:
                code = lib.create_domain(domain_id, domain_config().encode())
                if code != lib.RETCODE_PRECONDITION:
                    lib.check(code, f"setting up domain {domain_id}")
                _configured_domains.add(domain_id)
        qos = lib.create_qos()
        lib.qset_userdata(qos, user_data, len(user_data))
        try:
            self.handle: int = lib.check(
                lib.create_participant(domain_id, qos, None),
                f"creating a participant in domain {domain_id} (is every port taken?)",
            )
        finally:
            lib.delete_qos(qos)
        self.guid = entity_guid(self.handle)
        self._topics: dict[tuple[str, str, bool], int] = {}
        self._lock = threading.Lock()

    def topic(self, name: str, type_name: str, with_service_header: bool = False) -> int:
        """Return the handle of a topic, made on first use."""
        key = (name, type_name, with_service_header)
        with self._lock:
            found = self._topics.get(key)
            if found is None:
                builder = TypeBuilder(self.handle)
                descriptor = builder.topic_descriptor(type_name, with_service_header)
                try:
                    found = lib.check(
                        lib.create_topic(self.handle, descriptor, name.encode(), None, None),
                        f"creating topic {name} of type {type_name}",
                    )
                finally:
                    lib.delete_topic_descriptor(descriptor)
                self._topics[key] = found
            return found

    def close(self) -> None:
        """Delete the participant and everything in it."""
        if self.handle:
            lib.delete(self.handle)
            self.handle = 0


def entity_guid(handle: int) -> bytes:
    """Return the 16 byte guid of an entity."""
    guid = lib.Guid()
    lib.check(lib.get_guid(handle, guid), "reading a guid")
    return bytes(guid.v)


class Guard:
    """A guard condition: wakes a wait set until it is taken."""

    def __init__(self, participant: Participant) -> None:
        self.handle: int = lib.check(
            lib.create_guardcondition(participant.handle), "creating a guard condition"
        )

    def trigger(self) -> None:
        """Set the condition."""
        if self.handle:
            lib.set_guardcondition(self.handle, True)

    def take(self) -> bool:
        """Read and reset the condition."""
        was_set = ct.c_bool()
        if self.handle:
            lib.take_guardcondition(self.handle, was_set)
        return was_set.value

    def close(self) -> None:
        """Delete the condition (once)."""
        handle, self.handle = self.handle, 0
        if handle:
            lib.delete(handle)


class WaitSet:
    """Waits for any of the attached conditions; each is known by a number."""

    def __init__(self, participant: Participant) -> None:
        self.handle: int = lib.check(lib.create_waitset(participant.handle), "creating a wait set")
        self._resize(64)
        self._attached: set[int] = set()

    def _resize(self, size: int) -> None:
        self._size = size
        self._ready = (ct.c_uint64 * size)()
        self._ready_address = ct.addressof(self._ready)

    def attach(self, condition: int, number: int) -> None:
        """Attach a condition under a number above 0."""
        lib.check(lib.waitset_attach(self.handle, condition, number), "attaching a condition")
        self._attached.add(condition)
        if len(self._attached) > self._size:
            self._resize(self._size * 2)

    def detach(self, condition: int) -> None:
        """Detach a condition if it is attached; a deleted one has left by itself."""
        if condition in self._attached:
            self._attached.discard(condition)
            lib.waitset_detach(self.handle, condition)

    def wait(self, timeout_ns: int) -> Sequence[int]:
        """Return the numbers of the triggered conditions, empty after the time is up."""
        count = waitset_wait(self.handle, self._ready_address, self._size, timeout_ns)
        if count == 1:
            return [self._ready[0]]
        if count <= 0:
            lib.check(count, "waiting")
            return []
        return self._ready[: min(count, self._size)]

    def close(self) -> None:
        """Delete the wait set (once)."""
        handle, self.handle = self.handle, 0
        if handle:
            lib.delete(handle)
