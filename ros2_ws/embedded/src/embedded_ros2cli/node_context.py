"""The command's own ROS node."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from embedded_ros2cli.errors import CliError

SETTLE_S = 0.25  # ours: a graph that did not change for so long is taken as complete
POLL_S = 0.02
SIGNAL_STEP_S = 0.2  # ours: how soon a Ctrl-C is noticed where rclpy does not handle signals
DEFAULT_SPIN_TIME_S = 1.5  # ours: the longest wait for discovery in commands that list


def add_spin_time(parser: argparse.ArgumentParser) -> None:
    """Add ``--spin-time`` and the arguments of the original that have no effect here."""
    parser.add_argument(
        "--spin-time",
        type=float,
        default=DEFAULT_SPIN_TIME_S,
        metavar="SECONDS",
        help="longest wait for discovery (default: %(default)s)",
    )
    parser.add_argument("--no-daemon", action="store_true", help="no effect: there is no daemon")


@contextlib.contextmanager
def command_node(*, handle_signals: bool = True) -> Iterator[Any]:
    """Yield a hidden node; it is gone afterwards, whatever happens.

    Without ``handle_signals`` Ctrl-C leaves the context as it is, for those who still have
    something to say to the graph.
    """
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rclpy.signals import SignalHandlerOptions

    rclpy.init(
        args=[],
        signal_handler_options=(
            SignalHandlerOptions.ALL if handle_signals else SignalHandlerOptions.NO
        ),
    )
    try:
        node = rclpy.create_node(
            f"_ros2cli_{os.getpid()}",
            start_parameter_services=False,
            enable_rosout=False,
            parameter_overrides=[],
        )
        try:
            yield node
        except ExternalShutdownException:  # SIGTERM, or a SIGINT that was ignored before us
            raise KeyboardInterrupt from None
        finally:
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def snapshot(node: Any) -> Any:
    """Return something that changes whenever the graph does."""
    return (
        sorted(node.get_topic_names_and_types()),
        sorted(node.get_service_names_and_types()),
        sorted(node.get_node_names_and_namespaces()),
    )


def settle(node: Any, spin_time_s: float = DEFAULT_SPIN_TIME_S) -> None:
    """Wait until discovery has come to rest, ``spin_time_s`` at most."""
    start_s = time.monotonic()
    changed_s, seen = start_s, snapshot(node)
    while time.monotonic() - start_s < spin_time_s:
        time.sleep(POLL_S)
        current = snapshot(node)
        if current != seen:
            changed_s, seen = time.monotonic(), current
        elif len(current[2]) > 1 and time.monotonic() - changed_s > SETTLE_S:
            return


def wait_for(condition: Callable[[], Any], timeout_s: float) -> Any:
    """Return the first true value of a condition, or what it is when the time is up."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value or time.monotonic() >= deadline_s:
            return value
        time.sleep(POLL_S)


def spin_future(node: Any, future: Any, timeout_s: float | None, what: str) -> Any:
    """Spin until a future is done; returns its result."""
    import rclpy

    deadline_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
    while not future.done():
        left_s = deadline_s - time.monotonic()
        if left_s <= 0.0:
            raise CliError(f"{what}: no answer within {timeout_s:g} s")
        if not rclpy.ok():
            raise KeyboardInterrupt
        rclpy.spin_until_future_complete(node, future, timeout_sec=min(left_s, SIGNAL_STEP_S))
    return future.result()


def full_name(name: str) -> str:
    """Return a name with its leading slash."""
    return name if name.startswith("/") else f"/{name}"


def topic_types(node: Any, topic: str) -> list[str]:
    """Return the types of a topic."""
    found: dict[str, list[str]] = dict(node.get_topic_names_and_types())
    return found.get(topic, [])


def resolve_topic_type(node: Any, topic: str, type_name: str | None, timeout_s: float) -> Any:
    """Return the message class of a topic, from the graph where it is not given."""
    from embedded_ros2cli.messages import get_message_class

    if type_name is None:
        types = wait_for(lambda: topic_types(node, topic), timeout_s)
        if not types:
            raise CliError(
                f"could not determine the type of topic '{topic}': it does not exist "
                f"(waited {timeout_s:g} s); give the type to wait for it"
            )
        if len(types) > 1:
            raise CliError(f"topic '{topic}' has several types, give one: {', '.join(types)}")
        type_name = types[0]
    return get_message_class(type_name)
