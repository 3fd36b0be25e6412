"""Quality of service on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

_PRESETS = (
    "sensor_data", "services_default", "parameters", "parameter_events", "system_default",
    "action_status_default", "default",
)  # fmt: skip


def add_qos_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--qos-*``."""
    parser.add_argument("--qos-profile", choices=_PRESETS, help="preset to begin with")
    parser.add_argument("--qos-depth", type=int, metavar="N", help="queue length")
    parser.add_argument("--qos-history", choices=["system_default", "keep_last", "keep_all"])
    parser.add_argument("--qos-reliability", choices=["system_default", "reliable", "best_effort"])
    parser.add_argument(
        "--qos-durability", choices=["system_default", "transient_local", "volatile"]
    )


def _preset(name: str) -> Any:
    from rclpy import qos

    presets = {
        "sensor_data": qos.qos_profile_sensor_data,
        "services_default": qos.qos_profile_services_default,
        "parameters": qos.qos_profile_parameters,
        "parameter_events": qos.qos_profile_parameter_events,
        "system_default": qos.qos_profile_system_default,
        "action_status_default": qos.qos_profile_action_status_default,
        "default": qos.QoSProfile(depth=10),
    }
    return presets[name]


def _copy(profile: Any) -> Any:
    from rclpy.qos import QoSProfile

    return QoSProfile(
        depth=profile.depth,
        history=profile.history,
        reliability=profile.reliability,
        durability=profile.durability,
    )


def _apply(profile: Any, options: argparse.Namespace) -> Any:
    from rclpy.qos import DurabilityPolicy, HistoryPolicy, ReliabilityPolicy

    if options.qos_depth is not None:
        profile.depth = options.qos_depth
    if options.qos_history is not None:
        profile.history = HistoryPolicy[options.qos_history.upper()]
    if options.qos_reliability is not None:
        profile.reliability = ReliabilityPolicy[options.qos_reliability.upper()]
    if options.qos_durability is not None:
        profile.durability = DurabilityPolicy[options.qos_durability.upper()]
    return profile


def publisher_qos(options: argparse.Namespace) -> Any:
    """Return the profile of a publisher."""
    return _apply(_copy(_preset(options.qos_profile or "default")), options)


def subscription_qos(options: argparse.Namespace, publishers: Iterable[Any]) -> Any:
    """Return the profile of a subscription: as given, otherwise one that fits all publishers."""
    if options.qos_profile is not None:
        return _apply(_copy(_preset(options.qos_profile)), options)
    return _apply(fitting_qos(publishers), options)


def fitting_qos(publishers: Iterable[Any], depth: int = 10) -> Any:
    """Return the strictest profile that every publisher can serve."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    profile = QoSProfile(depth=depth)
    offered = [info.qos_profile for info in publishers]
    if offered:
        if any(o.reliability == ReliabilityPolicy.BEST_EFFORT for o in offered):
            profile.reliability = ReliabilityPolicy.BEST_EFFORT
        if all(o.durability == DurabilityPolicy.TRANSIENT_LOCAL for o in offered):
            profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile
