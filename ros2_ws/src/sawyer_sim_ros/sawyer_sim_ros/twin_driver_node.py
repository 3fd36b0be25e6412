"""Driver of the twin: takes joint targets, publishes states; the real arm's seat."""

from __future__ import annotations

import contextlib
import time
from collections import deque

from rclpy.clock import Clock, ClockType
from sawyer_interfaces.msg import ErrorCode
from sawyer_interfaces.srv import PrepareEpisode, SetForceBias
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from sawyer_controllers.joint_loop import JointLoopConfig, LoopStatus
from sawyer_core import CommandRejectedError, ConfigError, SawyerError
from sawyer_core.errors import RejectionCode
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_stamp
from sawyer_sim.config import TwinConfig
from sawyer_sim.realtime import RealtimeLoop, prepare_process
from sawyer_sim.twin import Twin
from sawyer_sim_ros.config import DriverConfig
from sawyer_sim_ros.driver_report import DriverReport
from sawyer_sim_ros.lockstep import LockstepStepper, check_target
from sawyer_sim_ros.snapshot import Snapshot, take_snapshot
from sawyer_sim_ros.state_publishers import StatePublishers

QUEUED_STATES = 10
"""Snapshots of the realtime loop that may wait for the executor; older ones are dropped (ours)."""


class TwinDriverNode(ThinNode):
    """Holds the twin with its 1 kHz joint loop; idle until an episode is prepared.

    Everything is published by the executor. In realtime the loop's thread only queues snapshots,
    and the twin is touched under the loop's lock alone.
    """

    def __init__(self) -> None:
        super().__init__("twin_driver")
        self._config = ConfigParameters(self, DriverConfig).config
        self._twin_config = ConfigParameters(self, TwinConfig, "twin").config
        self._loop_config = ConfigParameters(self, JointLoopConfig, "joint_loop").config
        self._twin: Twin | None = None
        self._loop: RealtimeLoop[Snapshot] | None = None
        self._queue: deque[Snapshot] = deque()
        self._prepared = False
        self._prepared_ns = 0
        self._since_visual = 0
        self._visual_every = 1

    def start(self) -> None:
        """Build the twin, then open for targets."""
        config = self._config
        twin = self._twin = Twin(config.connector, self._twin_config, joint_loop=self._loop_config)
        objects = [body.name for body in twin.connector.loose_bodies]
        self._outputs = StatePublishers(self, objects)
        self._stepper = LockstepStepper(twin, config.period_s)
        self._queued = self.create_guard_condition(self._publish_queued)
        if config.clock == "realtime":
            every, rest = divmod(1000.0, config.state_rate_hz)
            if rest:
                raise ConfigError("state_rate_hz", config.state_rate_hz, "a divisor of 1000")
            self._visual_every = round(config.period_s * config.state_rate_hz)
            self._loop = RealtimeLoop(
                twin,
                int(every),
                lambda: take_snapshot(twin),
                self._give,
                priority=config.priority,
            )
        self._report = DriverReport(self, self.health, config, twin, self._loop)
        self.create_service(PrepareEpisode, "driver/prepare_episode", self._prepare)
        self.create_service(SetForceBias, "driver/set_force_bias", self._set_force_bias)
        self.create_service(Trigger, "driver/engage", self._engage)
        self.create_subscription(JointTrajectory, "joint_target", self._on_target, qos.COMMAND)
        self.create_timer(1.0, self._watch, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._report.now()
        self.get_logger().info(f"F_max down at the goal: {twin.push_bound_n():.1f} N")

    def _watch(self) -> None:
        if self._loop is not None and self._loop.error is not None:
            raise self._loop.error

    def close(self) -> None:
        """Stop the loop; the torques end with it."""
        if self._loop is not None:
            self._loop.stop()
        if self._twin is not None:
            self._twin.close()

    def _alone(self) -> contextlib.AbstractContextManager[object]:
        """Keep the loop's thread off the twin."""
        return contextlib.nullcontext() if self._loop is None else self._loop.lock

    def _prepare(
        self, request: PrepareEpisode.Request, response: PrepareEpisode.Response
    ) -> PrepareEpisode.Response:
        if not self._config.prepare_enabled:
            response.error_code = ErrorCode.DRIVER_PREPARE_DISABLED
            response.error_msg = "driver/prepare_episode is disabled by prepare_enabled"
            return response
        try:
            snapshot = self._prepare_twin(request.seed, list(request.object_yaw))
        except SawyerError as error:
            response.error_code = ErrorCode.DRIVER_PREPARE_FAILED
            response.error_msg = str(error)
            return response
        self._since_visual = self._visual_every
        response.stamp = to_stamp(snapshot.stamp_ns)
        self._publish(snapshot)
        return response

    def _prepare_twin(self, seed: int, object_yaw_rad: list[float]) -> Snapshot:
        twin, loop = self._twin, self._loop
        if twin is None:
            raise ConfigError("twin", None, "a started node")
        with self._alone():
            snapshot = take_snapshot(twin, twin.prepare_episode(seed, object_yaw_rad))
            self._prepared, self._prepared_ns = True, snapshot.stamp_ns
            if loop is not None:
                loop.restart_schedule()
        if loop is not None and loop.ident is None:
            prepare_process()
            loop.start()
        return snapshot

    def _set_force_bias(
        self, request: SetForceBias.Request, response: SetForceBias.Response
    ) -> SetForceBias.Response:
        try:
            if self._twin is not None:
                with self._alone():
                    self._twin.loop.set_force_bias(conversions.xyz(request.bias).tolist())
        except CommandRejectedError as error:
            response.error_code, response.error_msg = ErrorCode.DRIVER_BAD_BIAS, str(error)
        return response

    def _engage(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Start a latched or faulty joint loop anew, where the arm is."""
        twin = self._twin
        if twin is None or not self._prepared:
            response.message = "no episode is prepared"
            return response
        with self._alone():
            was = twin.loop.status
            if was in (LoopStatus.LATCHED, LoopStatus.FAULT):
                twin.loop.start(twin.arm_state().q_rad.tolist())
        response.success = True
        response.message = f"joint loop: {was.value} -> {twin.loop.status.value}"
        self.get_logger().info(response.message)
        self._report.now()
        return response

    def _on_target(self, message: JointTrajectory) -> None:
        began = time.perf_counter()
        twin, loop = self._twin, self._loop
        try:
            target = conversions.joint_target(message)
            if not self._prepared or twin is None:
                raise CommandRejectedError(RejectionCode.NOT_STARTED, "no episode is prepared")
            if loop is not None:
                period_ns = round(self._config.period_s * 1e9)
                check_target(target, twin.time_ns, self._config.period_s, period_ns)
                loop.set_target(target)
                return
            snapshot = take_snapshot(twin, self._stepper.step(target))
        except SawyerError as error:
            self.get_logger().warning(str(error))
            self._report.refused(str(error))
            return
        self._report.period(self._stepper.periods, time.perf_counter() - began)
        self._publish(snapshot)
        self.health.tick()

    def _give(self, snapshot: Snapshot) -> None:
        """In the loop's thread: have the executor publish it."""
        self._queue.append(snapshot)
        self._queued.trigger()

    def _publish_queued(self) -> None:
        while self._queue:
            snapshot = self._queue.popleft()
            if len(self._queue) >= QUEUED_STATES:
                self._report.dropped += 1
            elif snapshot.stamp_ns >= self._prepared_ns:  # else of the episode before
                self._publish(snapshot)

    def _publish(self, snapshot: Snapshot) -> None:
        """States first: the control nodes work on them while the camera node draws."""
        self._report.of(snapshot)
        self._outputs.state(snapshot.frame)
        self._since_visual += 1
        if self._config.visual and self._since_visual >= self._visual_every:
            self._since_visual = 0
            self._outputs.visual(snapshot)


def main(args: list[str] | None = None) -> int:
    """Run the driver."""
    return run_node(TwinDriverNode, args)
