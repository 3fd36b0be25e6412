"""``ros2 topic pub``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from embedded_ros2cli.errors import CliError
from embedded_ros2cli.messages import fill, get_message_class, parse_values
from embedded_ros2cli.node_context import command_node, full_name, wait_for
from embedded_ros2cli.qos_arguments import publisher_qos

_PROGRESS_S = 1.0


def pub(options: argparse.Namespace) -> int:
    """Publish messages."""
    if not options.rate > 0.0:
        raise CliError(f"--rate is {options.rate}, allowed: more than 0 Hz")
    if options.times < 0:
        raise CliError(f"--times is {options.times}, allowed: 0 (without end) or more")
    message_class = get_message_class(options.message_type)
    values = parse_values(options.values)
    # Refuses bad values before anything is started.
    fill(message_class(), values, now=get_message_class("builtin_interfaces/msg/Time")())
    with command_node() as node:
        publisher = node.create_publisher(
            message_class, full_name(options.topic_name), publisher_qos(options)
        )
        times = 1 if options.once else options.times
        wanted = options.wait_matching_subscriptions
        _await_subscriptions(publisher, (1 if times else 0) if wanted is None else wanted, options)
        print("publisher: beginning loop", flush=True)
        _loop(node, publisher, message_class, values, times, options)
        time.sleep(options.keep_alive)
    return 0


def _await_subscriptions(publisher: Any, wanted: int, options: argparse.Namespace) -> None:
    deadline_s = time.monotonic() + options.max_wait_time_secs
    while publisher.get_subscription_count() < wanted:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0.0:
            raise CliError(
                f"only {publisher.get_subscription_count()} of {wanted} matching subscriptions "
                f"within {options.max_wait_time_secs:g} s"
            )
        enough = wait_for(
            lambda: publisher.get_subscription_count() >= wanted, min(left_s, _PROGRESS_S)
        )
        if not enough:
            print(f"Waiting for at least {wanted} matching subscription(s)...", file=sys.stderr)


def _loop(
    node: Any,
    publisher: Any,
    message_class: Any,
    values: dict[str, Any],
    times: int,
    options: argparse.Namespace,
) -> None:
    """Publish on a fixed grid of times."""
    import rclpy

    count = 0
    next_s = time.monotonic()
    while rclpy.ok():
        message = message_class()
        fill(message, values, now=node.get_clock().now().to_msg())
        publisher.publish(message)
        count += 1
        if options.print_every and count % options.print_every == 0:
            print(f"publishing #{count}: {message!r}\n", flush=True)
        if times and count >= times:
            return
        next_s += 1.0 / options.rate
        delay_s = next_s - time.monotonic()
        if delay_s > 0.0:
            time.sleep(delay_s)
        else:
            next_s = time.monotonic()
