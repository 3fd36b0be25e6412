"""Reset: an action that brings the arm above the commanded goal and zeroes the force."""

from __future__ import annotations

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.task import Future
from sawyer_interfaces.action import Reset
from sawyer_interfaces.msg import ErrorCode, ForceBias
from sawyer_interfaces.srv import CalibrateForce, SetForceBias

from sawyer_controllers.reset import ResetCommand, ResetConfig, ResetRoutine
from sawyer_controllers_ros.commander import Commander, CommanderConfig
from sawyer_controllers_ros.insertion_message import insertion_state
from sawyer_controllers_ros.task_config import load_task_parameter
from sawyer_core import CommandRejectedError, ConfigError, EeDelta, SawyerError, TransportError
from sawyer_core.errors import RejectionCode
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.frames import ARM, Frame, FrameSource
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.single_goal import SingleGoal
from sawyer_ros_common.stamps import to_ns, to_stamp
from sawyer_ros_common.waits import Deadlines


class ResetNode(ThinNode):
    """Serves action `reset`; one at a time, as a coroutine on the node's executor."""

    def __init__(self) -> None:
        super().__init__("reset")
        self._commander_config = ConfigParameters(self, CommanderConfig).config
        config = ConfigParameters(self, ResetConfig, "routine").config
        self._routine = ResetRoutine(config, load_task_parameter(self))
        self._single = SingleGoal()
        self._bias_failed = False
        self._bias = ForceBias()
        self._bias_wanted: tuple[int, Future] | None = None
        self._calibrating_from_ns = 0

    def start(self) -> None:
        """Create the action."""
        self._deadlines = Deadlines(self)
        self._frames = FrameSource(self, (*ARM, "wrench", "insertion"))
        self._commander = Commander(
            self, self._frames, "reset", self._commander_config, self._deadlines
        )
        self._calibrate = self.create_client(CalibrateForce, "force_bias/calibrate")
        self._tell_driver = self.create_client(SetForceBias, "driver/set_force_bias")
        self.create_subscription(ForceBias, "force_bias", self._on_bias, qos.LATCHED)
        self._server = ActionServer(
            self,
            Reset,
            "reset",
            self._execute,
            goal_callback=self._single.offer,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def close(self) -> None:
        """Let nobody wait for a reset that cannot end."""
        if hasattr(self, "_deadlines"):
            self._deadlines.cancel_all()

    def _on_bias(self, message: ForceBias) -> None:
        self._bias = message
        wanted = self._bias_wanted
        if wanted is not None and self._tells(message, wanted[0]):
            self._bias_wanted = None
            if not wanted[1].done():
                wanted[1].set_result(message)

    def _tells(self, report: ForceBias, stamp_ns: int) -> bool:
        """Whether a report covers the sample at ``stamp_ns`` or ended the calibration."""
        reported_ns = to_ns(report.header.stamp)
        ended = not report.collecting and reported_ns >= self._calibrating_from_ns
        return reported_ns >= stamp_ns or ended

    async def _execute(self, handle: ServerGoalHandle) -> Reset.Result:
        with self._single:
            result = Reset.Result()
            before = self._routine.recoveries
            await self._try(handle, result)
            result.attempts = self._routine.recoveries - before
            result.failures = self._routine.failures
            self.health.put("failures", self._routine.failures)
            self.health.put("recoveries", self._routine.recoveries)
            if result.error_code:
                self.health.error(result.error_msg)
                self.get_logger().error(f"reset failed: {result.error_msg}")
            self._end(handle, result)
            return result

    async def _try(self, handle: ServerGoalHandle, result: Reset.Result) -> None:
        try:
            await self._run(handle, result)
        except TransportError as error:
            result.error_code, result.error_msg = ErrorCode.RESET_NO_STATE, str(error)
        except (CommandRejectedError, ConfigError) as error:
            result.error_code, result.error_msg = ErrorCode.RESET_REFUSED, str(error)
        except SawyerError as error:
            result.error_code, result.error_msg = ErrorCode.RESET_FAILED, str(error)
        except Exception:  # a mistake of ours: the action server reports it, the seat is left
            await self._commander.release()
            raise
        await self._commander.release()

    @staticmethod
    def _end(handle: ServerGoalHandle, result: Reset.Result) -> None:
        if result.error_code == ErrorCode.RESET_CANCELED:
            handle.canceled()
        elif result.error_code:
            handle.abort()
        else:
            handle.succeed()

    async def _run(self, handle: ServerGoalHandle, result: Reset.Result) -> None:
        request = handle.request
        self._bias_failed = False
        frame = await self._commander.frame_from(to_ns(request.start))
        if frame.arm is None:
            raise TransportError(self._frames.missing())
        self._routine.start(frame.arm, conversions.xyz(request.goal_position), request.inserted)
        await self._commander.acquire(frame.stamp_ns, fresh=True)
        calibrating = False
        phase = ""
        while True:
            if calibrating:
                calibrating = not await self._zeroed(frame)
            command = self._step(frame)
            if command.zero_force and not calibrating:
                await self._calibrate_after(frame)
                calibrating = True
            if command.phase.value != phase:
                phase = command.phase.value
                handle.publish_feedback(Reset.Feedback(phase=phase, step=result.steps))
            if command.done or command.failed or handle.is_cancel_requested:
                break
            delta = EeDelta(frame.stamp_ns, command.delta_m, "reset", result.steps)
            frame = await self._commander.answer(self._commander.send(delta))
            result.steps += 1
            self.health.tick()
        self._fill(result, command, frame)

    def _step(self, frame: Frame) -> ResetCommand:
        if frame.arm is None or frame.wrench is None or frame.insertion is None:
            raise TransportError(self._frames.missing())
        return self._routine.step(frame.arm, frame.wrench, insertion_state(frame.insertion))

    async def _calibrate_after(self, frame: Frame) -> None:
        """Start a calibration with the sample after this frame."""
        self._calibrating_from_ns = frame.stamp_ns + 1
        request = CalibrateForce.Request(start=to_stamp(self._calibrating_from_ns))
        await self._deadlines.call(
            self._calibrate, request, self._commander_config.service_timeout_s
        )

    async def _zeroed(self, frame: Frame) -> bool:
        """Whether the sample of this frame ended the calibration."""
        report = await self._bias_from(frame.stamp_ns)
        if report.collecting:
            return False
        if report.calibrated:
            await self._hand_over(report)
        self._bias_failed = not report.calibrated
        self._routine.force_zeroed(bool(report.calibrated), report.error_msg)
        return True

    async def _hand_over(self, report: ForceBias) -> None:
        """Let the driver's contact stop judge with this bias before anything moves on."""
        request = SetForceBias.Request(bias=report.bias)
        timeout_s = self._commander_config.service_timeout_s
        reply = await self._deadlines.call(self._tell_driver, request, timeout_s)
        if reply.error_code:
            raise CommandRejectedError(RejectionCode.NON_FINITE, reply.error_msg)

    async def _bias_from(self, stamp_ns: int) -> ForceBias:
        if self._tells(self._bias, stamp_ns):
            return self._bias
        future = self._deadlines.new_future()
        self._bias_wanted = (stamp_ns, future)
        what = f"force_bias said nothing about the sample at {stamp_ns} ns"
        try:
            report: ForceBias = await self._deadlines.watch(
                future, self._commander_config.frame_timeout_s, what
            )
        finally:
            self._bias_wanted = None
        return report

    def _fill(self, result: Reset.Result, command: ResetCommand, frame: Frame) -> None:
        result.stamp = to_stamp(frame.stamp_ns)
        result.bias, result.bias_std_n = self._bias.bias, self._bias.std_n
        if command.failed:
            bias = self._bias_failed
            result.error_code = ErrorCode.RESET_BIAS_FAILED if bias else ErrorCode.RESET_FAILED
            result.error_msg = command.message
        elif not command.done:
            result.error_code, result.error_msg = ErrorCode.RESET_CANCELED, "canceled"


def main(args: list[str] | None = None) -> int:
    """Run the reset node."""
    return run_node(ResetNode, args)
