"""Quality of service of an endpoint, as plain values, and its Cyclone DDS form."""

from __future__ import annotations

import ctypes as ct
from typing import NamedTuple

from . import lib

INFINITE = lib.INFINITE
KEEP_LAST, KEEP_ALL = 0, 1
BEST_EFFORT, RELIABLE = 0, 1
VOLATILE, TRANSIENT_LOCAL = 0, 1
AUTOMATIC, MANUAL_BY_TOPIC = 0, 2
_XCDR1 = (ct.c_int16 * 1)(0)


class EndpointQos(NamedTuple):
    """Quality of service of one reader or writer; durations in ns."""

    reliability: int = RELIABLE
    durability: int = VOLATILE
    history: int = KEEP_LAST
    depth: int = 10
    deadline_ns: int = INFINITE
    lifespan_ns: int = INFINITE
    liveliness: int = AUTOMATIC
    lease_ns: int = INFINITE


def make_qos(qos: EndpointQos, user_data: bytes, is_writer: bool) -> int:
    """Return a new dds_qos_t, to be freed with ``lib.delete_qos``."""
    handle: int = lib.create_qos()
    lib.qset_data_representation(handle, 1, _XCDR1)
    lib.qset_reliability(handle, qos.reliability, INFINITE)
    lib.qset_durability(handle, qos.durability)
    depth = qos.depth if qos.history == KEEP_LAST else -1
    lib.qset_history(handle, qos.history, max(depth, 1) if qos.history == KEEP_LAST else depth)
    if qos.deadline_ns != INFINITE:
        lib.qset_deadline(handle, qos.deadline_ns)
    if qos.liveliness != AUTOMATIC or qos.lease_ns != INFINITE:
        lib.qset_liveliness(handle, qos.liveliness, qos.lease_ns)
    if is_writer:
        lib.qset_writer_data_lifecycle(handle, False)
        if qos.lifespan_ns != INFINITE:
            lib.qset_lifespan(handle, qos.lifespan_ns)
        if qos.durability == TRANSIENT_LOCAL:
            keep = max(depth, 1) if qos.history == KEEP_LAST else -1
            lib.qset_durability_service(handle, 0, qos.history, keep, -1, -1, -1)
    if user_data:
        lib.qset_userdata(handle, user_data, len(user_data))
    return handle


def read_qos(handle: int) -> tuple[EndpointQos, bytes]:
    """Return the values and the user data of a dds_qos_t (of a discovered entity)."""
    kind, number, span = ct.c_int(), ct.c_int32(), ct.c_int64(INFINITE)

    def value(ok: bool, found: int, default: int) -> int:
        return found if ok else default

    reliability = value(lib.qget_reliability(handle, kind, span), kind.value, BEST_EFFORT)
    durability = value(lib.qget_durability(handle, kind), kind.value, VOLATILE)
    has_history = lib.qget_history(handle, kind, number)
    history = value(has_history, kind.value, KEEP_LAST)
    depth = value(has_history, number.value, 1)
    deadline = value(lib.qget_deadline(handle, span), span.value, INFINITE)
    lifespan = value(lib.qget_lifespan(handle, span), span.value, INFINITE)
    has_liveliness = lib.qget_liveliness(handle, kind, span)
    qos = EndpointQos(
        reliability,
        durability,
        history,
        depth,
        deadline,
        lifespan,
        value(has_liveliness, kind.value, AUTOMATIC),
        value(has_liveliness, span.value, INFINITE),
    )
    return qos, _user_data(handle)


def _user_data(handle: int) -> bytes:
    data, size = ct.c_void_p(), ct.c_size_t()
    if not lib.qget_userdata(handle, data, size) or not data.value:
        return b""
    text = ct.string_at(data.value, size.value)
    lib.free(data)
    return text
