"""Communication statuses of readers and writers."""

from __future__ import annotations

import ctypes as ct
from typing import NamedTuple

from . import lib

POLICY_NAMES = {
    1: "USERDATA", 2: "DURABILITY", 4: "DEADLINE", 6: "OWNERSHIP", 8: "LIVELINESS",
    11: "RELIABILITY", 13: "HISTORY", 14: "RESOURCE_LIMITS", 23: "DATA_REPRESENTATION",
}  # fmt: skip


class StatusKind(NamedTuple):
    """One status: its bit, the name of its reader function and its fields."""

    bit: int
    name: str
    fields: tuple[str, ...]


_COUNTS = ("total_count", "total_count_change")
_ALIVE = ("alive_count", "not_alive_count", "alive_count_change", "not_alive_count_change")
_MATCHED = ("total_count", "total_count_change", "current_count", "current_count_change")
OFFERED_DEADLINE = StatusKind(1 << 1, "offered_deadline_missed", _COUNTS)
REQUESTED_DEADLINE = StatusKind(1 << 2, "requested_deadline_missed", _COUNTS)
OFFERED_QOS = StatusKind(1 << 3, "offered_incompatible_qos", (*_COUNTS, "last_policy_kind"))
REQUESTED_QOS = StatusKind(1 << 4, "requested_incompatible_qos", (*_COUNTS, "last_policy_kind"))
SAMPLE_LOST = StatusKind(1 << 5, "sample_lost", _COUNTS)
LIVELINESS_LOST = StatusKind(1 << 9, "liveliness_lost", _COUNTS)
LIVELINESS_CHANGED = StatusKind(1 << 10, "liveliness_changed", _ALIVE)
PUBLICATION_MATCHED = StatusKind(1 << 11, "publication_matched", _MATCHED)
SUBSCRIPTION_MATCHED = StatusKind(1 << 12, "subscription_matched", _MATCHED)


def watch(entity: int, kinds: list[StatusKind]) -> None:
    """Let an entity trigger wait sets on these statuses (and no others)."""
    mask = 0
    for kind in kinds:
        mask |= kind.bit
    lib.check(lib.set_status_mask(entity, mask), "choosing statuses")


def changed(entity: int) -> int:
    """Return the bits of the statuses that have changed."""
    mask = ct.c_uint32()
    lib.check(lib.get_status_changes(entity, mask), "reading statuses")
    return int(mask.value)


def read(entity: int, kind: StatusKind) -> dict[str, int]:
    """Return the fields of a status; its change counts begin anew."""
    values = (ct.c_int32 * 16)()
    lib.check(lib.status_reader(kind.name)(entity, values), f"reading {kind.name}")
    return {name: int(values[index]) for index, name in enumerate(kind.fields)}
