"""Readers and writers of raw CDR samples."""

from __future__ import annotations

import ctypes as ct
import threading
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from . import lib
from .builtin import endpoint_participant
from .participant import Participant, entity_guid
from .qos import EndpointQos, make_qos

_SMALL = 16384
"""Up to this many bytes a sample is copied out at once; larger ones are viewed in place."""
_LARGE_TAIL = 2048
"""From so many elements on the last field of a message is written without a copy of it."""
_VALID_DATA = lib.SampleInfo.valid_data.offset

address_of = ct.addressof
first_byte = ct.c_char.from_buffer
string_at = ct.string_at
takecdr, writecdr = lib.takecdr, lib.writecdr
serdata_size, serdata_unref = lib.serdata_size, lib.serdata_unref
from_ser_iov, small_from_ser_iov = lib.serdata_from_ser_iov, lib.small_serdata_from_ser_iov


class _Endpoint:
    """Common part of reader and writer."""

    def __init__(
        self,
        create: Callable[..., int],
        participant: Participant,
        topic: int,
        qos: EndpointQos,
        user_data: bytes,
    ) -> None:
        handle = make_qos(qos, user_data, create is lib.create_writer)
        try:
            self.handle: int = lib.check(
                create(participant.handle, topic, handle, None), "creating an endpoint"
            )
        finally:
            lib.delete_qos(handle)
        self.guid = entity_guid(self.handle)

    def close(self) -> None:
        """Delete the endpoint (once)."""
        handle, self.handle = self.handle, 0
        if handle:
            lib.delete(handle)


class Writer(_Endpoint):
    """Writes CDR samples."""

    def __init__(
        self, participant: Participant, topic: int, qos: EndpointQos, user_data: bytes = b""
    ) -> None:
        super().__init__(lib.create_writer, participant, topic, qos, user_data)
        sertype = ct.c_void_p()
        lib.check(lib.get_entity_sertype(self.handle, sertype), "reading the type of a writer")
        self._sertype = sertype.value
        self._lock = threading.Lock()
        self._vectors = (lib.IoVec * 3)()
        self._vectors_address = ct.addressof(self._vectors)
        self._first = self._vectors[0]

    def instance_handle(self) -> int:
        """Return the 64 bit handle that names this writer."""
        value = ct.c_uint64()
        lib.check(lib.get_instance_handle(self.handle, value), "reading an instance handle")
        return int(value.value)

    def sender(
        self,
        encode: Callable[[Any], bytearray],
        encode_parts: Callable[[Any], tuple[bytearray, Any]] | None,
        tail: str | None,
        message_type: type,
        otherwise: Callable[[Any], None],
    ) -> Callable[[Any], None]:
        """Return a function that serialises and writes a message.

        It is one function with everything bound, because each call and look-up counts when
        the caches are cold.

        Args:
            encode: Message to a padded sample.
            encode_parts: Message to head and tail, used where the tail is large.
            tail: Name of the attribute with the tail.
            message_type: What is written this way.
            otherwise: Gets what is of another type.
        """
        vectors, address, sertype, lock = (
            self._vectors,
            self._vectors_address,
            self._sertype,
            self._lock,
        )
        first = vectors[0]
        tail_of = attrgetter(tail) if tail is not None else None

        def send(message: Any) -> None:
            if type(message) is not message_type:
                otherwise(message)
                return
            if tail_of is not None and len(tail_of(message)) > _LARGE_TAIL:
                self._write_parts(*encode_parts(message))  # type: ignore[misc]
                return
            sample = encode(message)
            size = len(sample)
            with lock:
                first.base = address_of(first_byte(sample))
                first.len = size
                made = small_from_ser_iov(sertype, 2, 1, address, size)
            if not made:
                raise lib.DdsError("the sample does not fit the type of its topic")
            code = writecdr(self.handle, made)
            if code < 0:
                lib.check(code, "writing a sample")

        return send

    def write(self, head: bytearray) -> None:
        """Write a sample."""
        size = len(head)
        if size & 3:
            head += bytes(-size & 3)
            size = len(head)
        first = self._first
        with self._lock:
            first.base = address_of(first_byte(head))
            first.len = size
            make = small_from_ser_iov if size <= _SMALL else from_ser_iov
            sample = make(self._sertype, 2, 1, self._vectors_address, size)
        if not sample:
            raise lib.DdsError("the sample does not fit the type of its topic")
        code = writecdr(self.handle, sample)
        if code < 0:
            lib.check(code, "writing a sample")

    def _write_parts(self, head: bytearray, tail: Any) -> None:
        """Write a sample whose large last field is copied once, into the middleware."""
        keep_head = first_byte(head)
        tail_address, tail_size, keep_tail = _address(tail)
        size = len(head) + tail_size
        pad = -size & 3
        with self._lock:
            parts = (
                (address_of(keep_head), len(head)),
                (tail_address, tail_size),
                (_PADDING_ADDRESS, pad),
            )
            for index, (base, length) in enumerate(parts):
                self._vectors[index].base, self._vectors[index].len = base, length
            count = 3 if pad else 2
            sample = from_ser_iov(self._sertype, 2, count, self._vectors_address, size + pad)
        del keep_tail
        if not sample:
            raise lib.DdsError("the sample does not fit the type of its topic")
        code = writecdr(self.handle, sample)
        if code < 0:
            lib.check(code, "writing a sample")

    def matched(self) -> int:
        """Return the number of matched readers."""
        return max(0, int(lib.get_matched_subscriptions(self.handle, None, 0)))

    def subscriber_participants(self) -> set[bytes]:
        """Return the participant guids of the matched readers."""
        return set(
            _participants(
                self.handle, lib.get_matched_subscriptions, lib.get_matched_subscription_data
            )
        )

    def assert_liveliness(self) -> None:
        """Say that the writer is alive."""
        lib.check(lib.assert_liveliness(self.handle), "asserting liveliness")

    def wait_for_acks(self, timeout_ns: int) -> bool:
        """Wait until every matched reliable reader has everything."""
        code = lib.wait_for_acks(self.handle, timeout_ns)
        if code == lib.RETCODE_TIMEOUT:
            return False
        lib.check(code, "waiting for acknowledgements")
        return True


def _participants(handle: int, list_matched: Any, get_data: Any) -> Iterator[bytes]:
    handles = (ct.c_uint64 * 256)()
    count = min(256, max(0, list_matched(handle, handles, 256)))
    for index in range(count):
        endpoint = get_data(handle, handles[index])
        if endpoint:
            yield endpoint_participant(endpoint)


_PADDING = ct.create_string_buffer(8)
_PADDING_ADDRESS = ct.addressof(_PADDING)


def _address(buffer: Any) -> tuple[int, int, Any]:
    """Return address and byte length of a buffer, and what keeps it alive."""
    view = memoryview(buffer).cast("B")
    if view.readonly:
        raw = bytes(view)
        keep: Any = ct.c_char_p(raw)
        return ct.cast(keep, ct.c_void_p).value or 0, len(raw), (keep, raw)
    keep = ct.c_char.from_buffer(view)
    return ct.addressof(keep), view.nbytes, keep


class Reader(_Endpoint):
    """Takes CDR samples; ``condition`` is triggered as long as there are any."""

    def __init__(
        self, participant: Participant, topic: int, qos: EndpointQos, user_data: bytes = b""
    ) -> None:
        super().__init__(lib.create_reader, participant, topic, qos, user_data)
        self.condition: int = lib.check(
            lib.create_readcondition(self.handle, lib.ANY_STATE), "creating a read condition"
        )
        self._lock = threading.Lock()
        self._slot: Any = (ct.c_void_p * 1)()
        self._slot_address = ct.addressof(self._slot)
        self._info = lib.SampleInfo()
        self._info_address = ct.addressof(self._info)
        self._info_bytes = memoryview(self._info).cast("B")
        self._seen_offset: int | None = None
        self._data_offset = 0
        self._ref = lib.IoVec()
        self._ref_address = ct.addressof(self._ref)

    def take(self, use: Callable[[Any], Any]) -> tuple[Any, int, int] | None:
        """Take one sample: ``(use(data), source time in ns, publication)``, None if empty.

        ``data`` is bytes for small samples and a view of the middleware's buffer for large
        ones; the view must not outlive ``use``.
        """
        with self._lock:
            sample = self._take_sample()
            if not sample:
                return None
            info = self._info
            stamp, origin = info.source_timestamp, info.publication_handle
            return self._use(sample, use), stamp, origin

    def taker(self, decode: Callable[[Any], Any]) -> Callable[[], Any]:
        """Return a function that takes one sample and decodes it (None: there is none)."""
        lock, slot, slot_address = self._lock, self._slot, self._slot_address
        info_bytes, info_address = self._info_bytes, self._info_address

        def take() -> Any:
            with lock:
                if takecdr(self.handle, slot_address, 1, info_address, 0x7F) != 1:
                    return None
                sample = slot[0]
                if not info_bytes[_VALID_DATA]:
                    serdata_unref(sample)
                    return None
                size = serdata_size(sample)
                offset = self._data_offset
                if size > _SMALL or not offset:
                    return self._use(sample, decode)
                data = string_at(sample + offset, size)
                serdata_unref(sample)
            return decode(data)

        return take

    def _take_sample(self) -> int:
        while True:
            code = takecdr(self.handle, self._slot_address, 1, self._info_address, 0x7F)
            if code <= 0:
                if code < 0 and self.handle:
                    lib.check(code, "taking a sample")
                return 0
            sample = self._slot[0] or 0
            if self._info_bytes[_VALID_DATA]:
                return sample
            serdata_unref(sample)

    def _use(self, sample: int, use: Callable[[Any], Any]) -> Any:
        size = serdata_size(sample)
        offset = self._data_offset
        if size <= _SMALL and offset:
            data = string_at(sample + offset, size)
            serdata_unref(sample)
            return use(data)
        held = lib.serdata_to_ser_ref(sample, 0, size, self._ref_address)
        base = self._ref.base or 0
        self._learn_offset(base - sample)
        try:
            if size <= _SMALL:
                return use(string_at(base, size))
            view = memoryview((ct.c_ubyte * size).from_address(base)).cast("B")
            try:
                return use(view)
            finally:
                view.release()
        finally:
            self._ref.base, self._ref.len = base, size
            lib.serdata_to_ser_unref(held, self._ref_address)
            serdata_unref(sample)

    def _learn_offset(self, offset: int) -> None:
        """Note where the bytes lie in a sample, once two samples agree on it.

        The C library keeps them at a fixed place of its own structure; knowing it saves two
        calls per sample. Where samples ever disagree every sample is asked.
        """
        if self._seen_offset is None:
            self._seen_offset = offset
        elif self._seen_offset != offset or offset <= 0:
            self._seen_offset, self._data_offset = 0, 0
        else:
            self._data_offset = offset

    def publisher_participant(self, publication: int) -> bytes | None:
        """Return the participant guid of a matched writer, None where it is gone."""
        endpoint = lib.get_matched_publication_data(self.handle, publication)
        return endpoint_participant(endpoint) if endpoint else None

    def matched(self) -> int:
        """Return the number of matched writers."""
        return max(0, int(lib.get_matched_publications(self.handle, None, 0)))
