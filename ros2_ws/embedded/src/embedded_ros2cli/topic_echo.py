"""``ros2 topic echo``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from embedded_ros2cli.errors import CliError
from embedded_ros2cli.messages import get_field, to_csv, to_yaml
from embedded_ros2cli.node_context import command_node, full_name, resolve_topic_type
from embedded_ros2cli.qos_arguments import subscription_qos

TYPE_TIMEOUT_S = 10.0  # ours: how long a topic of unknown type is waited for
PUBLISHER_WAIT_S = 0.3  # ours: how long its publishers' QoS is, where the type is given
_SPIN_S = 0.5


class _Echo:
    """Prints messages as they come."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        length = None if options.full_length else options.truncate_length
        self._limits: dict[str, Any] = {
            "truncate_length": length,
            "no_arr": options.no_arr,
            "no_str": options.no_str,
        }
        self._filter = None
        if options.filter:
            try:
                self._filter = compile(options.filter, "--filter", "eval")
            except SyntaxError as error:
                raise CliError(f"--filter {options.filter!r}: {error}") from None
        self.count = 0
        self.error: CliError | None = None

    def __call__(self, message: Any) -> None:
        try:
            self._print(message)
        except CliError as error:
            self.error = error

    def _print(self, message: Any) -> None:
        if self._options.once and self.count:
            return
        if self._options.raw:
            text = f"{message!r}\n"
        else:
            if self._filter is not None and not self._passes(message):
                return
            if self._options.field:
                message = get_field(message, self._options.field)
            if self._options.csv:
                sys.stdout.write(f"{to_csv(message, **self._limits)}\n")
                self._done()
                return
            text = to_yaml(message, flow_style=self._options.flow_style, **self._limits)
        sys.stdout.write(f"{text}---\n")
        self._done()

    def _done(self) -> None:
        sys.stdout.flush()
        self.count += 1

    def _passes(self, message: Any) -> bool:
        assert self._filter is not None
        try:
            return bool(eval(self._filter, {}, {"m": message}))
        except Exception as error:
            raise CliError(
                f"--filter {self._options.filter!r}: {type(error).__name__}: {error}"
            ) from None


def echo(options: argparse.Namespace) -> int:
    """Print the messages of a topic; status 1 where ``--once`` got none."""
    import rclpy

    topic = full_name(options.topic_name)
    printer = _Echo(options)
    with command_node() as node:
        timeout_s = TYPE_TIMEOUT_S if options.timeout is None else options.timeout
        message_class = resolve_topic_type(node, topic, options.message_type, timeout_s)
        publishers = _publishers(node, topic)
        qos = subscription_qos(options, publishers)
        node.create_subscription(message_class, topic, printer, qos, raw=options.raw)
        start_s = time.monotonic()
        while rclpy.ok():
            rclpy.spin_once(node, timeout_sec=_remaining(options.timeout, start_s))
            if printer.error is not None:
                raise printer.error
            if options.once and printer.count:
                return 0
            if options.timeout is not None and time.monotonic() - start_s >= options.timeout:
                return 0 if printer.count else 1
    return 0


def _remaining(timeout_s: float | None, start_s: float) -> float:
    if timeout_s is None:
        return _SPIN_S
    return max(0.0, min(_SPIN_S, timeout_s - (time.monotonic() - start_s)))


def _publishers(node: Any, topic: str) -> list[Any]:
    """Return the publishers known so far, giving discovery a moment."""
    deadline_s = time.monotonic() + PUBLISHER_WAIT_S
    while True:
        found: list[Any] = node.get_publishers_info_by_topic(topic)
        if found or time.monotonic() > deadline_s:
            return found
        time.sleep(0.02)
