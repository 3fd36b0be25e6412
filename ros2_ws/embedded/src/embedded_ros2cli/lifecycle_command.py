"""``ros2 lifecycle``."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from embedded_ros2cli.errors import CliError, unknown
from embedded_ros2cli.node_command import find_node, node_names
from embedded_ros2cli.node_context import add_spin_time, command_node, settle, spin_future
from embedded_ros2cli.verbs import Verbs

TIMEOUT_S = 10.0  # ours


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 lifecycle``."""
    verbs = Verbs(parser)
    verb = verbs.add("nodes", list_nodes, "Output a list of nodes with lifecycle")
    verb.add_argument("-a", "--all", action="store_true", help="hidden ones, too")
    verb.add_argument("-c", "--count-nodes", action="store_true", help="show the number only")
    add_spin_time(verb)
    verb = verbs.add("get", get, "Get lifecycle state for one or more nodes")
    verb.add_argument("node_name", nargs="?")
    add_spin_time(verb)
    verb = verbs.add("list", list_transitions, "Output a list of available transitions")
    verb.add_argument("node_name")
    verb.add_argument("-a", "--all", action="store_true", help="those of all states")
    add_spin_time(verb)
    verb = verbs.add("set", set_state, "Trigger lifecycle state transition")
    verb.add_argument("node_name")
    verb.add_argument("transition", help="label or id")
    add_spin_time(verb)


def _lifecycle_nodes(node: Any, hidden: bool) -> list[str]:
    services = {name for name, _ in node.get_service_names_and_types()}
    return [name for name in node_names(node, hidden) if f"{name}/change_state" in services]


def list_nodes(options: argparse.Namespace) -> None:
    """Print the nodes that have a lifecycle."""
    with command_node() as node:
        settle(node, options.spin_time)
        names = _lifecycle_nodes(node, options.all)
        if options.count_nodes:
            print(len(names))
            return
        for name in names:
            print(name)


def _call(node: Any, remote: str, service: str, kind: str, **fields: Any) -> Any:
    service_class = getattr(importlib.import_module("lifecycle_msgs.srv"), kind)
    name = f"{remote}/{service}"
    client = node.create_client(service_class, name)
    try:
        if not client.wait_for_service(timeout_sec=TIMEOUT_S):
            raise CliError(f"service '{name}' is not available within {TIMEOUT_S:g} s")
        request = service_class.Request()
        for field, value in fields.items():
            setattr(request, field, value)
        return spin_future(node, client.call_async(request), TIMEOUT_S, f"service '{name}'")
    finally:
        node.destroy_client(client)


def get(options: argparse.Namespace) -> None:
    """Print the state of one node, or of all."""
    with command_node() as node:
        if options.node_name is not None:
            name = find_node(node, options.node_name, options.spin_time)
            state = _call(node, name, "get_state", "GetState").current_state
            print(f"{state.label} [{state.id}]")
            return
        settle(node, options.spin_time)
        for name in _lifecycle_nodes(node, False):
            state = _call(node, name, "get_state", "GetState").current_state
            print(f"{name}: {state.label} [{state.id}]")


def list_transitions(options: argparse.Namespace) -> None:
    """Print the transitions that a node can make."""
    with command_node() as node:
        name = find_node(node, options.node_name, options.spin_time)
        service = "get_transition_graph" if options.all else "get_available_transitions"
        answer = _call(node, name, service, "GetAvailableTransitions")
        for found in answer.available_transitions:
            print(f"- {found.transition.label} [{found.transition.id}]")
            print(f"\tStart: {found.start_state.label}")
            print(f"\tGoal: {found.goal_state.label}")


def set_state(options: argparse.Namespace) -> int:
    """Make a node do a transition; status 1 where it fails."""
    with command_node() as node:
        name = find_node(node, options.node_name, options.spin_time)
        answer = _call(node, name, "get_available_transitions", "GetAvailableTransitions")
        transitions = {
            found.transition.label: found.transition for found in answer.available_transitions
        }
        wanted = transitions.get(options.transition) or next(
            (t for t in transitions.values() if str(t.id) == options.transition), None
        )
        if wanted is None:
            raise unknown(f"node '{name}': transition", options.transition, transitions)
        if _call(node, name, "change_state", "ChangeState", transition=wanted).success:
            print("Transitioning successful")
            return 0
        print("Transitioning failed")
        return 1
