"""``ros2 topic list|info|type|find``."""

from __future__ import annotations

import argparse
from typing import Any

from embedded_ros2cli.errors import unknown
from embedded_ros2cli.node_context import command_node, full_name, settle, topic_types, wait_for


def is_hidden(name: str) -> bool:
    """Say whether a part of a name begins with an underscore."""
    return any(part.startswith("_") for part in name.split("/"))


def _topics(node: Any, hidden: bool) -> list[tuple[str, list[str]]]:
    return [
        (name, types)
        for name, types in sorted(node.get_topic_names_and_types())
        if hidden or not is_hidden(name)
    ]


def list_topics(options: argparse.Namespace) -> None:
    """Print the topics."""
    with command_node() as node:
        settle(node, options.spin_time)
        topics = _topics(node, options.include_hidden_topics)
        if options.count_topics:
            print(len(topics))
        elif options.verbose:
            _print_verbose(node, topics)
        else:
            for name, types in topics:
                print(f"{name} [{', '.join(types)}]" if options.show_types else name)


def _print_verbose(node: Any, topics: list[tuple[str, list[str]]]) -> None:
    for title, count, word in (
        ("Published topics:", node.count_publishers, "publisher"),
        ("Subscribed topics:", node.count_subscribers, "subscriber"),
    ):
        print(title)
        for name, types in topics:
            number = count(name)
            if number:
                plural = "" if number == 1 else "s"
                print(f" * {name} [{', '.join(types)}] {number} {word}{plural}")
        print()


def find_topic(node: Any, name: str, spin_time_s: float) -> list[str]:
    """Return the types of a topic, waiting for it if need be."""
    types: list[str] = wait_for(lambda: topic_types(node, name), spin_time_s)
    if not types:
        raise unknown("topic", name, (topic for topic, _ in _topics(node, False)))
    return types


def show_type(options: argparse.Namespace) -> None:
    """Print the types of a topic."""
    with command_node() as node:
        for name in find_topic(node, full_name(options.topic_name), options.spin_time):
            print(name)


def find(options: argparse.Namespace) -> None:
    """Print the topics of a type."""
    with command_node() as node:
        settle(node, options.spin_time)
        for name, types in _topics(node, True):
            if options.topic_type in types:
                print(name)


def info(options: argparse.Namespace) -> None:
    """Print type and endpoints of a topic."""
    topic = full_name(options.topic_name)
    with command_node() as node:
        settle(node, options.spin_time)
        types = find_topic(node, topic, options.spin_time)
        publishers = node.get_publishers_info_by_topic(topic)
        subscriptions = node.get_subscriptions_info_by_topic(topic)
        print(f"Type: {types[0] if len(types) == 1 else types}", end="\n\n" * options.verbose)
        if not options.verbose:
            print()
        for title, endpoints in (("Publisher", publishers), ("Subscription", subscriptions)):
            print(f"{title} count: {len(endpoints)}")
            if options.verbose:
                print()
                for endpoint in endpoints:
                    print(_endpoint_text(endpoint), end="\n\n")


def _endpoint_text(endpoint: Any) -> str:
    qos = endpoint.qos_profile
    gid = ".".join(f"{byte:02x}" for byte in endpoint.endpoint_gid)
    kind = getattr(endpoint.endpoint_type, "name", str(endpoint.endpoint_type))
    lines = [
        f"Node name: {endpoint.node_name}",
        f"Node namespace: {endpoint.node_namespace}",
        f"Topic type: {endpoint.topic_type}",
        f"Topic type hash: {getattr(endpoint, 'topic_type_hash', '')}",
        f"Endpoint type: {kind}",
        f"GID: {gid}",
        "QoS profile:",
        f"  Reliability: {qos.reliability.name}",
        f"  History (Depth): {_history_text(qos)}",
        f"  Durability: {qos.durability.name}",
        f"  Lifespan: {_duration_text(qos.lifespan)}",
        f"  Deadline: {_duration_text(qos.deadline)}",
        f"  Liveliness: {qos.liveliness.name}",
        f"  Liveliness lease duration: {_duration_text(qos.liveliness_lease_duration)}",
    ]
    return "\n".join(lines)


def _history_text(qos: Any) -> str:
    return f"{qos.history.name} ({qos.depth})" if qos.depth else qos.history.name


def _duration_text(duration: Any) -> str:
    nanoseconds = duration.nanoseconds
    is_infinite = nanoseconds == 0 or nanoseconds >= 2**63 - 1 or nanoseconds < 0
    return "Infinite" if is_infinite else f"{nanoseconds} nanoseconds"
