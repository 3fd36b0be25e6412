"""``ros2 bag record``."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from embedded_ros2cli.bag_types import message_definition, to_bag_qos, topic_chooser
from embedded_ros2cli.errors import CliError
from embedded_ros2cli.messages import get_message_class
from embedded_ros2cli.qos_arguments import fitting_qos
from embedded_ros2cli.topic_listing import is_hidden

QUEUE_DEPTH = 1000  # ours: images and 1 kHz streams side by side must not push each other out
FLUSH_PERIOD_S = 1.0  # ours
NODE_NAME = "rosbag2_recorder"


class Recorder:
    """Subscribes to topics as they appear and writes what comes, undecoded."""

    def __init__(self, node: Any, writer: Any, options: argparse.Namespace) -> None:
        """Write to an open bag writer."""
        self._node = node
        self._writer = writer
        self._options = options
        wanted = _wanted(options)
        self._is_chosen = topic_chooser(options, wanted)
        self._wanted = {name if name.startswith("/") else f"/{name}" for name in wanted}
        self._seen: set[str] = set()
        self.message_count = 0

    def flush(self) -> None:
        """Hand what was recorded so far to the operating system."""
        flush(self._writer)

    def discover(self) -> None:
        """Subscribe to the chosen topics that are new."""
        for topic, types in sorted(self._node.get_topic_names_and_types()):
            if topic in self._seen or not self._is_chosen(topic):
                continue
            hidden = is_hidden(topic) and topic not in self._wanted
            if hidden and not self._options.include_hidden_topics:
                continue
            publishers = self._node.get_publishers_info_by_topic(topic)
            if publishers:
                self._seen.add(topic)
                self._subscribe(topic, types, publishers)

    def _subscribe(self, topic: str, types: list[str], publishers: list[Any]) -> None:
        logger = self._node.get_logger()
        if len(types) != 1:
            logger.warning(f"topic '{topic}' has several types, not recorded: {types}")
            return
        try:
            message_class = get_message_class(types[0])
            definition, digest = message_definition(types[0])
        except (CliError, LookupError) as error:
            logger.warning(f"topic '{topic}' is not recorded: {error}")
            return
        connection = self._writer.add_connection(
            topic,
            types[0],
            msgdef=definition,
            rihs01=digest,
            offered_qos_profiles=[to_bag_qos(info.qos_profile) for info in publishers],
        )
        clock = self._node.get_clock() if self._options.use_sim_time else None

        def on_message(data: Any) -> None:
            stamp_ns = time.time_ns() if clock is None else clock.now().nanoseconds
            self._writer.write(connection, stamp_ns, data)
            self.message_count += 1

        qos = fitting_qos(publishers, depth=QUEUE_DEPTH)
        self._node.create_subscription(message_class, topic, on_message, qos, raw=True)
        logger.info(f"Subscribed to topic '{topic}'")


def flush(writer: Any) -> None:
    """Hand what was recorded so far to the operating system.

    After a SIGKILL the bag lacks its index and metadata.yaml, but all up to here is in the file:
    whole MCAP chunks, or committed rows.
    """
    from rosbags.rosbag2.storage_mcap import McapWriter
    from rosbags.rosbag2.storage_sqlite3 import Sqlite3Writer

    storage = writer.storage
    if isinstance(storage, McapWriter):
        if storage.chunk.msgs:
            storage.close_chunk()
        storage.bio.flush()
    elif isinstance(storage, Sqlite3Writer):
        storage.conn.commit()


def _output(options: argparse.Namespace) -> Path:
    if options.output is not None:
        path: Path = options.output
    else:
        path = Path(time.strftime("rosbag2_%Y_%m_%d-%H_%M_%S"))
    if path.exists():
        raise CliError(f"output folder '{path}' already exists")
    return path


def _wanted(options: argparse.Namespace) -> list[str]:
    return [*options.topic_words, *options.topics]


def _check(options: argparse.Namespace) -> None:
    """Refuse bad options before anything is created."""
    topic_chooser(options, _wanted(options))
    chosen = options.topic_words or options.topics or options.regex
    if options.all and chosen:
        raise CliError("--all and a choice of topics exclude each other")
    if not options.all and not chosen:
        raise CliError("no topics: name some, or give --all or --regex")
    if options.polling_interval <= 0:
        raise CliError(f"--polling-interval is {options.polling_interval}, allowed: 1 ms or more")


def record(options: argparse.Namespace) -> int:
    """Record until interrupted; the bag is closed properly on SIGINT and SIGTERM."""
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

    _check(options)
    path = _output(options)
    writer = Writer(path, version=9, storage_plugin=StoragePlugin[options.storage.upper()])
    writer.set_compression(
        CompressionMode[options.compression_mode.upper()], CompressionFormat.ZSTD
    )
    rclpy.init(args=[])
    overrides = []
    if options.use_sim_time:
        from rclpy.parameter import Parameter

        overrides.append(Parameter("use_sim_time", value=True))
    node = rclpy.create_node(
        NODE_NAME, start_parameter_services=False, parameter_overrides=overrides
    )
    try:
        writer.open()
        recorder = Recorder(node, writer, options)
        try:
            node.get_logger().info("Listening for topics...")
            _spin(rclpy, node, recorder, options)
        except (KeyboardInterrupt, ExternalShutdownException):
            print("stopping the recording", file=sys.stderr)
        finally:
            with _uninterrupted():
                writer.close()
    except (OSError, sqlite3.Error) as error:
        raise CliError(f"recording to '{path}' failed: {error}") from error
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    print(f"{recorder.message_count} messages in '{path}'", file=sys.stderr)
    return 0


def _spin(rclpy: Any, node: Any, recorder: Recorder, options: argparse.Namespace) -> None:
    start_s = time.monotonic()
    period_s = options.polling_interval / 1000.0
    looking = node.create_timer(period_s, recorder.discover, clock=_steady_clock())
    if options.no_discovery:
        time.sleep(1.0)  # one look, after discovery has had a chance
    node.create_timer(FLUSH_PERIOD_S, recorder.flush, clock=_steady_clock())
    recorder.discover()
    if options.no_discovery:
        looking.cancel()
    limit_s = options.max_bag_duration
    if limit_s is None:
        rclpy.spin(node)
        return
    while rclpy.ok() and time.monotonic() - start_s < limit_s:
        rclpy.spin_once(node, timeout_sec=limit_s - (time.monotonic() - start_s))


def _steady_clock() -> Any:
    from rclpy.clock import Clock, ClockType

    return Clock(clock_type=ClockType.STEADY_TIME)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let no signal cut the closing of the bag short."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
