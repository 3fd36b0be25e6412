"""Driver of the twin: takes joint targets, publishes states; the real arm's seat."""

from __future__ import annotations

import gc
import time

from rclpy.clock import Clock, ClockType
from sawyer_interfaces.msg import DriverState, ErrorCode
from sawyer_interfaces.srv import PrepareEpisode
from trajectory_msgs.msg import JointTrajectory

from sawyer_controllers.joint_loop import JointLoopConfig
from sawyer_core import CommandRejectedError, ConfigError, SawyerError, SensorFrame
from sawyer_core.errors import RejectionCode
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_stamp
from sawyer_sim.config import TwinConfig
from sawyer_sim.twin import Twin
from sawyer_sim_ros.config import DriverConfig
from sawyer_sim_ros.lockstep import LockstepStepper, check_target
from sawyer_sim_ros.realtime import RealtimeLoop
from sawyer_sim_ros.state_publishers import StatePublishers


class TwinDriverNode(ThinNode):
    """Holds the twin with its 1 kHz joint loop; idle until an episode is prepared."""

    def __init__(self) -> None:
        super().__init__("twin_driver")
        self._config = ConfigParameters(self, DriverConfig).config
        self._twin_config = ConfigParameters(self, TwinConfig, "twin").config
        self._loop_config = ConfigParameters(self, JointLoopConfig, "joint_loop").config
        self._twin: Twin | None = None
        self._loop: RealtimeLoop | None = None
        self._state = DriverState(clock=self._config.clock, connector=self._config.connector)
        self._prepared = False
        self._prepared_ns = 0
        self._since_visual = 0
        self._visual_every = 1

    def start(self) -> None:
        """Build the twin, then open for targets."""
        config = self._config
        self._twin = Twin(config.connector, self._twin_config, joint_loop=self._loop_config)
        self._outputs = StatePublishers(self)
        self._state_publisher = self.create_publisher(DriverState, "driver/state", qos.LATCHED)
        self._stepper = LockstepStepper(self._twin, config.period_s)
        self.create_service(PrepareEpisode, "twin/prepare_episode", self._prepare)
        self.create_subscription(JointTrajectory, "joint_target", self._on_target, qos.COMMAND)
        if config.clock == "realtime":
            every, rest = divmod(1000.0, config.state_rate_hz)
            if rest:
                raise ConfigError("state_rate_hz", config.state_rate_hz, "a divisor of 1000")
            self._visual_every = round(config.period_s * config.state_rate_hz)
            self._loop = RealtimeLoop(
                self._twin, int(every), self._publish, priority=config.priority
            )
            gc.freeze()  # what is loaded stays: no collection pause in the loop for it
        self.create_timer(1.0, self._watch, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._publish_state()

    def _watch(self) -> None:
        if self._loop is not None:
            if self._loop.error is not None:
                raise self._loop.error
            self._publish_state()

    def close(self) -> None:
        """Stop the loop; the torques end with it."""
        if self._loop is not None:
            self._loop.stop()
        if self._twin is not None:
            self._twin.close()

    def _prepare(
        self, request: PrepareEpisode.Request, response: PrepareEpisode.Response
    ) -> PrepareEpisode.Response:
        if not self._config.prepare_enabled:
            response.error_code = ErrorCode.DRIVER_PREPARE_DISABLED
            response.error_msg = "twin/prepare_episode is disabled by prepare_enabled"
            return response
        try:
            frame = self._prepare_twin(request.seed)
        except SawyerError as error:
            response.error_code = ErrorCode.DRIVER_PREPARE_FAILED
            response.error_msg = str(error)
            return response
        self._prepared = True
        self._prepared_ns = frame.stamp_ns
        self._since_visual = self._visual_every
        response.stamp = to_stamp(frame.stamp_ns)
        self._publish_state()
        self._publish(frame)
        return response

    def _prepare_twin(self, seed: int) -> SensorFrame:
        twin = self._twin
        if twin is None:
            raise ConfigError("twin", None, "a started node")
        if self._loop is None:
            return twin.prepare_episode(seed)
        with self._loop.lock:
            frame = twin.prepare_episode(seed)
            self._loop.restart_schedule()
        if not self._loop.is_alive():
            self._loop.start()
        return frame

    def _on_target(self, message: JointTrajectory) -> None:
        began = time.perf_counter()
        try:
            target = conversions.joint_target(message)
            if not self._prepared or self._twin is None:
                raise CommandRejectedError(RejectionCode.NOT_STARTED, "no episode is prepared")
            if self._loop is None:
                frame = self._stepper.step(target)
            else:
                period_ns = round(self._config.period_s * 1e9)
                check_target(target, self._twin.time_ns, self._config.period_s, period_ns)
                self._loop.set_target(target)
                return
        except SawyerError as error:
            self._refuse(error)
            return
        self._state.step_wall_s = time.perf_counter() - began
        if self._state.loop_status != self._status():
            self._publish_state()  # before the frame: whoever acts on the frame knows it
        self._publish(frame)
        self.health.tick()

    def _refuse(self, error: SawyerError) -> None:
        self._state.refused_targets += 1
        self.health.count("refused_targets")
        self.health.warn(str(error))
        self.get_logger().warning(str(error))
        self._publish_state()

    def _publish(self, frame: SensorFrame) -> None:
        """States first: the control nodes work on them while the camera node draws."""
        self._outputs.state(frame)
        self._since_visual += 1
        twin = self._twin
        if twin is not None and self._config.visual and self._since_visual >= self._visual_every:
            self._since_visual = 0
            tick = (frame.stamp_ns - self._prepared_ns) // 1_000_000
            self._outputs.visual(frame, twin.seed or 0, tick, twin.joint_positions())

    def _status(self) -> str:
        return "" if self._twin is None else str(self._twin.loop.status.value)

    def _publish_state(self) -> None:
        state, twin = self._state, self._twin
        if twin is None:
            return
        state.header = conversions.header(twin.time_ns)
        state.loop_status = self._status()
        state.contact_stops = twin.loop.stops
        state.periods = self._stepper.periods
        state.ticks = twin.time_ns // 1_000_000
        if self._loop is not None:
            state.overruns = self._loop.overruns
            self.health.put("overruns", self._loop.overruns)
            self.health.put("ticks", self._loop.ticks)
            self.health.put("has_priority", self._loop.has_priority)
        self._state_publisher.publish(state)


def main(args: list[str] | None = None) -> int:
    """Run the driver."""
    return run_node(TwinDriverNode, args)
