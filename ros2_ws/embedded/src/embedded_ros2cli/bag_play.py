"""``ros2 bag play``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded_ros2cli.bag_types import from_bag_qos, read_overrides, topic_chooser
from embedded_ros2cli.errors import CliError, unknown
from embedded_ros2cli.messages import get_message_class
from embedded_ros2cli.node_context import full_name
from embedded_types.typehash import type_hash

NODE_NAME = "rosbag2_player"
MATCH_TIME_S = 0.5  # ours: longest time for subscribers that are there already to be found
LONGEST_SLEEP_S = 0.1  # ours: how soon the end of the context is noticed


def open_bag(path: Path) -> Any:
    """Return an open reader; every fault of the bag is a clear error."""
    from rosbags.rosbag2 import Reader
    from rosbags.rosbag2.errors import ReaderError

    if not path.exists():
        raise CliError(f"bag '{path}' does not exist")
    try:
        reader = Reader(path)
        reader.open()
    except (ReaderError, OSError, ValueError, KeyError, AssertionError) as error:
        hint = ""
        if path.is_dir() and not (path / "metadata.yaml").is_file():
            hint = " (no metadata.yaml: it was not closed properly, or is no bag)"
        raise CliError(f"bag '{path}' cannot be read{hint}: {error}") from error
    return reader


class _Player:
    """Publishes the messages of a bag at their times."""

    def __init__(self, node: Any, reader: Any, options: argparse.Namespace) -> None:
        self._node = node
        self._reader = reader
        self._options = options
        self._publishers: dict[int, Any] = {}
        self._clock_publisher: Any = None
        self._clock_class: Any = None
        if options.clock > 0.0 or options.clock_topics_all:
            self._clock_class = get_message_class("rosgraph_msgs/msg/Clock")
            self._clock_publisher = node.create_publisher(self._clock_class, "/clock", 10)
        self._add_publishers()

    def _add_publishers(self) -> None:
        options = self._options
        names = {full_name(connection.topic) for connection in self._reader.connections}
        for name in options.topics:
            if full_name(name) not in names:
                raise unknown("topic of the bag", full_name(name), names)
        is_chosen = topic_chooser(options, options.topics)
        remaps = _remaps(options)
        overrides = read_overrides(options.qos_profile_overrides_path)
        for connection in self._reader.connections:
            topic = full_name(connection.topic)
            if not is_chosen(topic) or (topic == "/clock" and self._clock_publisher is not None):
                continue
            message_class = self._message_class(connection)
            if message_class is None:
                continue
            qos = from_bag_qos(connection.ext.offered_qos_profiles)
            for key, value in overrides.get(topic, {}).items():
                setattr(qos, key, value)
            self._publishers[connection.id] = self._node.create_publisher(
                message_class, remaps.get(topic, topic), qos
            )
        if not self._publishers:
            raise CliError("nothing to be played: no topic of the bag is chosen and known")

    def _message_class(self, connection: Any) -> Any:
        warn = self._node.get_logger().warning
        try:
            found = get_message_class(connection.msgtype)
        except CliError as error:
            warn(f"topic '{connection.topic}' is not played: {error}")
            return None
        if connection.digest.startswith("RIHS01") and connection.digest != type_hash(
            connection.msgtype
        ):
            warn(
                f"topic '{connection.topic}' is not played: {connection.msgtype} has changed "
                "since it was recorded"
            )
            return None
        return found

    def play(self, is_ok: Callable[[], bool]) -> int:
        """Play once; returns the number of messages."""
        options = self._options
        connections = [c for c in self._reader.connections if c.id in self._publishers]
        first_ns = self._reader.start_time + int(options.start_offset * 1e9)
        start_s = time.monotonic()
        count = 0
        clock_period_s = 1.0 / options.clock if options.clock > 0.0 else float("inf")
        next_clock_s = start_s if options.clock > 0.0 else float("inf")
        for connection, stamp_ns, data in self._reader.messages(connections, start=first_ns):
            due_s = start_s + (stamp_ns - first_ns) * 1e-9 / options.rate
            while True:
                now_s = time.monotonic()
                if next_clock_s <= min(now_s, due_s):
                    elapsed_s = (next_clock_s - start_s) * options.rate
                    self._publish_clock(first_ns + int(elapsed_s * 1e9))
                    next_clock_s += clock_period_s
                    continue
                if not is_ok():
                    return count
                wait_s = min(due_s, next_clock_s) - now_s
                if wait_s <= 0.0:
                    break
                time.sleep(min(wait_s, LONGEST_SLEEP_S))
            if options.clock_topics_all:
                self._publish_clock(stamp_ns)
            self._publishers[connection.id].publish(bytes(data))
            count += 1
        return count

    def _publish_clock(self, stamp_ns: int) -> None:
        message = self._clock_class()
        message.clock.sec, message.clock.nanosec = divmod(stamp_ns, 10**9)
        self._clock_publisher.publish(message)

    def wait_for_matches(self) -> None:
        """Give subscribers that are there already a moment to be found."""
        deadline_s = time.monotonic() + MATCH_TIME_S
        time.sleep(0.1)
        while time.monotonic() < deadline_s:
            waiting = [
                p
                for p in self._publishers.values()
                if p.get_subscription_count() < self._node.count_subscribers(p.topic_name)
            ]
            if not waiting and any(p.get_subscription_count() for p in self._publishers.values()):
                return
            time.sleep(0.02)

    def wait_for_acks(self) -> None:
        """Wait for reliable subscribers, as long as ``--wait-for-all-acked`` allows."""
        from rclpy.duration import Duration

        milliseconds = self._options.wait_for_all_acked
        if milliseconds > 0:
            for publisher in self._publishers.values():
                publisher.wait_for_all_acked(Duration(nanoseconds=milliseconds * 1_000_000))


def _remaps(options: argparse.Namespace) -> dict[str, str]:
    result: dict[str, str] = {}
    for rule in options.remap:
        old, separator, new = rule.partition(":=")
        if not separator or not old or not new:
            raise CliError(f"malformed remap rule '{rule}', expected <old>:=<new>")
        result[full_name(old)] = full_name(new)
    return result


def play(options: argparse.Namespace) -> int:
    """Play a bag."""
    import rclpy
    from rclpy.executors import ExternalShutdownException

    if not options.rate > 0.0:
        raise CliError(f"--rate is {options.rate}, allowed: more than 0")
    for name in ("clock", "delay", "start_offset"):
        if not getattr(options, name) >= 0.0:
            raise CliError(f"--{name.replace('_', '-')} is negative")
    reader = open_bag(options.bag_path)
    rclpy.init(args=[])
    try:
        node = rclpy.create_node(NODE_NAME, start_parameter_services=False)
        player = _Player(node, reader, options)
        player.wait_for_matches()
        time.sleep(options.delay)
        count = 0
        while rclpy.ok():
            count += player.play(rclpy.ok)
            if not options.loop:
                break
        player.wait_for_acks()
        node.destroy_node()
    except ExternalShutdownException:
        raise KeyboardInterrupt from None
    finally:
        reader.close()
        rclpy.try_shutdown()
    print(f"{count} messages played", file=sys.stderr)
    return 0
