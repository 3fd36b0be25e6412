"""Each node's counters, published once a second for the diagnostics node."""

from __future__ import annotations

import time

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sawyer_interfaces.msg import NodeHealth

from sawyer_ros_common import qos

PERIOD_S = 1.0
"""Report period (ours): slow enough to cost nothing."""


class HealthReporter:
    """Counts what a node does and reports it on `health`.

    ``tick`` counts one unit of the node's main work and gives the rate; ``count`` and ``put``
    keep named figures; ``warn`` and ``error`` mark the next report.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(NodeHealth, "health", qos.EVENT)
        self._figures: dict[str, float] = {"work": 0.0, "rate_hz": 0.0}
        self._last_work = 0.0
        self._last_time = time.monotonic()
        self._level = NodeHealth.OK
        self._summary = "ok"
        self._timer = node.create_timer(
            PERIOD_S, self.report, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def tick(self) -> None:
        """One unit of work done."""
        self._figures["work"] += 1.0

    def count(self, key: str, by: float = 1.0) -> None:
        """Add to a figure."""
        self._figures[key] = self._figures.get(key, 0.0) + by

    def put(self, key: str, value: float) -> None:
        """Set a figure."""
        self._figures[key] = float(value)

    def figure(self, key: str) -> float:
        """Present value of a figure, 0 if it was never touched."""
        return self._figures.get(key, 0.0)

    def warn(self, summary: str) -> None:
        """Mark the next report as a warning."""
        if self._level != NodeHealth.ERROR:
            self._level, self._summary = NodeHealth.WARN, summary

    def error(self, summary: str) -> None:
        """Mark the next report as an error."""
        self._level, self._summary = NodeHealth.ERROR, summary

    def report(self) -> None:
        """Publish the figures and start over with level OK."""
        now = time.monotonic()
        elapsed = now - self._last_time
        if elapsed > 0.0:
            self._figures["rate_hz"] = (self._figures["work"] - self._last_work) / elapsed
        self._last_work, self._last_time = self._figures["work"], now
        message = NodeHealth(
            node=self._node.get_fully_qualified_name(),
            level=self._level,
            summary=self._summary,
            keys=list(self._figures),
            values=list(self._figures.values()),
        )
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
        self._level, self._summary = NodeHealth.OK, "ok"
