"""The server's side of one goal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.action._goals import ACTIVE, Goal, GoalEvent, GoalState, next_status

if TYPE_CHECKING:
    from rclpy.action.server import ActionServer


class ServerGoalHandle:
    """A goal that the server has accepted: its request, its state, its feedback."""

    def __init__(self, action_server: ActionServer, goal: Goal, goal_request: Any) -> None:
        """Made by the action server when it accepts a goal."""
        self._action_server = action_server
        self._goal: Goal | None = goal
        self._goal_info = goal.info
        self._goal_request = goal_request
        self._last_status = goal.status

    def __repr__(self) -> str:
        return f"ServerGoalHandle(goal_id={self.goal_id.uuid}, status={self.status})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerGoalHandle):
            return False
        return bytes(bytearray(self.goal_id.uuid)) == bytes(bytearray(other.goal_id.uuid))

    def __hash__(self) -> int:
        return hash(bytes(bytearray(self.goal_id.uuid)))

    @property
    def request(self) -> Any:
        """The goal message of the client."""
        return self._goal_request

    @property
    def goal_id(self) -> Any:
        """The ``unique_identifier_msgs/msg/UUID`` of the goal."""
        return self._goal_info.goal_id

    @property
    def is_active(self) -> bool:
        """Whether the goal has not ended (and its handle has not been destroyed)."""
        return self._goal is not None and self._goal.status in ACTIVE

    @property
    def is_cancel_requested(self) -> bool:
        """Whether a cancel request has been accepted."""
        return self._goal is not None and self._goal.status is GoalState.CANCELING

    @property
    def status(self) -> int:
        """State of the goal, one of the constants of ``action_msgs/msg/GoalStatus``."""
        return int(GoalState.UNKNOWN if self._goal is None else self._goal.status)

    def _update_state(self, event: GoalEvent) -> None:
        """Apply an event; without effect after the handle has been destroyed."""
        goal = self._goal
        if goal is None:
            return
        with goal.lock:
            goal.status = next_status(goal.status, event)
        self._action_server._goal_changed(goal)

    def execute(self, execute_callback: Callable[[ServerGoalHandle], Any] | None = None) -> None:
        """Start the execution of the goal.

        Args:
            execute_callback: Called instead of the server's; may be a coroutine function.
        """
        goal = self._goal
        # A goal that is being canceled stays so; the callback sees it and ends the goal.
        if goal is not None:
            with goal.lock:
                starts = goal.status is not GoalState.CANCELING
            if starts:
                self._update_state(GoalEvent.EXECUTE)
        self._action_server.notify_execute(self, execute_callback)

    def publish_feedback(self, feedback: Any) -> None:
        """Send feedback to the client.

        Raises:
            TypeError: ``feedback`` is not of the action's feedback type.
        """
        goal = self._goal
        if goal is not None:
            self._action_server._publish_feedback(goal, feedback)

    def succeed(self, response: Any = None) -> None:
        """End the goal with success; ``response`` replaces what the callback returns."""
        self._end(GoalEvent.SUCCEED, response)

    def abort(self, response: Any = None) -> None:
        """End the goal with failure; ``response`` replaces what the callback returns."""
        self._end(GoalEvent.ABORT, response)

    def canceled(self, response: Any = None) -> None:
        """End the goal as canceled; ``response`` replaces what the callback returns."""
        self._end(GoalEvent.CANCELED, response)

    def _end(self, event: GoalEvent, response: Any) -> None:
        goal = self._goal
        self._update_state(event)
        if goal is not None and response is not None:
            goal.given_result = response
            self._action_server._set_result(goal, response)

    def destroy(self) -> None:
        """Forget the goal; its client gets the status UNKNOWN if it waits for a result."""
        goal, self._goal = self._goal, None
        if goal is not None:
            self._action_server._forget(goal)
