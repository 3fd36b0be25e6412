"""Idioms of robot code: nested calls, coroutines, clean ends, one whole scenario."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from example_interfaces.action import Fibonacci
from example_interfaces.srv import AddTwoInts
from lifecycle_msgs.srv import ChangeState
from rclpy.action import ActionClient
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from std_srvs.srv import Trigger

pytestmark = pytest.mark.ros


def adder(node: Node, name: str = "add", delay_s: float = 0.0) -> None:
    def add(request: Any, response: Any) -> Any:
        time.sleep(delay_s)
        response.sum = request.a + request.b
        return response

    node.create_service(AddTwoInts, name, add, callback_group=ReentrantCallbackGroup())


def test_blocking_call_inside_a_callback(
    ros: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    node = Node("nested")
    adder(node)
    client = node.create_client(AddTwoInts, "add", callback_group=ReentrantCallbackGroup())
    sums: list[int] = []

    def outer(request: Any, response: Any) -> Any:
        assert client.wait_for_service(5.0)
        sums.append(client.call(AddTwoInts.Request(a=2, b=3), timeout_sec=5.0).sum)
        response.success = True
        return response

    node.create_service(Trigger, "outer", outer, callback_group=MutuallyExclusiveCallbackGroup())
    caller = node.create_client(Trigger, "outer", callback_group=ReentrantCallbackGroup())
    spin(node)
    assert caller.wait_for_service(5.0)
    assert caller.call(Trigger.Request(), timeout_sec=10.0).success
    assert sums == [5]


@pytest.mark.parametrize("executor", [SingleThreadedExecutor, MultiThreadedExecutor])
def test_coroutine_callbacks_await_clients(
    ros: Any, spin: Callable[..., Any], until: Callable[..., None], executor: type[Any]
) -> None:
    node = Node("coroutines")
    adder(node)
    group = ReentrantCallbackGroup()
    client = node.create_client(AddTwoInts, "add", callback_group=group)
    total: list[int] = []

    async def twice(request: Any, response: Any) -> Any:
        first = await client.call_async(AddTwoInts.Request(a=1, b=2))
        second = await client.call_async(AddTwoInts.Request(a=first.sum, b=4))
        response.success, response.message = True, str(second.sum)
        return response

    async def tick() -> None:
        timer.cancel()
        response = await client.call_async(AddTwoInts.Request(a=20, b=22))
        total.append(response.sum)

    node.create_service(Trigger, "twice", twice, callback_group=group)
    timer = node.create_timer(0.01, tick, callback_group=group)
    caller = node.create_client(Trigger, "twice", callback_group=group)
    spin(node, executor=executor())
    assert caller.wait_for_service(5.0)
    response = caller.call(Trigger.Request(), timeout_sec=10.0)
    assert response.message == "7"
    until(lambda: total == [42])


def test_many_calls_at_once_keep_their_answers(
    ros: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    node = Node("many")
    adder(node, delay_s=0.002)
    client = node.create_client(AddTwoInts, "add")
    spin(node)
    assert client.wait_for_service(5.0)
    futures = [client.call_async(AddTwoInts.Request(a=i, b=1000)) for i in range(10)]
    until(lambda: all(f.done() for f in futures))
    assert [f.result().sum for f in futures] == [1000 + i for i in range(10)]


def test_exclusive_groups_exclude_and_reentrant_ones_do_not(
    ros: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    node = Node("groups")
    running = {"exclusive": 0, "reentrant": 0}
    peak = {"exclusive": 0, "reentrant": 0}
    lock = threading.Lock()

    def work(kind: str) -> Callable[[], None]:
        def callback() -> None:
            with lock:
                running[kind] += 1
                peak[kind] = max(peak[kind], running[kind])
            time.sleep(0.03)
            with lock:
                running[kind] -= 1

        return callback

    exclusive, reentrant = MutuallyExclusiveCallbackGroup(), ReentrantCallbackGroup()
    for _ in range(2):
        node.create_timer(0.01, work("exclusive"), callback_group=exclusive)
        node.create_timer(0.01, work("reentrant"), callback_group=reentrant)
    spin(node, executor=MultiThreadedExecutor(6))
    until(lambda: peak["reentrant"] >= 2)
    time.sleep(0.1)
    assert peak["exclusive"] == 1


def test_an_exception_in_a_callback_ends_the_spinning(ros: Any) -> None:
    node = Node("failing")

    def fail() -> None:
        raise KeyError("from the callback")

    async def fail_later() -> None:
        raise KeyError("from the task")

    node.create_timer(0.001, fail)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    with pytest.raises(KeyError, match="callback"):
        executor.spin()
    executor.remove_node(node)
    executor.create_task(fail_later)
    with pytest.raises(KeyError, match="task"):
        executor.spin_once(timeout_sec=1.0)
    executor.shutdown()
    node.destroy_node()


def test_future_and_timeout_of_spinning(ros: Any) -> None:
    node = Node("waiter")
    client = node.create_client(AddTwoInts, "nobody")
    assert not client.wait_for_service(timeout_sec=0.05)
    future = client.call_async(AddTwoInts.Request())
    begin = time.monotonic()
    ros.spin_until_future_complete(node, future, timeout_sec=0.1)
    assert 0.1 <= time.monotonic() - begin < 2.0
    assert not future.done()
    future.cancel()
    assert future.cancelled()
    node.destroy_node()


def test_rate_and_sleep_in_a_second_thread(ros: Any, spin: Callable[..., Any]) -> None:
    node = Node("rated")
    spin(node)
    rate = node.create_rate(100.0)
    begin = time.monotonic()
    for _ in range(5):
        rate.sleep()
    assert 0.03 <= time.monotonic() - begin < 2.0
    node.destroy_rate(rate)
    assert node.get_clock().sleep_for(Duration(seconds=0.01))
    assert Clock(clock_type=ClockType.STEADY_TIME).sleep_for(Duration(seconds=0.01))


ENDING = """
import sys
import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

rclpy.init(args=sys.argv)
node = Node("ending")
executor = MultiThreadedExecutor() if sys.argv[1] == "multi" else None
if sys.argv[1] == "sleeping":
    from rclpy.duration import Duration
    print("up", flush=True)
    try:
        print("slept", node.get_clock().sleep_for(Duration(seconds=60)), flush=True)
    except KeyboardInterrupt:
        print("slept False", flush=True)
    rclpy.try_shutdown()
    sys.exit(0)
node.create_timer(0.01, lambda: None)
node.create_timer(0.2, lambda: print("up", flush=True))
try:
    rclpy.spin(node, executor=executor)
except (KeyboardInterrupt, ExternalShutdownException) as error:
    print("ended by", type(error).__name__, flush=True)
finally:
    node.destroy_node()
    rclpy.try_shutdown()
    rclpy.try_shutdown()
print("ok", rclpy.ok(), flush=True)
"""


@pytest.mark.parametrize("kind", ["single", "multi"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_spinning_node(
    peer: Callable[..., Any], kind: str, number: signal.Signals
) -> None:
    process = peer(ENDING, kind)
    process.expect("up")
    process.signal(number)
    process.expect("ok False", timeout_s=5.0)
    assert process.wait(5.0) == 0
    assert not [line for line in process.seen if "Traceback" in line]
    names = [line for line in process.seen if line.startswith("ended by")]
    allowed = {"ended by ExternalShutdownException"}  # or none, between two callbacks
    if number is signal.SIGINT:
        allowed.add("ended by KeyboardInterrupt")
    assert set(names) <= allowed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_sleep(peer: Callable[..., Any], number: signal.Signals) -> None:
    process = peer(ENDING, "sleeping")
    process.expect("up")
    time.sleep(0.1)
    process.signal(number)
    process.expect("slept False", timeout_s=5.0)
    assert process.wait(5.0) == 0


ROBOT = """
import sys
import rclpy
from example_interfaces.action import Fibonacci
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

class Robot(LifecycleNode):
    def __init__(self):
        super().__init__("robot")
        self.declare_parameter("steps.limit", 3)
        self.server = None

    def on_configure(self, state):
        if self.get_parameter("steps.limit").value < 1:
            self.get_logger().error("steps.limit must be 1 or more")
            return TransitionCallbackReturn.FAILURE
        self.server = ActionServer(
            self, Fibonacci, "count", self.execute,
            goal_callback=self.on_goal,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )
        return super().on_configure(state)

    def on_goal(self, goal):
        from rclpy.action import GoalResponse
        active = self._state_machine.current_state[1] == "active"
        return GoalResponse.ACCEPT if active else GoalResponse.REJECT

    def on_cleanup(self, state):
        self.server.destroy()
        self.server = None
        return super().on_cleanup(state)

    async def execute(self, handle):
        feedback = Fibonacci.Feedback()
        for step in range(min(handle.request.order, self.get_parameter("steps.limit").value)):
            feedback.sequence.append(step)
            handle.publish_feedback(feedback)
        handle.succeed()
        return Fibonacci.Result(sequence=feedback.sequence)

rclpy.init(args=sys.argv)
robot = Robot()
executor = MultiThreadedExecutor()
executor.add_node(robot)
print("up", flush=True)
try:
    executor.spin()
except (KeyboardInterrupt, ExternalShutdownException):
    pass
finally:
    executor.shutdown()
    robot.destroy_node()
    rclpy.try_shutdown()
print("down", flush=True)
"""


def test_a_whole_scenario(
    ros: Any, peer: Callable[..., Any], spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    """Lifecycle, parameters and an action of one node, driven from another process."""
    process = peer(ROBOT, "--ros-args", "-p", "steps.limit:=0", "-r", "__ns:=/cell")
    process.expect("up")
    node = Node("supervisor", namespace="/cell")
    change = node.create_client(ChangeState, "robot/change_state")
    parameters = AsyncParameterClient(node, "robot")
    action = ActionClient(node, Fibonacci, "count")
    spin(node)

    def wait(future: Any) -> Any:
        until(future.done)
        return future.result()

    def go(label: str) -> bool:
        assert change.wait_for_service(15.0)
        request = ChangeState.Request()
        request.transition.label = label
        return bool(change.call(request, timeout_sec=10.0).success)

    assert not go("configure")
    process.expect("steps.limit must be 1 or more")
    assert parameters.wait_for_services(10.0)
    assert (
        wait(parameters.set_parameters([Parameter("steps.limit", value=4)])).results[0].successful
    )
    assert go("configure")
    assert action.wait_for_server(10.0)
    assert not wait(action.send_goal_async(Fibonacci.Goal(order=9))).accepted
    assert go("activate")
    lengths: list[int] = []
    handle = wait(
        action.send_goal_async(
            Fibonacci.Goal(order=9),
            feedback_callback=lambda m: lengths.append(len(m.feedback.sequence)),
        )
    )
    response = wait(handle.get_result_async())
    assert (response.status, list(response.result.sequence)) == (4, [0, 1, 2, 3])
    assert lengths == [1, 2, 3, 4]
    assert go("deactivate")
    assert go("cleanup")
    until(lambda: not action.server_is_ready())
    assert go("configure")
    assert action.wait_for_server(10.0)
    process.signal(signal.SIGTERM)
    process.expect("down")
    assert process.wait() == 0
    until(lambda: not change.service_is_ready(), timeout_s=3.0)
