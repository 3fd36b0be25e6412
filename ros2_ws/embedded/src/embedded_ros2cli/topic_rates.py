"""``ros2 topic hz`` and ``bw``."""

from __future__ import annotations

import argparse
import collections
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

from embedded_ros2cli.errors import CliError
from embedded_ros2cli.node_context import command_node, full_name, resolve_topic_type
from embedded_ros2cli.qos_arguments import subscription_qos

REPORT_PERIOD_S = 1.0
TYPE_TIMEOUT_S = 30.0  # ours


def _observe(
    options: argparse.Namespace,
    on_message: Callable[[bytes], None],
    report: Callable[[], str | None],
) -> int:
    """Receive serialised messages and print a report once a second."""
    import rclpy

    if options.window < 2:
        raise CliError(f"--window is {options.window}, allowed: 2 or more")
    topic = full_name(options.topic_name)
    with command_node() as node:
        message_class = resolve_topic_type(node, topic, options.topic_type, TYPE_TIMEOUT_S)
        qos = subscription_qos(options, node.get_publishers_info_by_topic(topic))
        node.create_subscription(message_class, topic, on_message, qos, raw=True)
        start_s = time.monotonic()
        next_s = start_s + REPORT_PERIOD_S
        while rclpy.ok():
            now_s = time.monotonic()
            if now_s >= next_s:
                print(report() or f"WARNING: no new messages on [{topic}]", flush=True)
                next_s += REPORT_PERIOD_S
            if options.duration is not None and now_s - start_s >= options.duration:
                return 0
            rclpy.spin_once(node, timeout_sec=max(0.0, next_s - now_s))
    return 0


def hz(options: argparse.Namespace) -> int:
    """Print the rate of a topic."""
    arrivals: collections.deque[float] = collections.deque(maxlen=options.window)
    seen = [0, 0]

    def on_message(_: bytes) -> None:
        arrivals.append(time.monotonic())
        seen[0] += 1

    def report() -> str | None:
        if seen[0] == seen[1] or len(arrivals) < 2:
            return None
        seen[1] = seen[0]
        times = list(arrivals)
        periods = [b - a for a, b in itertools.pairwise(times)]
        mean = statistics.fmean(periods)
        return (
            f"average rate: {1.0 / mean if mean else float('inf'):.3f}\n"
            f"\tmin: {min(periods):.3f}s max: {max(periods):.3f}s "
            f"std dev: {statistics.pstdev(periods):.5f}s window: {len(times)}"
        )

    return _observe(options, on_message, report)


def _size(count: float) -> str:
    if count < 1000:
        return f"{count:.0f} B"
    if count < 1000000:
        return f"{count / 1000:.2f} KB"
    return f"{count / 1000000:.2f} MB"


def bw(options: argparse.Namespace) -> int:
    """Print the bandwidth of a topic."""
    arrivals: collections.deque[tuple[float, int]] = collections.deque(maxlen=options.window)
    print(f"Subscribed to [{full_name(options.topic_name)}]", flush=True)

    def on_message(data: Any) -> None:
        arrivals.append((time.monotonic(), len(data)))

    def report() -> str | None:
        if len(arrivals) < 2:
            return None
        sizes = [size for _, size in arrivals]
        elapsed_s = time.monotonic() - arrivals[0][0]
        return (
            f"{_size(sum(sizes) / elapsed_s)}/s from {len(sizes)} messages\n"
            f"\tMessage size mean: {_size(statistics.fmean(sizes))} "
            f"min: {_size(min(sizes))} max: {_size(max(sizes))}"
        )

    return _observe(options, on_message, report)
