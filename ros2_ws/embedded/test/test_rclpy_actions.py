"""Actions across processes: feedback, cancellation, abort, two clients, a server that dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from example_interfaces.action import Fibonacci
from rclpy.action import (
    ActionClient,
    ActionServer,
    get_action_client_names_and_types_by_node,
    get_action_names_and_types,
    get_action_server_names_and_types_by_node,
)
from rclpy.node import Node
from unique_identifier_msgs.msg import UUID

pytestmark = pytest.mark.ros

SERVER = """
import sys, time
import rclpy
from example_interfaces.action import Fibonacci
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

rclpy.init(args=sys.argv)
node = Node("server")

def execute(handle):
    sequence = [0, 1]
    for _ in range(handle.request.order):
        if handle.is_cancel_requested:
            handle.canceled()
            return Fibonacci.Result(sequence=sequence)
        if len(sequence) == 15:
            raise RuntimeError("too long")
        sequence.append(sequence[-1] + sequence[-2])
        handle.publish_feedback(Fibonacci.Feedback(sequence=sequence))
        time.sleep(0.02)
    if handle.request.order == 0:
        handle.abort()
    else:
        handle.succeed()
    return Fibonacci.Result(sequence=sequence)

server = ActionServer(
    node, Fibonacci, "fibonacci", execute,
    goal_callback=lambda g: GoalResponse.REJECT if g.order < 0 else GoalResponse.ACCEPT,
    cancel_callback=lambda h: CancelResponse.ACCEPT,
)
print("up", flush=True)
executor = MultiThreadedExecutor(8)
executor.add_node(node)
try:
    executor.spin()
except (KeyboardInterrupt, ExternalShutdownException):
    pass
finally:
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown()
"""

CLIENT = """
import sys
import rclpy
from example_interfaces.action import Fibonacci
from rclpy.action import ActionClient
from rclpy.node import Node

rclpy.init(args=[])
node = Node(sys.argv[1])
client = ActionClient(node, Fibonacci, "fibonacci")
assert client.wait_for_server(timeout_sec=15.0)
lengths = []
future = client.send_goal_async(
    Fibonacci.Goal(order=int(sys.argv[2])),
    feedback_callback=lambda m: lengths.append(len(m.feedback.sequence)),
)
rclpy.spin_until_future_complete(node, future)
result = future.result().get_result_async()
rclpy.spin_until_future_complete(node, result)
print("result", result.result().status, list(result.result().result.sequence), lengths, flush=True)
node.destroy_node()
rclpy.shutdown()
"""


def test_goal_feedback_result(peer: Callable[..., Any], caller: Any) -> None:
    peer(SERVER).expect("up")
    assert caller.client.wait_for_server(timeout_sec=15.0)
    handle = caller.send(5)
    assert handle.accepted
    assert handle.stamp.sec > 0
    response = caller.result(handle)
    assert response.status == GoalStatus.STATUS_SUCCEEDED == handle.status
    assert list(response.result.sequence) == [0, 1, 1, 2, 3, 5, 8]
    assert caller.feedback == [3, 4, 5, 6, 7]
    assert caller.result(handle).status == GoalStatus.STATUS_SUCCEEDED  # it is kept
    assert caller.client.send_goal(Fibonacci.Goal(order=1)).result.sequence[2] == 1


def test_rejection_abort_and_error(peer: Callable[..., Any], caller: Any) -> None:
    server = peer(SERVER)
    server.expect("up")
    assert caller.client.wait_for_server(timeout_sec=15.0)
    assert not caller.send(-1).accepted
    assert caller.client.send_goal(Fibonacci.Goal(order=-1)) is None
    aborted = caller.send(0)
    assert caller.result(aborted).status == GoalStatus.STATUS_ABORTED
    raised = caller.send(20)
    response = caller.result(raised)
    assert response.status == GoalStatus.STATUS_ABORTED
    assert list(response.result.sequence) == []
    server.expect("Error raised in execute callback: too long")
    server.expect("Goal state not set, assuming aborted")
    with pytest.raises(TypeError, match="Fibonacci"):
        caller.client.send_goal_async(Fibonacci.Feedback())


def test_cancel(peer: Callable[..., Any], caller: Any) -> None:
    peer(SERVER).expect("up")
    assert caller.client.wait_for_server(timeout_sec=15.0)
    handle = caller.send(10)
    caller.until(lambda: caller.feedback)
    answer = caller.wait(handle.cancel_goal_async())
    assert answer.return_code == CancelGoal.Response.ERROR_NONE
    assert [list(g.goal_id.uuid) for g in answer.goals_canceling] == [list(handle.goal_id.uuid)]
    response = caller.result(handle)
    assert response.status == GoalStatus.STATUS_CANCELED
    assert 2 <= len(response.result.sequence) < 12
    again = handle.cancel_goal()
    assert again.return_code == CancelGoal.Response.ERROR_GOAL_TERMINATED


def test_cancel_requests_that_mean_several_goals(peer: Callable[..., Any], caller: Any) -> None:
    peer(SERVER).expect("up")
    assert caller.client.wait_for_server(timeout_sec=15.0)
    raw = caller.node.create_client(CancelGoal, "fibonacci/_action/cancel_goal")
    assert raw.wait_for_service(15.0)
    handles = [caller.send(12) for _ in range(3)]
    request = CancelGoal.Request()
    request.goal_info.stamp = handles[1].stamp
    by_time = raw.call(request, timeout_sec=10.0)
    assert len(by_time.goals_canceling) == 2
    everything = raw.call(CancelGoal.Request(), timeout_sec=10.0)
    assert [list(g.goal_id.uuid) for g in everything.goals_canceling] == [
        list(handles[2].goal_id.uuid)
    ]
    unknown = CancelGoal.Request()
    unknown.goal_info.goal_id = UUID(uuid=[7] * 16)
    answer = raw.call(unknown, timeout_sec=10.0)
    assert answer.return_code == CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID
    for handle in handles:
        assert caller.result(handle).status == GoalStatus.STATUS_CANCELED


def test_two_clients_get_their_own(peer: Callable[..., Any], ros_domain: int) -> None:
    peer(SERVER).expect("up")
    first, second = peer(CLIENT, "one", "3"), peer(CLIENT, "two", "6")
    assert first.expect("result") == "result 4 [0, 1, 1, 2, 3] [3, 4, 5]"
    assert second.expect("result") == "result 4 [0, 1, 1, 2, 3, 5, 8, 13] [3, 4, 5, 6, 7, 8]"
    assert first.wait() == second.wait() == 0


@pytest.mark.slow
def test_a_killed_server_leaves_the_client_alive(peer: Callable[..., Any], caller: Any) -> None:
    server = peer(SERVER)
    server.expect("up")
    assert caller.client.wait_for_server(timeout_sec=15.0)
    handle = caller.send(12)
    pending = handle.get_result_async()
    caller.until(lambda: caller.feedback)
    server.process.kill()
    caller.until(lambda: not caller.client.server_is_ready(), timeout_s=20.0)
    assert not pending.done()
    assert not caller.client.wait_for_server(timeout_sec=0.1)
    peer(SERVER).expect("up")
    assert caller.client.wait_for_server(timeout_sec=15.0)
    unknown = caller.result(handle)
    assert unknown.status == GoalStatus.STATUS_UNKNOWN
    assert caller.result(caller.send(2)).status == GoalStatus.STATUS_SUCCEEDED
    pending.cancel()


def test_graph_and_destroy(ros: Any, spin: Callable[..., Any], until: Callable[..., None]) -> None:
    node, other = Node("both", namespace="/ns"), Node("watcher")
    server = ActionServer(node, Fibonacci, "act", lambda handle: None)
    client = ActionClient(node, Fibonacci, "act")
    expected = [("/ns/act", ["example_interfaces/action/Fibonacci"])]
    until(lambda: get_action_names_and_types(other) == expected)
    assert get_action_server_names_and_types_by_node(other, "both", "/ns") == expected
    assert get_action_client_names_and_types_by_node(other, "both", "/ns") == expected
    services = len(list(node.services))
    server.destroy()
    server.destroy()
    client.destroy()
    client.destroy()
    assert len(list(node.services)) == services - 3
    until(lambda: get_action_names_and_types(other) == [])
    other.destroy_node()
    node.destroy_node()
