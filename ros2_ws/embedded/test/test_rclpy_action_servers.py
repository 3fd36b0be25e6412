"""Action servers in the test's process: callbacks, deferred goals, results that expire."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from example_interfaces.action import Fibonacci
from rclpy.action import (
    ActionClient,
    ActionServer,
    CancelResponse,
    GoalResponse,
)
from rclpy.exceptions import RCLError, ROSInterruptException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from unique_identifier_msgs.msg import UUID

pytestmark = pytest.mark.ros


def test_status_topic_is_latched(caller: Any, spin: Callable[..., Any]) -> None:
    node = Node("server")
    server = ActionServer(node, Fibonacci, "fibonacci", _succeed)
    spin(node)
    assert caller.client.wait_for_server(timeout_sec=10.0)
    handle = caller.send(1)
    caller.result(handle)
    seen: list[GoalStatusArray] = []
    qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    caller.node.create_subscription(GoalStatusArray, "fibonacci/_action/status", seen.append, qos)
    caller.until(lambda: seen)
    assert [s.status for s in seen[-1].status_list] == [GoalStatus.STATUS_SUCCEEDED]
    server.destroy()


def _succeed(handle: Any) -> Any:
    handle.succeed()
    return Fibonacci.Result(sequence=[handle.request.order])


def test_callbacks_may_be_coroutines(caller: Any, spin: Callable[..., Any]) -> None:
    node = Node("server")
    inner = ActionClient(node, Fibonacci, "inner")
    order: list[str] = []

    async def goal(request: Any) -> GoalResponse:
        order.append("goal")
        return GoalResponse.ACCEPT

    async def accepted(handle: Any) -> None:
        order.append("accepted")
        handle.execute()

    async def execute(handle: Any) -> Any:
        order.append("execute")
        inner_handle = await inner.send_goal_async(handle.request)
        response = await inner_handle.get_result_async()
        handle.succeed()
        return response.result

    ActionServer(node, Fibonacci, "inner", _succeed)
    ActionServer(
        node,
        Fibonacci,
        "fibonacci",
        execute,
        goal_callback=goal,
        handle_accepted_callback=accepted,
    )
    from rclpy.executors import SingleThreadedExecutor

    spin(node, executor=SingleThreadedExecutor())
    assert caller.client.wait_for_server(timeout_sec=10.0)
    assert list(caller.result(caller.send(42)).result.sequence) == [42]
    assert order == ["goal", "accepted", "execute"]


def test_bad_answers_of_callbacks(caller: Any, spin: Callable[..., Any]) -> None:
    node = Node("server")
    answers: dict[str, Any] = {"goal": None, "cancel": None}
    release = threading.Event()

    def goal(request: Any) -> Any:
        if answers["goal"] == "raise":
            raise RuntimeError("goal callback")
        return answers["goal"]

    def execute(handle: Any) -> Any:
        release.wait(10)
        handle.succeed()
        return "not a result"

    ActionServer(
        node,
        Fibonacci,
        "fibonacci",
        execute,
        goal_callback=goal,
        cancel_callback=lambda handle: answers["cancel"],
    )
    spin(node)
    assert caller.client.wait_for_server(timeout_sec=10.0)
    assert not caller.send(1).accepted
    answers["goal"] = "raise"
    assert not caller.send(1).accepted
    answers["goal"] = GoalResponse.ACCEPT
    handle = caller.send(1)
    assert handle.accepted
    for answer in (None, CancelResponse.REJECT):
        answers["cancel"] = answer
        refused = caller.wait(handle.cancel_goal_async())
        assert refused.return_code == CancelGoal.Response.ERROR_REJECTED
        assert list(refused.goals_canceling) == []
    release.set()
    response = caller.result(handle)
    assert response.status == GoalStatus.STATUS_SUCCEEDED
    assert list(response.result.sequence) == []


def test_deferred_execution_and_early_cancel(caller: Any, spin: Callable[..., Any]) -> None:
    node = Node("server")
    handles: list[Any] = []

    def execute(handle: Any) -> Any:
        assert handle.is_cancel_requested
        handle.canceled()
        return Fibonacci.Result(sequence=[7])

    ActionServer(
        node,
        Fibonacci,
        "fibonacci",
        execute,
        handle_accepted_callback=handles.append,
        cancel_callback=lambda handle: CancelResponse.ACCEPT,
    )
    spin(node)
    assert caller.client.wait_for_server(timeout_sec=10.0)
    goal = caller.send(1)
    caller.until(lambda: handles)
    assert handles[0].status == GoalStatus.STATUS_ACCEPTED
    assert caller.wait(goal.cancel_goal_async()).return_code == 0
    handles[0].execute()
    response = caller.result(goal)
    assert (response.status, list(response.result.sequence)) == (5, [7])
    with pytest.raises(RCLError, match="invalid transition"):
        handles[0].succeed()
    with pytest.raises(TypeError, match="expected Fibonacci_Feedback"):
        handles[0].publish_feedback(3)


def test_the_same_id_is_refused_and_results_expire(caller: Any, spin: Callable[..., Any]) -> None:
    node = Node("server")
    ActionServer(node, Fibonacci, "fibonacci", _succeed, result_timeout=0.2)
    spin(node)
    assert caller.client.wait_for_server(timeout_sec=10.0)
    goal_id = UUID(uuid=list(range(16)))
    first = caller.send(1, goal_uuid=goal_id)
    assert first.accepted
    assert not caller.send(1, goal_uuid=goal_id).accepted
    assert caller.result(first).status == GoalStatus.STATUS_SUCCEEDED
    time.sleep(0.25)
    assert caller.result(first).status == GoalStatus.STATUS_UNKNOWN
    assert caller.send(1, goal_uuid=goal_id).accepted


def test_destroyed_handles_answer_unknown(caller: Any, spin: Callable[..., Any]) -> None:
    node = Node("server")
    handles: list[Any] = []
    ActionServer(node, Fibonacci, "fibonacci", _succeed, handle_accepted_callback=handles.append)
    spin(node)
    assert caller.client.wait_for_server(timeout_sec=10.0)
    goal = caller.send(1)
    pending = goal.get_result_async()
    caller.until(lambda: handles)
    time.sleep(0.05)
    handles[0].destroy()
    assert caller.wait(pending).status == GoalStatus.STATUS_UNKNOWN
    assert not handles[0].is_active
    handles[0].succeed()


def test_shutdown_ends_a_blocking_send(caller: Any, ros: Any) -> None:
    errors: list[Any] = []

    def send() -> None:
        try:
            caller.client.send_goal(Fibonacci.Goal(order=1))
        except ROSInterruptException as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    time.sleep(0.1)
    ros.shutdown()
    thread.join(5)
    assert not thread.is_alive()
    assert len(errors) == 1


def test_feedback_callbacks_are_forgotten(caller: Any, spin: Callable[..., Any]) -> None:
    node = Node("server")
    ActionServer(node, Fibonacci, "fibonacci", _succeed)
    spin(node)
    assert caller.client.wait_for_server(timeout_sec=10.0)
    handle = caller.send(1)  # its result is never asked for
    caller.until(lambda: not caller.client._feedback_callbacks)
    assert handle.status == GoalStatus.STATUS_SUCCEEDED
    caller.result(caller.send(1))
    assert not caller.client._feedback_callbacks
    assert not caller.client._awaited_results
