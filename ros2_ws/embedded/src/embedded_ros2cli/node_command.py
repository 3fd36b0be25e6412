"""``ros2 node``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from embedded_ros2cli.errors import unknown
from embedded_ros2cli.node_context import add_spin_time, command_node, full_name, settle, wait_for
from embedded_ros2cli.verbs import Verbs

ACTION_SUFFIX = "/_action/"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 node``."""
    verbs = Verbs(parser)
    verb = verbs.add("list", list_nodes, "Output a list of available nodes")
    verb.add_argument("-a", "--all", action="store_true", help="hidden ones, too")
    verb.add_argument("-c", "--count-nodes", action="store_true", help="show the number only")
    add_spin_time(verb)
    verb = verbs.add("info", info, "Output information about a node")
    verb.add_argument("node_name")
    verb.add_argument("--include-hidden", action="store_true", help="hidden endpoints, too")
    add_spin_time(verb)


def node_names(node: Any, hidden: bool = False) -> list[str]:
    """Return the full names of the nodes in the graph."""
    return sorted(
        f"{namespace.rstrip('/')}/{name}"
        for name, namespace in node.get_node_names_and_namespaces()
        if hidden or not name.startswith("_")
    )


def find_node(node: Any, name: str, spin_time_s: float) -> str:
    """Return the full name of a node, waiting for it if need be."""
    wanted = full_name(name)
    if not wait_for(lambda: wanted in node_names(node, True), spin_time_s):
        raise unknown("node", wanted, node_names(node))
    return wanted


def list_nodes(options: argparse.Namespace) -> None:
    """Print the nodes."""
    with command_node() as node:
        settle(node, options.spin_time)
        names = node_names(node, options.all)
        if options.count_nodes:
            print(len(names))
            return
        if len(set(names)) < len(names):
            print("WARNING: some nodes in the graph share an exact name", file=sys.stderr)
        for name in names:
            print(name)


def info(options: argparse.Namespace) -> None:
    """Print what a node publishes, subscribes and serves."""
    with command_node() as node:
        wanted = find_node(node, options.node_name, options.spin_time)
        settle(node, options.spin_time)
        namespace, _, name = wanted.rpartition("/")
        namespace = namespace or "/"
        print(wanted)
        for title, method, kind in (
            ("Subscribers", node.get_subscriber_names_and_types_by_node, "topic"),
            ("Publishers", node.get_publisher_names_and_types_by_node, "topic"),
            ("Service Servers", node.get_service_names_and_types_by_node, "service"),
            ("Service Clients", node.get_client_names_and_types_by_node, "service"),
        ):
            pairs = sorted(method(name, namespace))
            _print_section(title, pairs, options.include_hidden)
            if kind == "service":
                actions = [
                    (n.removesuffix("/_action/send_goal"), [_action_type(t) for t in types])
                    for n, types in pairs
                    if n.endswith("/_action/send_goal")
                ]
                if title.endswith("Servers"):
                    servers = actions
                else:
                    _print_section("Action Servers", servers, True)
                    _print_section("Action Clients", actions, True)


def _action_type(service_type: str) -> str:
    return service_type.removesuffix("_SendGoal")


def _print_section(title: str, pairs: list[tuple[str, list[str]]], hidden: bool) -> None:
    print(f"  {title}:")
    for name, types in pairs:
        if hidden or not any(part.startswith("_") for part in name.split("/")):
            print(f"    {name}: {', '.join(types)}")
