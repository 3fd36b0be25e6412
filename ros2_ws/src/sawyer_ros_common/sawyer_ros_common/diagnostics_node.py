"""All nodes' health on /diagnostics, with those that fell silent."""

from __future__ import annotations

import time
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from sawyer_interfaces.msg import NodeHealth

from sawyer_core import setting, validate
from sawyer_ros_common import qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node


@dataclass(frozen=True)
class DiagnosticsConfig:
    """Settings of the diagnostics node."""

    period_s: float = setting(1.0, unit="s", bounds=(0.05, 60.0), doc="publishing period")
    stale_after_s: float = setting(
        5.0,
        unit="s",
        bounds=(0.1, 600.0),
        read_only=False,
        doc="a node silent for longer is reported as stale",
    )

    def __post_init__(self) -> None:
        validate(self)


_LEVELS = {
    NodeHealth.OK: DiagnosticStatus.OK,
    NodeHealth.WARN: DiagnosticStatus.WARN,
    NodeHealth.ERROR: DiagnosticStatus.ERROR,
}


class DiagnosticsNode(ThinNode):
    """Gathers `health` and publishes /diagnostics."""

    def __init__(self) -> None:
        super().__init__("diagnostics")
        self._settings = ConfigParameters(self, DiagnosticsConfig)
        self._newest: dict[str, tuple[float, NodeHealth]] = {}

    def start(self) -> None:
        """Subscribe and start the publishing timer."""
        self._publisher = self.create_publisher(DiagnosticArray, "/diagnostics", qos.EVENT)
        self.create_subscription(NodeHealth, "health", self._on_health, qos.EVENT)
        self.create_timer(
            self._settings.config.period_s,
            self._publish,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def _on_health(self, message: NodeHealth) -> None:
        self._newest[message.node] = (time.monotonic(), message)

    def _status(self, name: str, age_s: float, report: NodeHealth) -> DiagnosticStatus:
        status = DiagnosticStatus(name=name, hardware_id="sawyer")
        status.level = _LEVELS.get(report.level, DiagnosticStatus.ERROR)
        status.message = report.summary
        if age_s > self._settings.config.stale_after_s:
            status.level = DiagnosticStatus.STALE
            status.message = f"silent for {age_s:.1f} s"
        status.values = [
            KeyValue(key=key, value=f"{value:g}")
            for key, value in zip(report.keys, report.values, strict=True)
        ]
        return status

    def _publish(self) -> None:
        self._settings.refresh()
        now = time.monotonic()
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        message.status = [
            self._status(name, now - seen, report)
            for name, (seen, report) in sorted(self._newest.items())
        ]
        self._publisher.publish(message)
        self.health.tick()


def main(args: list[str] | None = None) -> int:
    """Run the diagnostics node."""
    return run_node(DiagnosticsNode, args)
