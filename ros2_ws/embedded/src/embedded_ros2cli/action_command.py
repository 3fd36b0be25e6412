"""``ros2 action``."""

from __future__ import annotations

import argparse
from typing import Any

from embedded_ros2cli.errors import CliError, unknown
from embedded_ros2cli.messages import fill, get_interface, parse_values, to_yaml
from embedded_ros2cli.node_context import (
    add_spin_time,
    command_node,
    full_name,
    settle,
    spin_future,
)
from embedded_ros2cli.verbs import Verbs

DEFAULT_TIMEOUT_S = 10.0  # ours: the original waits for ever
CANCEL_TIMEOUT_S = 5.0  # ours
_SEND_GOAL = "/_action/send_goal"
_STATUS = {4: "SUCCEEDED", 5: "CANCELED", 6: "ABORTED"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 action``."""
    verbs = Verbs(parser)
    verb = verbs.add("list", list_actions, "Output a list of action names")
    verb.add_argument("-t", "--show-types", action="store_true", help="show the types, too")
    verb.add_argument("-c", "--count-actions", action="store_true", help="show the number only")
    add_spin_time(verb)
    verb = verbs.add("info", info, "Print information about an action")
    verb.add_argument("action_name")
    verb.add_argument("-t", "--show-types", action="store_true", help="show the types, too")
    verb.add_argument("-c", "--count", action="store_true", help="show the numbers only")
    add_spin_time(verb)
    verb = verbs.add("type", show_type, "Print an action's type")
    verb.add_argument("action_name")
    add_spin_time(verb)
    verb = verbs.add("send_goal", send_goal, "Send an action goal")
    verb.add_argument("action_name")
    verb.add_argument("action_type")
    verb.add_argument("goal", nargs="?", default="{}", help="fields as a YAML dictionary")
    verb.add_argument("-f", "--feedback", action="store_true", help="show the feedback")
    verb.add_argument(
        "--timeout", type=float, default=DEFAULT_TIMEOUT_S, metavar="SECONDS",
        help="longest wait for the server, and again for its acceptance (default: %(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--result-timeout", type=float, metavar="SECONDS",
        help="cancel the goal when it takes longer (default: no limit)",
    )  # fmt: skip


def _actions(node: Any) -> dict[str, list[str]]:
    return {
        name.removesuffix(_SEND_GOAL): [kind.removesuffix("_SendGoal") for kind in types]
        for name, types in sorted(node.get_service_names_and_types())
        if name.endswith(_SEND_GOAL)
    }


def list_actions(options: argparse.Namespace) -> None:
    """Print the actions."""
    with command_node() as node:
        settle(node, options.spin_time)
        actions = _actions(node)
        if options.count_actions:
            print(len(actions))
            return
        for name, types in actions.items():
            print(f"{name} [{', '.join(types)}]" if options.show_types else name)


def _find(node: Any, options: argparse.Namespace) -> tuple[str, list[str]]:
    settle(node, options.spin_time)
    name, actions = full_name(options.action_name), _actions(node)
    if name not in actions:
        raise unknown("action", name, actions)
    return name, actions[name]


def show_type(options: argparse.Namespace) -> None:
    """Print the types of an action."""
    with command_node() as node:
        for name in _find(node, options)[1]:
            print(name)


def info(options: argparse.Namespace) -> None:
    """Print the clients and servers of an action."""
    with command_node() as node:
        name, types = _find(node, options)
        print(f"Action: {name}")
        for title, method in (
            ("Action clients", node.get_client_names_and_types_by_node),
            ("Action servers", node.get_service_names_and_types_by_node),
        ):
            found = [
                f"{namespace.rstrip('/')}/{node_name}"
                for node_name, namespace in sorted(node.get_node_names_and_namespaces())
                if any(n == f"{name}{_SEND_GOAL}" for n, _ in method(node_name, namespace))
            ]
            print(f"{title}: {len(found)}")
            if not options.count:
                suffix = f" [{', '.join(types)}]" if options.show_types else ""
                for full in found:
                    print(f"    {full}{suffix}")


def _indented(message: Any) -> str:
    text = to_yaml(message)
    return "".join(f"    {line}\n" for line in text.splitlines())


def send_goal(options: argparse.Namespace) -> int:
    """Send a goal and wait for its result; Ctrl-C cancels it."""
    from rclpy.action import ActionClient

    action_class = get_interface(options.action_type, "action")
    goal = action_class.Goal()
    fill(goal, parse_values(options.goal))
    name = full_name(options.action_name)

    def on_feedback(message: Any) -> None:
        print(f"Feedback:\n{_indented(message.feedback)}", flush=True)

    with command_node(handle_signals=False) as node:
        client = ActionClient(node, action_class, name)
        try:
            print("Waiting for an action server to become available...", flush=True)
            if not client.wait_for_server(timeout_sec=options.timeout):
                raise unknown("action", name, _actions(node).keys() - {name})
            print(f"Sending goal:\n{_indented(goal)}", flush=True)
            future = client.send_goal_async(goal, on_feedback if options.feedback else None)
            handle = spin_future(node, future, options.timeout, f"action '{name}'")
            if not handle.accepted:
                print("Goal was rejected.")
                return 1
            goal_id = bytes(handle.goal_id.uuid).hex()
            print(f"Goal accepted with ID: {goal_id}\n", flush=True)
            return _await_result(node, handle, options)
        finally:
            client.destroy()


def _await_result(node: Any, handle: Any, options: argparse.Namespace) -> int:
    import rclpy

    what = f"action '{full_name(options.action_name)}'"
    future = handle.get_result_async()
    try:
        answer = spin_future(node, future, options.result_timeout, what)
    except (KeyboardInterrupt, CliError):
        print("Canceling goal...", flush=True)
        rclpy.spin_until_future_complete(
            node, handle.cancel_goal_async(), timeout_sec=CANCEL_TIMEOUT_S
        )
        raise
    print(f"Result:\n{_indented(answer.result)}")
    word = _STATUS.get(answer.status, f"UNKNOWN ({answer.status})")
    print(f"Goal finished with status: {word}")
    return 0 if answer.status == 4 else 1
