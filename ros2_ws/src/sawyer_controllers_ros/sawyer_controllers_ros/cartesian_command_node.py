"""Cartesian command: the guard, then displacement to joint target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from sawyer_interfaces.msg import EeCommand, ErrorCode
from sawyer_interfaces.srv import AcquireCommander, ReleaseCommander
from trajectory_msgs.msg import JointTrajectory

from sawyer_controllers.cartesian import CartesianConfig, CartesianInterface
from sawyer_controllers.guard import CommandGuard, GuardConfig, GuardDecision, GuardStatus
from sawyer_controllers.kinematics import ArmModel
from sawyer_controllers_ros.safety_report import SafetyReport
from sawyer_controllers_ros.task_config import load_task_parameter
from sawyer_core import (
    ArmState,
    CommandRejectedError,
    EeDelta,
    IkError,
    JointTarget,
    TransportError,
    Wrench,
    setting,
    validate,
)
from sawyer_core.errors import RejectionCode
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.frames import ARM, Frame, FrameSource
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.waits import Deadlines


@dataclass(frozen=True)
class CommandConfig:
    """Settings of the node itself."""

    rate_hz: float = setting(
        10.0,
        unit="Hz",
        bounds=(1.0, 100.0),
        doc="commands per second; a joint target lasts one period",
        source="thesis chapter 9: up to 10 Hz",
    )
    silence_s: float = setting(
        2.0, unit="s", bounds=(0.05, 60.0), doc="wall time without a state that is reported"
    )
    max_ahead_s: float = setting(
        0.2,
        unit="s",
        bounds=(0.0, 5.0),
        doc="a command stamped further ahead of the newest state is refused (ours: two periods)",
    )

    def __post_init__(self) -> None:
        validate(self)


class CartesianCommandNode(ThinNode):
    """Lets one commander at a time move the arm, within limits."""

    def __init__(self) -> None:
        super().__init__("cartesian_command")
        self._config = ConfigParameters(self, CommandConfig).config
        self._guard_settings = ConfigParameters(self, GuardConfig, "guard")
        self._cartesian_config = ConfigParameters(self, CartesianConfig, "cartesian").config
        self._task = load_task_parameter(self)
        self._guard = CommandGuard(self._guard_settings.config, self._task)
        self._period_s = 1.0 / self._config.rate_hz
        self._pending: EeCommand | None = None
        self._last: tuple[str, int, int] | None = None
        self._last_target: JointTarget | None = None
        self._heard = False

    def start(self) -> None:
        """Make the kinematics and open for commands."""
        self._deadlines = Deadlines(self)
        self._interface = CartesianInterface(self._cartesian_config, ArmModel(), self._task)
        self._targets = self.create_publisher(JointTrajectory, "joint_target", qos.COMMAND)
        self._report = SafetyReport(self, self._guard, self.health)
        # It may wait for a state, so it must not hold the callback group of the states.
        waits = ReentrantCallbackGroup()
        self.create_service(
            AcquireCommander, "commander/acquire", self._acquire, callback_group=waits
        )
        self.create_service(ReleaseCommander, "commander/release", self._release)
        self.create_subscription(EeCommand, "ee_command", self._on_command, qos.COMMAND)
        self._frames = FrameSource(self, (*ARM, "wrench_centered", "driver"), self._on_frame)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self._config.silence_s, self._listen, clock=steady)

    async def _acquire(
        self, request: AcquireCommander.Request, response: AcquireCommander.Response
    ) -> AcquireCommander.Response:
        try:
            frame = await self._frames.wait_for(
                to_ns(request.start), self._deadlines, self._config.silence_s
            )
            self._guard.acquire(request.source)
            if request.fresh and frame.arm is not None:
                self._guard.reset()
                self._interface.reset(frame.arm)
                self._last, self._last_target = None, None
            self._report.accepted(frame.stamp_ns, request.source)
        except TransportError as error:
            response.error_code = ErrorCode.COMMAND_NO_STATE
            response.error_msg = f"{error}; {self._frames.missing()}"
        except CommandRejectedError as error:
            response.error_code = ErrorCode.COMMAND_NOT_COMMANDER
            response.error_msg = str(error)
        response.holder = self._guard.commander or ""
        return response

    def _release(
        self, request: ReleaseCommander.Request, response: ReleaseCommander.Response
    ) -> ReleaseCommander.Response:
        try:
            self._guard.release(request.source)
        except CommandRejectedError as error:
            response.error_code = ErrorCode.COMMAND_NOT_COMMANDER
            response.error_msg = str(error)
        response.holder = self._guard.commander or ""
        return response

    def _on_command(self, message: EeCommand) -> None:
        newest = self._frames.newest
        refused = self._refuse(message, 0 if newest is None else newest.stamp_ns)
        if refused is not None:
            self._report.refused(_delta(message), refused[1], refused[0])
        elif newest is None or to_ns(message.header.stamp) > newest.stamp_ns:
            self._pending = message  # its state is still on the way to us
        else:
            self._execute(message, newest)

    def _refuse(self, message: EeCommand, newest_ns: int) -> tuple[int, str] | None:
        """Why a command may not even wait for its state."""
        try:
            self._guard.check_source(message.source)
        except CommandRejectedError as error:
            return int(ErrorCode.COMMAND_NOT_COMMANDER), str(error)
        ahead_s = (to_ns(message.header.stamp) - newest_ns) * 1e-9
        if ahead_s > self._config.max_ahead_s:
            text = f"{ahead_s:.3f} s ahead of the state, allowed {self._config.max_ahead_s:g} s"
            return int(ErrorCode.COMMAND_STALE), text
        return None

    def _on_frame(self, frame: Frame) -> None:
        self._heard = True
        if frame.driver is not None:
            self._guard.note_loop_stops(frame.driver.contact_stops)
        pending = self._pending
        if pending is not None and to_ns(pending.header.stamp) <= frame.stamp_ns:
            self._pending = None
            self._execute(pending, frame)
        elif frame.arm is not None:
            self._watch(frame.arm)

    def _execute(self, message: EeCommand, frame: Frame) -> None:
        if frame.arm is None or frame.wrench_centered is None:
            return
        command = _delta(message)
        identity = (command.source, command.step, command.stamp_ns)
        if identity == self._last and self._last_target is not None:
            self._targets.publish(conversions.joint_target_message(self._last_target))
            return
        try:
            decision = self._decide(command, frame.arm, frame.wrench_centered)
        except CommandRejectedError as error:
            self._report.refused(command, str(error))
            return
        self._last = identity
        self._report.decided(command, decision)
        self.health.tick()

    def _decide(self, command: EeDelta, arm: ArmState, wrench: Wrench) -> GuardDecision:
        if self._guard_settings.refresh():
            self._guard.config = self._guard_settings.config
        return self._send(arm, self._guard.check(command, arm, wrench))

    def _send(self, arm: ArmState, decision: GuardDecision) -> GuardDecision:
        """Publish the joint target of a decision; without a solution the arm holds."""
        try:
            target = self._interface.execute(decision, arm, self._period_s)
        except (IkError, CommandRejectedError) as error:
            last = self._last_target
            q_rad = arm.q_rad if last is None else last.q_rad
            target = JointTarget(arm.stamp_ns, q_rad, self._period_s)
            no_solution = RejectionCode.NO_SOLUTION
            decision = GuardDecision(
                np.zeros(3), GuardStatus.HOLD, (str(error),), code=no_solution
            )
        self._last_target = target
        self._targets.publish(conversions.joint_target_message(target))
        return decision

    def _watch(self, arm: ArmState) -> None:
        """Degrade when the commander is silent: hold, then retract or stop."""
        last = self._last_target
        if last is None or (arm.stamp_ns - last.stamp_ns) * 1e-9 < self._period_s - 1e-9:
            return
        decision = self._guard.watchdog(arm.stamp_ns, arm)
        if decision is None:
            return
        if decision.status is not GuardStatus.STOPPED:
            decision = self._send(arm, decision)
        self._report.watchdog(arm.stamp_ns, decision)

    def _listen(self) -> None:
        if not self._heard and self._guard.commander is not None:
            self.health.warn(f"no state for {self._config.silence_s:g} s")
        self._heard = False


def _delta(message: EeCommand) -> EeDelta:
    return EeDelta(
        to_ns(message.header.stamp),
        conversions.xyz(message.translation),
        message.source,
        message.step,
    )


def main(args: list[str] | None = None) -> int:
    """Run the Cartesian command node."""
    return run_node(CartesianCommandNode, args)
