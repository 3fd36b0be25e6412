"""What the guard did, on `safety/state`: every command that was not simply executed."""

from __future__ import annotations

from rclpy.node import Node
from sawyer_interfaces.msg import ErrorCode, SafetyState

from sawyer_controllers.guard import CommandGuard, GuardDecision, GuardStatus
from sawyer_core import EeDelta
from sawyer_core.errors import RejectionCode
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.health import HealthReporter

_STATUS = {
    GuardStatus.OK: SafetyState.OK,
    GuardStatus.CLIPPED: SafetyState.CLIPPED,
    GuardStatus.HOLD: SafetyState.HOLD,
    GuardStatus.RETRACT: SafetyState.RETRACT,
    GuardStatus.STOPPED: SafetyState.STOPPED,
}
_CODE = {
    RejectionCode.NON_FINITE: ErrorCode.COMMAND_NON_FINITE,
    RejectionCode.OUT_OF_RANGE: ErrorCode.COMMAND_OVERSIZED,
    RejectionCode.OUTSIDE_WORKSPACE: ErrorCode.COMMAND_OUT_OF_BOX,
    RejectionCode.STALE: ErrorCode.COMMAND_STALE,
    RejectionCode.CONTACT_STOP: ErrorCode.COMMAND_CONTACT_STOP,
    RejectionCode.NO_SOLUTION: ErrorCode.COMMAND_IK_FAILED,
}


def error_code(decision: GuardDecision) -> int:
    """Error code of what the guard refused or clipped."""
    return int(ErrorCode.NONE if decision.code is None else _CODE[decision.code])


class SafetyReport:
    """Publishes and counts; says "ok" once after each trouble."""

    def __init__(self, node: Node, guard: CommandGuard, health: HealthReporter) -> None:
        self._guard = guard
        self._health = health
        self._node = node
        self._publisher = node.create_publisher(SafetyState, "safety/state", qos.EVENT_LATCHED)
        self._state = SafetyState()

    def accepted(self, stamp_ns: int, source: str) -> None:
        """A commander took the seat."""
        self._publish(stamp_ns, SafetyState.OK, source, 0, ())

    def refused(
        self, command: EeDelta, reason: str, code: int = ErrorCode.COMMAND_NOT_COMMANDER
    ) -> None:
        """A command that is not looked at, above all of somebody who does not command."""
        self._state.refused_count += 1
        self._health.count("refused_commands")
        self._health.warn(reason)
        self._node.get_logger().warning(reason)
        self._state.error_code = code
        self._publish(
            command.stamp_ns, SafetyState.REFUSED, command.source, command.step, (reason,)
        )

    def decided(self, command: EeDelta, decision: GuardDecision) -> None:
        """A commander's command; plain execution is not reported over and over."""
        status = _STATUS[decision.status]
        if status == SafetyState.OK and self._state.status == SafetyState.OK:
            return
        if status == SafetyState.CLIPPED:
            self._state.clipped_count += 1
            self._health.count("clipped_commands")
        elif status != SafetyState.OK:
            self._state.refused_count += 1
            self._health.count("refused_commands")
            self._health.warn("; ".join(decision.reasons))
        self._state.error_code = error_code(decision)
        self._publish(command.stamp_ns, status, command.source, command.step, decision.reasons)

    def watchdog(self, stamp_ns: int, decision: GuardDecision) -> None:
        """The commander is silent; a lasting stop is said once."""
        status = _STATUS[decision.status]
        if status == SafetyState.STOPPED and self._state.status == SafetyState.STOPPED:
            return
        self._state.watchdog_count += 1
        self._health.count("watchdog")
        self._health.warn("; ".join(decision.reasons))
        self._state.error_code = error_code(decision)
        self._publish(stamp_ns, status, self._guard.commander or "", 0, decision.reasons)

    def _publish(
        self, stamp_ns: int, status: int, source: str, step: int, reasons: tuple[str, ...]
    ) -> None:
        state = self._state
        state.header = conversions.header(stamp_ns)
        state.status = status
        state.commander = self._guard.commander or ""
        state.source, state.step, state.reasons = source, step, list(reasons)
        state.contact_stop_count = self._guard.contact_stops
        self._publisher.publish(state)
        state.error_code = ErrorCode.NONE
