"""What a bag writer is told: its topics and how to buffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_datasets.definitions import complete_definition, full_name, type_hash
from sawyer_datasets.qos import TopicQos, qos_text

COMPRESSIONS: Final = ("none", "zstd")


class TopicSpec(NamedTuple):
    """What a bag stores about a topic; a plain tuple of the same three works too.

    `definition` is the `.msg` text, with or without its dependencies; empty for standard types.
    `qos` is a `TopicQos`, a mapping of its fields, rosbag2's YAML text, or None for the default.
    """

    msgtype: str
    definition: str = ""
    qos: TopicQos | Mapping[str, Any] | str | None = None


@dataclass(frozen=True)
class BagSettings:
    """Settings of the writer; all values are ours."""

    compression: str = "zstd"
    compression_level: int = 1
    chunk_bytes: int = 1 << 20
    flush_age_s: float = 0.25  # wall clock; what SIGKILL can cost
    flush_span_s: float = 0.5  # stamps; what SIGKILL can cost when the graph outruns the clock
    min_free_bytes: int = 16 << 20  # a recording does not start with less

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS:
            raise UnknownNameError("compression", self.compression, COMPRESSIONS)
        for name, low, high in (
            ("compression_level", 1, 19),
            ("chunk_bytes", 1, 1 << 30),
            ("flush_age_s", 0.01, 1.0),
            ("flush_span_s", 0.001, 1.0),
            ("min_free_bytes", 0, 1 << 40),
        ):
            if not low <= getattr(self, name) <= high:
                raise ConfigError(name, getattr(self, name), f"{low} to {high}")


def checked_spec(name: str, spec: TopicSpec | Sequence[Any]) -> TopicSpec:
    """Return `spec` with its definition completed and its QoS as text.

    Raises:
        ConfigError: The name is empty or the definition cannot be understood.
    """
    if not name.strip("/"):
        raise ConfigError("topic name", name, "a non-empty name")
    given = TopicSpec(*spec)
    msgtype = full_name(given.msgtype)
    definition = complete_definition(msgtype, given.definition)
    type_hash(msgtype, definition)  # refuses text that cannot be understood, before any file
    return TopicSpec(msgtype, definition, qos_text(given.qos))
