"""Action clients."""

from __future__ import annotations

import inspect
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from rclpy._waker import Waker, wake_on_shutdown
from rclpy.action._goals import ACTIVE, GoalState, uuid_bytes
from rclpy.exceptions import ROSInterruptException
from rclpy.qos import (
    QoSProfile,
    qos_profile_action_status_default,
    qos_profile_services_default,
)
from rclpy.task import Future
from unique_identifier_msgs.msg import UUID

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.context import Context
    from rclpy.node import Node

__all__ = ["ActionClient", "ClientGoalHandle", "GoalStatus"]

_SERVER_POLL_S = 0.02  # ours: how often an explicit wait_for_server looks at the graph

FeedbackCallback = Callable[[Any], Any]


class ClientGoalHandle:
    """The client's side of one goal."""

    def __init__(self, action_client: ActionClient, goal_id: Any, goal_response: Any) -> None:
        """Made by the action client when the server has answered."""
        self._action_client = action_client
        self._goal_id = goal_id
        self._goal_response = goal_response
        self._status = int(GoalState.UNKNOWN)

    def __repr__(self) -> str:
        return (
            f"ClientGoalHandle(goal_id={self._goal_id.uuid}, accepted={self.accepted}, "
            f"status={self._status})"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClientGoalHandle):
            return False
        return uuid_bytes(self._goal_id) == uuid_bytes(other._goal_id)

    def __hash__(self) -> int:
        return hash(uuid_bytes(self._goal_id))

    @property
    def goal_id(self) -> Any:
        """The ``unique_identifier_msgs/msg/UUID`` of the goal."""
        return self._goal_id

    @property
    def stamp(self) -> Any:
        """When the server accepted the goal."""
        return self._goal_response.stamp

    @property
    def accepted(self) -> bool:
        """Whether the server accepted the goal."""
        return bool(self._goal_response.accepted)

    @property
    def status(self) -> int:
        """Last known state, one of the constants of ``action_msgs/msg/GoalStatus``."""
        return self._status

    def cancel_goal(self) -> Any:
        """Ask the server to cancel the goal and wait for the answer.

        Another thread has to spin the node. Returns the CancelGoal response.
        """
        return self._action_client._cancel_goal(self)

    def cancel_goal_async(self) -> Future:
        """Ask the server to cancel the goal; the future gives the CancelGoal response."""
        return self._action_client._cancel_goal_async(self)

    def get_result(self) -> Any:
        """Wait for the result: an object with ``status`` and ``result``.

        Another thread has to spin the node.
        """
        return self._action_client._get_result(self)

    def get_result_async(self) -> Future:
        """Ask for the result; the future gives an object with ``status`` and ``result``."""
        return self._action_client._get_result_async(self)


class ActionClient:
    """Sends goals to an action server."""

    def __init__(
        self,
        node: Node,
        action_type: Any,
        action_name: str,
        *,
        callback_group: CallbackGroup | None = None,
        goal_service_qos_profile: QoSProfile = qos_profile_services_default,
        result_service_qos_profile: QoSProfile = qos_profile_services_default,
        cancel_service_qos_profile: QoSProfile = qos_profile_services_default,
        feedback_sub_qos_profile: QoSProfile | int = 10,
        status_sub_qos_profile: QoSProfile = qos_profile_action_status_default,
    ) -> None:
        """Create the clients and subscriptions of the action.

        Args:
            node: The node that sends goals.
            action_type: The action class.
            action_name: Name of the action.
            callback_group: Group of the clients and subscriptions.
            goal_service_qos_profile: QoS of the goal service.
            result_service_qos_profile: QoS of the result service.
            cancel_service_qos_profile: QoS of the cancel service.
            feedback_sub_qos_profile: QoS of the feedback topic.
            status_sub_qos_profile: QoS of the status topic.
        """
        if callback_group is None:
            callback_group = node.default_callback_group
        self._node = node
        self._action_type = action_type
        self._action_name = action_name
        self._lock = threading.Lock()
        self._destroyed = False
        self._goal_handles: dict[bytes, weakref.ref[ClientGoalHandle]] = {}
        self._feedback_callbacks: dict[bytes, FeedbackCallback] = {}
        self._awaited_results: set[bytes] = set()
        self._early_status: dict[bytes, int | None] = {}
        base = f"{action_name}/_action"
        impl = action_type.Impl

        def client(type_: Any, name: str, qos: QoSProfile) -> Any:
            return node.create_client(
                type_, f"{base}/{name}", qos_profile=qos, callback_group=callback_group
            )

        self._goal_client = client(impl.SendGoalService, "send_goal", goal_service_qos_profile)
        self._cancel_client = client(CancelGoal, "cancel_goal", cancel_service_qos_profile)
        self._result_client = client(
            impl.GetResultService, "get_result", result_service_qos_profile
        )
        self._feedback_sub = node.create_subscription(
            impl.FeedbackMessage,
            f"{base}/feedback",
            self._on_feedback,
            feedback_sub_qos_profile,
            callback_group=callback_group,
        )
        self._status_sub = node.create_subscription(
            GoalStatusArray,
            f"{base}/status",
            self._on_status,
            status_sub_qos_profile,
            callback_group=callback_group,
        )

    def _on_feedback(self, message: Any) -> Any:
        callback = self._feedback_callbacks.get(uuid_bytes(message.goal_id))
        return None if callback is None else callback(message)

    def _end_feedback(self, goal_uuid: bytes) -> None:
        """Hand out the feedback that has arrived, then forget the callback of an ended goal."""
        if goal_uuid not in self._feedback_callbacks:
            return
        while (work := self._feedback_sub._take()) is not None:
            callback, arguments = work
            try:
                answer = callback(*arguments)
            except Exception as error:
                # The result still has to reach those who wait for it.
                self._node.get_logger().error(f"Error raised in feedback callback: {error!r}")
                continue
            executor = self._node.executor
            if executor is not None and inspect.iscoroutine(answer):
                executor.create_task(answer)
        self._feedback_callbacks.pop(goal_uuid, None)

    def _on_status(self, message: Any) -> None:
        for entry in message.status_list:
            self._set_status(uuid_bytes(entry.goal_info.goal_id), int(entry.status))

    def _set_status(self, goal_uuid: bytes, status: int) -> None:
        with self._lock:
            reference = self._goal_handles.get(goal_uuid)
            if reference is None:
                if goal_uuid in self._early_status:  # the answer to the goal is still to come
                    self._early_status[goal_uuid] = status
                return
        handle = reference()
        if handle is not None:
            handle._status = status
        if handle is None or status not in ACTIVE:
            with self._lock:
                self._goal_handles.pop(goal_uuid, None)
            if goal_uuid not in self._awaited_results:
                self._end_feedback(goal_uuid)

    def send_goal(self, goal: Any, **kwargs: Any) -> Any:
        """Send a goal and wait for its result; see :meth:`send_goal_async`.

        Another thread has to spin the node.

        Returns:
            An object with ``status`` and ``result``, or None if the goal was rejected.
        """
        handle = _wait(self.send_goal_async(goal, **kwargs), self._node.context)
        return self._get_result(handle) if handle.accepted else None

    def send_goal_async(
        self,
        goal: Any,
        feedback_callback: FeedbackCallback | None = None,
        goal_uuid: Any = None,
    ) -> Future:
        """Send a goal; the future gives a :class:`ClientGoalHandle`.

        Args:
            goal: Goal message of the action.
            feedback_callback: Gets each feedback message (``.feedback`` holds the fields).
            goal_uuid: Id of the goal (``unique_identifier_msgs/msg/UUID``); None: random.

        Raises:
            TypeError: ``goal`` is not of the action's goal type.
        """
        if not isinstance(goal, self._action_type.Goal):
            raise TypeError(
                f"goal of action '{self._action_name}' is {type(goal).__name__}, "
                f"expected {self._action_type.Goal.__name__}"
            )
        if goal_uuid is None:
            goal_uuid = UUID(uuid=list(uuid.uuid4().bytes))
        key = uuid_bytes(goal_uuid)
        request = self._action_type.Impl.SendGoalService.Request(goal_id=goal_uuid, goal=goal)
        if feedback_callback is not None:
            self._feedback_callbacks[key] = feedback_callback
        result = self._new_future()
        self._early_status[key] = None

        def on_response(future: Future) -> None:
            if _failed(future, result):
                self._feedback_callbacks.pop(key, None)
                self._early_status.pop(key, None)
                return
            handle = ClientGoalHandle(self, goal_uuid, future.result())
            if handle.accepted:
                handle._status = int(GoalState.ACCEPTED)
                with self._lock:
                    self._goal_handles[key] = weakref.ref(handle)
                    early = self._early_status.pop(key, None)
                if early is not None:
                    self._set_status(key, early)
            else:
                self._feedback_callbacks.pop(key, None)
                self._early_status.pop(key, None)
            result.set_result(handle)

        _when_done(self._goal_client.call_async(request), on_response)
        return result

    def _new_future(self) -> Future:
        return Future(executor=self._node.executor)

    def _cancel_goal(self, goal_handle: ClientGoalHandle) -> Any:
        return _wait(self._cancel_goal_async(goal_handle), self._node.context)

    def _cancel_goal_async(self, goal_handle: ClientGoalHandle) -> Future:
        _require_handle(goal_handle)
        request = CancelGoal.Request()
        request.goal_info.goal_id = goal_handle.goal_id
        future: Future = self._cancel_client.call_async(request)
        return future

    def _get_result(self, goal_handle: ClientGoalHandle) -> Any:
        return _wait(self._get_result_async(goal_handle), self._node.context)

    def _get_result_async(self, goal_handle: ClientGoalHandle) -> Future:
        _require_handle(goal_handle)
        key = uuid_bytes(goal_handle.goal_id)
        request = self._action_type.Impl.GetResultService.Request(goal_id=goal_handle.goal_id)
        result = self._new_future()
        self._awaited_results.add(key)

        def on_response(future: Future) -> None:
            self._end_feedback(key)
            self._awaited_results.discard(key)
            if _failed(future, result):
                return
            response = future.result()
            goal_handle._status = int(response.status)
            with self._lock:
                self._goal_handles.pop(key, None)
            result.set_result(response)

        _when_done(self._result_client.call_async(request), on_response)
        return result

    def server_is_ready(self) -> bool:
        """Say whether an action server is there (all its services and topics)."""
        clients = (self._goal_client, self._cancel_client, self._result_client)
        if not all(client.service_is_ready() for client in clients):
            return False
        subscriptions = (self._feedback_sub, self._status_sub)
        return all(self._node.count_publishers(s.topic_name) > 0 for s in subscriptions)

    def wait_for_server(self, timeout_sec: float | None = None) -> bool:
        """Wait until an action server is there.

        Args:
            timeout_sec: Longest time to wait; None waits until the context is shut down.

        Returns:
            Whether the server is there.
        """
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        clients = (self._goal_client, self._cancel_client, self._result_client)
        for client in clients:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not client.wait_for_service(timeout_sec=remaining):
                return False
        while not self.server_is_ready():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            if not self._node.context.ok():
                return False
            time.sleep(_SERVER_POLL_S)
        return True

    def destroy(self) -> None:
        """Destroy the clients and subscriptions; futures that are pending stay pending."""
        with self._lock:
            if self._destroyed:
                return
            self._destroyed = True
        for client in (self._goal_client, self._cancel_client, self._result_client):
            self._node.destroy_client(client)
        for subscription in (self._feedback_sub, self._status_sub):
            self._node.destroy_subscription(subscription)


def _require_handle(goal_handle: object) -> None:
    if not isinstance(goal_handle, ClientGoalHandle):
        raise TypeError(f"Expected type ClientGoalHandle but received {type(goal_handle)}")


def _failed(source: Future, target: Future) -> bool:
    """Hand a cancellation or an exception on; False when the source has a result."""
    if source.cancelled():
        target.cancel()
        return True
    error = source.exception()
    if error is not None:
        target.set_exception(error)
        return True
    return False


def _wait(future: Future, context: Context) -> Any:
    """Block until a future is done, and return its result or raise its exception.

    Raises:
        ROSInterruptException: The context was shut down first.
    """
    waker = Waker()
    _when_done(future, lambda _: waker.wake())
    with wake_on_shutdown(context, waker):
        while not future.done():
            if not context.ok():
                raise ROSInterruptException
            waker.wait()
    return future.result()


def _when_done(future: Future, callback: Callable[[Future], None]) -> None:
    """Call back in the thread that ends the future, without a turn of the executor."""
    callback._immediate = True  # type: ignore[attr-defined]
    future.add_done_callback(callback)
