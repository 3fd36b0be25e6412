"""The driver's own account: `driver/state` with every state, figures for the diagnostics."""

from __future__ import annotations

from rclpy.node import Node
from sawyer_interfaces.msg import DriverState

from sawyer_ros_common import conversions, qos
from sawyer_ros_common.health import HealthReporter
from sawyer_sim.realtime import RealtimeLoop
from sawyer_sim.twin import Twin
from sawyer_sim_ros.config import DriverConfig
from sawyer_sim_ros.snapshot import Snapshot


class DriverReport:
    """Publishes `driver/state`, one for each published state and with its stamp.

    Args:
        node: owner of the publisher.
        health: the node's figures.
        config: clock and connector.
        twin: the twin.
        loop: the realtime loop, if there is one.
    """

    def __init__(
        self,
        node: Node,
        health: HealthReporter,
        config: DriverConfig,
        twin: Twin,
        loop: RealtimeLoop[Snapshot] | None,
    ) -> None:
        self._health = health
        self._twin = twin
        self._loop = loop
        self._state = DriverState(clock=config.clock, connector=config.connector)
        self._publisher = node.create_publisher(DriverState, "driver/state", qos.EVENT_LATCHED)
        self._refused = 0
        self.dropped = 0

    def refused(self, reason: str) -> None:
        """A joint target was refused."""
        self._refused += 1
        self._health.warn(reason)
        self.now()

    def period(self, periods: int, wall_s: float) -> None:
        """A control period has passed."""
        self._state.periods, self._state.step_wall_s = periods, wall_s

    def now(self) -> None:
        """Publish without a snapshot: something has changed between two states."""
        loop = self._twin.loop
        self._publish(self._twin.time_ns, loop.status.value, loop.stops, loop.force_bias_n)

    def of(self, snapshot: Snapshot) -> None:
        """Publish what belongs to a state."""
        self._publish(
            snapshot.stamp_ns, snapshot.loop_status, snapshot.contact_stops, snapshot.force_bias_n
        )

    def _publish(
        self, stamp_ns: int, status: str, stops: int, bias_n: tuple[float, float, float]
    ) -> None:
        state, loop = self._state, self._loop
        state.header = conversions.header(stamp_ns)
        state.ticks = stamp_ns // 1_000_000
        if status != state.loop_status and status in ("hold", "contact_stop", "latched", "fault"):
            self._health.warn(f"joint loop: {status}")
        state.loop_status, state.contact_stops = status, stops
        state.force_bias = conversions.vector3(bias_n)
        state.refused_targets = self._refused
        state.dropped_states = self.dropped
        if loop is not None:
            state.refused_targets += loop.refused_targets
            state.overruns, state.late_periods = loop.overruns, loop.late_periods
            self._health.put("ticks", loop.ticks)
            self._health.put("has_priority", loop.scheduling != "ordinary")
            self._health.put("overruns", loop.overruns)
            self._health.put("late_periods", loop.late_periods)
            self._health.put("dropped_states", self.dropped)
        self._health.put("refused_targets", state.refused_targets)
        self._health.put("contact_stops", stops)
        self._publisher.publish(state)
