"""QoS profiles as rosbag2 stores them beside each topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from sawyer_core.errors import ConfigError, UnknownNameError

# Numbers of the rmw enumerations, which rosbag2 writes (metadata version 8 and older).
HISTORY: Final = {"system_default": 0, "keep_last": 1, "keep_all": 2, "unknown": 3}
RELIABILITY: Final = {
    "system_default": 0,
    "reliable": 1,
    "best_effort": 2,
    "unknown": 3,
    "best_available": 4,
}
DURABILITY: Final = {
    "system_default": 0,
    "transient_local": 1,
    "volatile": 2,
    "unknown": 3,
    "best_available": 4,
}
LIVELINESS: Final = {
    "system_default": 0,
    "automatic": 1,
    "manual_by_topic": 3,
    "unknown": 4,
    "best_available": 5,
}
_INFINITE: Final = (9223372036, 854775807)  # how rmw writes "no limit" as (sec, nsec)


@dataclass(frozen=True)
class TopicQos:
    """Offered QoS of a topic; the defaults are those of an ordinary ROS 2 publisher."""

    reliability: str = "reliable"
    durability: str = "volatile"
    history: str = "keep_last"
    depth: int = 10
    liveliness: str = "automatic"

    def __post_init__(self) -> None:
        for name, choices in (
            ("reliability", RELIABILITY),
            ("durability", DURABILITY),
            ("history", HISTORY),
            ("liveliness", LIVELINESS),
        ):
            if getattr(self, name) not in choices:
                raise UnknownNameError(f"QoS {name}", getattr(self, name), sorted(choices))
        if self.depth < 0:
            raise ConfigError("depth", self.depth, "0 or more")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TopicQos:
        """Build from names such as `{"reliability": "best_effort", "depth": 5}`."""
        known = {name: value for name, value in values.items() if name in cls.__annotations__}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise UnknownNameError("QoS setting", unknown[0], sorted(cls.__annotations__))
        return cls(**known)

    def to_yaml(self) -> str:
        """Return the text rosbag2 stores: a YAML list with one profile."""
        lines = [
            f"- history: {HISTORY[self.history]}",
            f"  depth: {self.depth}",
            f"  reliability: {RELIABILITY[self.reliability]}",
            f"  durability: {DURABILITY[self.durability]}",
            *_time_lines("deadline"),
            *_time_lines("lifespan"),
            f"  liveliness: {LIVELINESS[self.liveliness]}",
            *_time_lines("liveliness_lease_duration"),
            "  avoid_ros_namespace_conventions: false",
        ]
        return "\n".join(lines)


def _with_numbers(text: str) -> str:
    """Return stored QoS text with names replaced by numbers; empty if it is no QoS list."""
    tables = {
        "history": HISTORY,
        "reliability": RELIABILITY,
        "durability": DURABILITY,
        "liveliness": LIVELINESS,
    }
    try:
        profiles = yaml.safe_load(text) or []
    except yaml.YAMLError:
        return ""
    if not isinstance(profiles, list) or not all(isinstance(item, dict) for item in profiles):
        return ""
    if not any(isinstance(item.get(name), str) for item in profiles for name in tables):
        return text
    for item in profiles:
        for name, table in tables.items():
            if isinstance(item.get(name), str):
                item[name] = table.get(item[name].lower(), table["unknown"])
    return str(yaml.safe_dump(profiles, sort_keys=False)).strip()


def _time_lines(name: str) -> list[str]:
    return [f"  {name}:", f"    sec: {_INFINITE[0]}", f"    nsec: {_INFINITE[1]}"]


def qos_text(qos: TopicQos | Mapping[str, Any] | str | None) -> str:
    """Return the stored text for any accepted way to give a QoS.

    Text comes from another bag; newer ones write names where version 8 has numbers. None means
    the default profile.
    """
    if qos is None:
        return TopicQos().to_yaml()
    if isinstance(qos, str):
        return _with_numbers(qos)
    if isinstance(qos, TopicQos):
        return qos.to_yaml()
    return TopicQos.from_mapping(qos).to_yaml()
