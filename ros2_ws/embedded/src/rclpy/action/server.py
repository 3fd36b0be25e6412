"""Action servers."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from action_msgs.msg import GoalInfo, GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from rclpy.action._goals import (
    CancelError,
    Goal,
    GoalEvent,
    GoalRegister,
    GoalState,
    select_for_cancel,
    uuid_bytes,
)
from rclpy.action._responses import (
    CancelResponse,
    GoalResponse,
    await_or_execute,
    default_cancel_callback,
    default_goal_callback,
    default_handle_accepted_callback,
)
from rclpy.action._server_goal_handle import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.qos import (
    QoSProfile,
    qos_profile_action_status_default,
    qos_profile_services_default,
)
from rclpy.task import Future

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.node import Node

__all__ = [
    "ActionServer",
    "CancelResponse",
    "GoalEvent",
    "GoalResponse",
    "GoalStatus",
    "ServerGoalHandle",
    "default_cancel_callback",
    "default_goal_callback",
    "default_handle_accepted_callback",
]

DEFAULT_RESULT_TIMEOUT_S = 900  # as in Humble


class ActionServer:
    """Serves an action.

    Callbacks may be coroutine functions. The execute callback runs as a task of the
    executor, outside the callback group.
    """

    def __init__(
        self,
        node: Node,
        action_type: Any,
        action_name: str,
        execute_callback: Callable[[ServerGoalHandle], Any] | None,
        *,
        callback_group: CallbackGroup | None = None,
        goal_callback: Callable[[Any], Any] = default_goal_callback,
        handle_accepted_callback: Callable[
            [ServerGoalHandle], Any
        ] = default_handle_accepted_callback,
        cancel_callback: Callable[[ServerGoalHandle], Any] = default_cancel_callback,
        goal_service_qos_profile: QoSProfile = qos_profile_services_default,
        result_service_qos_profile: QoSProfile = qos_profile_services_default,
        cancel_service_qos_profile: QoSProfile = qos_profile_services_default,
        feedback_pub_qos_profile: QoSProfile | int = 10,
        status_pub_qos_profile: QoSProfile = qos_profile_action_status_default,
        result_timeout: float = DEFAULT_RESULT_TIMEOUT_S,
    ) -> None:
        """Create the services and topics of the action.

        Args:
            node: The node that serves.
            action_type: The action class, for example ``example_interfaces.action.Fibonacci``.
            action_name: Name of the action.
            execute_callback: Gets the goal handle, ends the goal (``succeed``, ``abort``,
                ``canceled``) and returns the result message. None if every goal is executed
                with a callback of its own.
            callback_group: Group of the goal and cancel services.
            goal_callback: Gets the goal message, returns a GoalResponse.
            handle_accepted_callback: Gets the goal handle after acceptance.
            cancel_callback: Gets the goal handle, returns a CancelResponse.
            goal_service_qos_profile: QoS of the goal service.
            result_service_qos_profile: QoS of the result service.
            cancel_service_qos_profile: QoS of the cancel service.
            feedback_pub_qos_profile: QoS of the feedback topic.
            status_pub_qos_profile: QoS of the status topic.
            result_timeout: Seconds for which the result of an ended goal is kept.
        """
        if callback_group is None:
            callback_group = node.default_callback_group
        self._node = node
        self._action_type = action_type
        self._action_name = action_name
        self._lock = threading.RLock()
        self._register = GoalRegister(result_timeout)
        self._destroyed = False
        self.register_goal_callback(goal_callback)
        self.register_handle_accepted_callback(handle_accepted_callback)
        self.register_cancel_callback(cancel_callback)
        self._execute_callback: Callable[[ServerGoalHandle], Any] | None = None
        if execute_callback is not None:
            self.register_execute_callback(execute_callback)

        base = f"{action_name}/_action"
        impl = action_type.Impl
        self._status_pub = node.create_publisher(
            GoalStatusArray, f"{base}/status", status_pub_qos_profile
        )
        self._feedback_pub = node.create_publisher(
            impl.FeedbackMessage, f"{base}/feedback", feedback_pub_qos_profile
        )
        self._services = [
            node.create_service(
                impl.SendGoalService,
                f"{base}/send_goal",
                self._on_goal_request,
                qos_profile=goal_service_qos_profile,
                callback_group=callback_group,
            ),
            node.create_service(
                CancelGoal,
                f"{base}/cancel_goal",
                self._on_cancel_request,
                qos_profile=cancel_service_qos_profile,
                callback_group=callback_group,
            ),
            # Its callback waits for the end of the goal, which must hold up nothing else.
            node.create_service(
                impl.GetResultService,
                f"{base}/get_result",
                self._on_result_request,
                qos_profile=result_service_qos_profile,
                callback_group=ReentrantCallbackGroup(),
            ),
        ]

    @property
    def action_type(self) -> Any:
        """The action class."""
        return self._action_type

    def register_goal_callback(self, goal_callback: Callable[[Any], Any] | None) -> None:
        """Replace the goal callback; None accepts every goal."""
        if goal_callback is None:
            goal_callback = default_goal_callback
        self._goal_callback = _callable("goal_callback", goal_callback)

    def register_handle_accepted_callback(
        self, handle_accepted_callback: Callable[[ServerGoalHandle], Any] | None
    ) -> None:
        """Replace the handle-accepted callback; None executes every goal at once."""
        if handle_accepted_callback is None:
            handle_accepted_callback = default_handle_accepted_callback
        self._handle_accepted_callback = _callable(
            "handle_accepted_callback", handle_accepted_callback
        )

    def register_cancel_callback(
        self, cancel_callback: Callable[[ServerGoalHandle], Any] | None
    ) -> None:
        """Replace the cancel callback; None refuses every cancel request."""
        if cancel_callback is None:
            cancel_callback = default_cancel_callback
        self._cancel_callback = _callable("cancel_callback", cancel_callback)

    def register_execute_callback(
        self, execute_callback: Callable[[ServerGoalHandle], Any]
    ) -> None:
        """Replace the execute callback.

        Raises:
            TypeError: It cannot be called.
        """
        self._execute_callback = _callable("execute_callback", execute_callback)

    def notify_execute(
        self,
        goal_handle: ServerGoalHandle,
        execute_callback: Callable[[ServerGoalHandle], Any] | None,
    ) -> None:
        """Schedule the execute callback; use :meth:`ServerGoalHandle.execute` instead.

        Raises:
            RuntimeError: There is no callback to execute the goal with.
        """
        callback = self._execute_callback if execute_callback is None else execute_callback
        if callback is None:
            raise RuntimeError("Executing a goal, but no execute callback was registered")
        self._create_task(self._execute_goal, callback, goal_handle)

    def _create_task(self, callback: Callable[..., Any], *args: Any) -> None:
        executor = self._node.executor
        if executor is None:
            raise RuntimeError(
                f"node '{self._node.get_name()}' of action '{self._action_name}' is not spinning"
            )
        executor.create_task(callback, *args)

    async def _on_goal_request(self, request: Any, response: Any) -> Any:
        """Ask the goal callback; an accepted goal is handled after the answer."""
        now = self._node.get_clock().now()
        info = GoalInfo(goal_id=request.goal_id, stamp=now.to_msg())
        goal = Goal(uuid_bytes(request.goal_id), now.nanoseconds, info, result_future=Future())
        logger = self._node.get_logger()
        response.stamp = info.stamp
        response.accepted = False
        if self._register.get(goal.uuid, time.monotonic_ns()) is not None:
            logger.debug(f"New goal rejected: its ID is in use: {goal.uuid.hex()}")
            return response
        try:
            answer = await await_or_execute(self._goal_callback, request.goal)
        except Exception as error:
            logger.error(f"Error raised in goal callback: {error}")
            traceback.print_exc()
            answer = GoalResponse.REJECT
        if not isinstance(answer, GoalResponse):
            logger.warning(
                f"Goal request callback did not return a GoalResponse type: {answer!r}. "
                "Rejecting goal."
            )
            answer = GoalResponse.REJECT
        if answer is not GoalResponse.ACCEPT:
            logger.debug(f"New goal rejected: {goal.uuid.hex()}")
            return response
        goal.handle = ServerGoalHandle(self, goal, request.goal)
        if not self._register.add(goal, time.monotonic_ns()):
            return response
        response.accepted = True
        logger.debug(f"New goal accepted: {goal.uuid.hex()}")
        self._publish_status()
        # As a task, so that the client has its answer first.
        self._create_task(self._handle_accepted, goal.handle)
        return response

    async def _handle_accepted(self, goal_handle: ServerGoalHandle) -> None:
        await await_or_execute(self._handle_accepted_callback, goal_handle)

    async def _execute_goal(
        self, execute_callback: Callable[[ServerGoalHandle], Any], goal_handle: ServerGoalHandle
    ) -> None:
        goal = goal_handle._goal
        logger = self._node.get_logger()
        logger.debug(f"Executing goal with ID {goal_handle.goal_id.uuid}")
        result: Any = None
        try:
            result = await await_or_execute(execute_callback, goal_handle)
        except Exception as error:
            logger.error(f"Error raised in execute callback: {error}")
            traceback.print_exc()
        if goal_handle.is_active:
            logger.warning(
                f"Goal state not set, assuming aborted. Goal ID: {goal_handle.goal_id.uuid}"
            )
            if goal_handle.status == GoalState.ACCEPTED:
                goal_handle._update_state(GoalEvent.EXECUTE)
            goal_handle.abort()
        if goal is not None:
            self._set_result(goal, goal.given_result if goal.given_result is not None else result)

    def _set_result(self, goal: Goal, result: Any) -> None:
        """Hand the result of an ended goal to those who wait for it."""
        with goal.lock:
            if goal.result_future.done():
                return
            if not isinstance(result, self._action_type.Result):
                if result is not None:
                    self._node.get_logger().error(
                        f"Execute callback of action '{self._action_name}' returned "
                        f"{type(result).__name__}, expected {self._action_type.Result.__name__}"
                    )
                result = self._action_type.Result()
            goal.result_future.set_result((int(goal.status), result))

    async def _on_cancel_request(self, request: Any, response: Any) -> Any:
        """Ask the cancel callback for each goal that the request means."""
        info = request.goal_info
        stamp_ns = info.stamp.sec * 10**9 + info.stamp.nanosec
        goals, error = select_for_cancel(
            self._register.all(time.monotonic_ns()), uuid_bytes(info.goal_id), stamp_ns
        )
        canceling = [goal.info for goal in goals if await self._try_cancel(goal)]
        if goals and not canceling:
            error = CancelError.REJECTED
        response.return_code = int(error)
        response.goals_canceling = canceling
        return response

    async def _try_cancel(self, goal: Goal) -> bool:
        logger = self._node.get_logger()
        try:
            answer = await await_or_execute(self._cancel_callback, goal.handle)
        except Exception as error:
            logger.error(f"Error raised in cancel callback: {error}")
            traceback.print_exc()
            return False
        if not isinstance(answer, CancelResponse):
            logger.warning(f"Cancel callback did not return a CancelResponse type: {answer!r}")
            return False
        if answer is not CancelResponse.ACCEPT:
            return False
        with goal.lock:
            if goal.status not in (GoalState.ACCEPTED, GoalState.EXECUTING):
                return False  # it ended while the callback was asked
            goal.handle._update_state(GoalEvent.CANCEL_GOAL)
        return True

    async def _on_result_request(self, request: Any, response: Any) -> Any:
        """Answer when the goal has ended; at once if it is unknown."""
        goal = self._register.get(uuid_bytes(request.goal_id), time.monotonic_ns())
        if goal is None:
            self._node.get_logger().debug("Sending result response for unknown goal ID")
            response.status = int(GoalState.UNKNOWN)
            return response
        response.status, response.result = await goal.result_future
        return response

    def _goal_changed(self, goal: Goal) -> None:
        if goal.status in (GoalState.SUCCEEDED, GoalState.CANCELED, GoalState.ABORTED):
            self._register.mark_ended(goal, time.monotonic_ns())
        self._publish_status()

    def _publish_status(self) -> None:
        with self._lock:
            if self._destroyed:
                return
            goals = self._register.all(time.monotonic_ns())
            statuses = [_status_message(goal) for goal in goals]
            self._status_pub.publish(GoalStatusArray(status_list=statuses))

    def _publish_feedback(self, goal: Goal, feedback: Any) -> None:
        if not isinstance(feedback, self._action_type.Feedback):
            raise TypeError(
                f"feedback of action '{self._action_name}' is {type(feedback).__name__}, "
                f"expected {self._action_type.Feedback.__name__}"
            )
        message = self._action_type.Impl.FeedbackMessage(
            goal_id=goal.info.goal_id, feedback=feedback
        )
        with self._lock:
            if not self._destroyed:
                self._feedback_pub.publish(message)

    def _forget(self, goal: Goal) -> None:
        with goal.lock:
            if not goal.result_future.done():
                result = self._action_type.Result()
                goal.result_future.set_result((int(GoalState.UNKNOWN), result))
        self._register.remove(goal.uuid)

    def destroy(self) -> None:
        """Destroy the services and topics; goals that run go on without an audience."""
        with self._lock:
            if self._destroyed:
                return
            self._destroyed = True
        for goal in self._register.all(time.monotonic_ns()):
            if goal.handle is not None:
                goal.handle.destroy()
        for service in self._services:
            self._node.destroy_service(service)
        self._node.destroy_publisher(self._feedback_pub)
        self._node.destroy_publisher(self._status_pub)


def _status_message(goal: Goal) -> Any:
    """The status of a goal; ended goals keep their message, they are published often."""
    message = goal.status_message
    if message is None or message.status != goal.status:
        message = GoalStatus(goal_info=goal.info, status=int(goal.status))
        goal.status_message = message
    return message


def _callable(name: str, callback: Any) -> Any:
    if not callable(callback):
        raise TypeError(f"Failed to register {name}: not callable")
    return callback
