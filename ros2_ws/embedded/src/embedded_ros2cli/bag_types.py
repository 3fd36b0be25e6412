"""Between rclpy and bag files: message definitions, QoS, choice of topics."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)

from embedded_ros2cli.errors import CliError
from embedded_types import registry
from embedded_types.typehash import referenced_types, type_hash

INFINITE = QosTime(9223372036, 854775807)
_SEPARATOR = "=" * 80


def message_definition(type_name: str) -> tuple[str, str]:
    """Return the text of a message with all types in it, and its hash."""
    package, kind, name = type_name.split("/")
    texts = [registry.find_text(package, kind, name)]
    for inner in referenced_types(registry.get_definition(type_name)):
        package, kind, name = inner.split("/")
        texts.append(f"{_SEPARATOR}\nMSG: {package}/{name}\n")
        texts[-1] += registry.find_text(package, kind, name)
    return "\n".join(text.rstrip("\n") + "\n" for text in texts), type_hash(type_name)


def _bag_time(duration: Any) -> QosTime:
    nanoseconds = duration.nanoseconds
    if nanoseconds <= 0 or nanoseconds >= 2**63 - 1:
        return INFINITE
    return QosTime(*divmod(nanoseconds, 10**9))


def to_bag_qos(profile: Any) -> Qos:
    """Return a profile in the form of bag files."""
    return Qos(
        QosHistory[profile.history.name],
        profile.depth,
        QosReliability[profile.reliability.name],
        QosDurability[profile.durability.name],
        _bag_time(profile.deadline),
        _bag_time(profile.lifespan),
        QosLiveliness[profile.liveliness.name],
        _bag_time(profile.liveliness_lease_duration),
        profile.avoid_ros_namespace_conventions,
    )


def from_bag_qos(offered: Iterable[Qos]) -> Any:
    """Return the profile for publishing what was offered with these."""
    from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

    profile = QoSProfile(depth=10)
    profiles = list(offered)
    if not profiles:
        return profile
    first = profiles[0]
    if first.depth > 0:
        profile.depth = first.depth
    if first.history == QosHistory.KEEP_ALL:
        profile.history = HistoryPolicy.KEEP_ALL
    if all(qos.reliability == QosReliability.BEST_EFFORT for qos in profiles):
        profile.reliability = ReliabilityPolicy.BEST_EFFORT
    if any(qos.durability == QosDurability.TRANSIENT_LOCAL for qos in profiles):
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile


_OVERRIDES: dict[str, str] = {
    "history": "HistoryPolicy",
    "reliability": "ReliabilityPolicy",
    "durability": "DurabilityPolicy",
}


def read_overrides(path: Path | None) -> dict[str, dict[str, Any]]:
    """Return the QoS settings of a YAML file, by topic."""
    import yaml
    from rclpy import qos

    if path is None:
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise CliError(f"QoS file '{path}': {error}") from None
    result: dict[str, dict[str, Any]] = {}
    for topic, settings in content.items():
        chosen = result.setdefault(topic, {})
        for key, value in settings.items():
            if key == "depth":
                chosen[key] = int(value)
                continue
            if key not in _OVERRIDES:
                allowed = ", ".join(["depth", *_OVERRIDES])
                raise CliError(f"QoS file '{path}': {topic}: {key!r}, allowed: {allowed}")
            policies = getattr(qos, _OVERRIDES[key])
            if str(value).upper() not in policies.__members__:
                allowed = ", ".join(name.lower() for name in policies.__members__)
                raise CliError(
                    f"QoS file '{path}': {topic}: {key} is {value!r}, allowed: {allowed}"
                )
            chosen[key] = policies[str(value).upper()]
    return result


def _compiled(options: argparse.Namespace, name: str) -> re.Pattern[str] | None:
    text = getattr(options, name)
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise CliError(f"--{name.replace('_', '-')} {text!r}: {error}") from None


def topic_chooser(options: argparse.Namespace, wanted: Iterable[str]) -> Callable[[str], bool]:
    """Return the function that says which topics are meant."""
    names = {name if name.startswith("/") else f"/{name}" for name in wanted}
    excluded = {n if n.startswith("/") else f"/{n}" for n in options.exclude_topics}
    regex, exclude_regex = _compiled(options, "regex"), _compiled(options, "exclude_regex")
    everything = not names and regex is None

    def chosen(topic: str) -> bool:
        if topic in excluded or (exclude_regex is not None and exclude_regex.search(topic)):
            return False
        return everything or topic in names or (regex is not None and bool(regex.search(topic)))

    return chosen
