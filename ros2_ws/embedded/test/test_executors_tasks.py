"""Executors, callback groups, tasks, futures, guard conditions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.executors import (
    ExternalShutdownException,
    MultiThreadedExecutor,
    SingleThreadedExecutor,
)
from rclpy.task import Future, Task
from std_msgs.msg import String


@pytest.fixture
def node(ros: Any) -> Iterator[Any]:
    made = ros.create_node("node", start_parameter_services=False)
    yield made
    made.destroy_node()


@pytest.fixture
def executor(node: Any) -> Iterator[Any]:
    made = SingleThreadedExecutor()
    made.add_node(node)
    yield made
    made.shutdown()


def drain(executor: Any, count: int = 20) -> None:
    for _ in range(count):
        executor.spin_once(timeout_sec=0.0)


def test_future_states() -> None:
    future = Future()
    seen: list[Any] = []
    future.add_done_callback(lambda f: seen.append(f.result()))
    assert not future.done()
    assert future.result() is None
    future.set_result(5)
    assert seen == [5]
    future.add_done_callback(lambda f: seen.append("later"))
    assert seen == [5, "later"]
    failed = Future()
    failed.set_exception(KeyError("x"))
    with pytest.raises(KeyError):
        failed.result()
    assert isinstance(failed.exception(), KeyError)
    cancelled = Future()
    cancelled.cancel()
    assert cancelled.cancelled()
    assert cancelled.done()


def test_future_callback_can_be_removed() -> None:
    future = Future()
    seen: list[Any] = []
    future.add_done_callback(seen.append)
    assert future.remove_done_callback(seen.append)
    assert not future.remove_done_callback(seen.append)
    future.set_result(1)
    assert seen == []


def test_task_runs_function_and_coroutine() -> None:
    task = Task(lambda a, b: a + b, (1,), {"b": 2})
    task()
    assert task.result() == 3
    gate = Future()

    async def wait() -> int:
        return (await gate) + 1

    waiting = Task(wait)
    waiting()
    assert not waiting.done()
    gate.set_result(1)
    waiting()
    assert waiting.result() == 2


def test_spin_once_runs_one_callback(executor: Any, node: Any) -> None:
    ran: list[int] = []
    for number in range(3):
        guard = node.create_guard_condition(lambda n=number: ran.append(n))
        guard.trigger()
    executor.spin_once(timeout_sec=1.0)
    assert len(ran) == 1
    drain(executor)
    assert sorted(ran) == [0, 1, 2]


def test_spin_once_respects_the_timeout(executor: Any) -> None:
    drain(executor)
    start = time.monotonic()
    executor.spin_once(timeout_sec=0.1)
    assert 0.09 < time.monotonic() - start < 3.0


def test_entities_made_while_spinning_are_served(
    node: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    spin(node, executor=SingleThreadedExecutor())
    time.sleep(0.05)
    got: list[Any] = []
    node.create_subscription(String, "new", got.append, 10)
    publisher = node.create_publisher(String, "new", 10)
    publisher.publish(String(data="x"))
    until(lambda: got)
    ticks: list[int] = []
    node.create_timer(0.01, lambda: ticks.append(1))
    until(lambda: len(ticks) > 2)


def test_busy_source_does_not_starve_the_rest(executor: Any, node: Any) -> None:
    got: list[Any] = []
    ticks: list[int] = []

    def slow_tick() -> None:
        ticks.append(1)
        time.sleep(0.003)

    node.create_timer(0.001, slow_tick)  # always late
    node.create_subscription(String, "topic", got.append, 10)
    publisher = node.create_publisher(String, "topic", 10)
    for _ in range(5):
        publisher.publish(String())
    time.sleep(0.002)
    spins = 0
    while len(got) < 5 and spins < 40:
        executor.spin_once(timeout_sec=0.1)
        spins += 1
    assert len(got) == 5
    assert len(ticks) >= 4


def test_yielding_coroutine_does_not_starve_the_rest(executor: Any, node: Any) -> None:
    class Yield:
        def __await__(self) -> Any:
            yield

    is_over = False

    async def busy() -> str:
        while not is_over:
            await Yield()
        return "over"

    task = executor.create_task(busy)
    ticks: list[int] = []
    node.create_timer(0.005, lambda: ticks.append(1))
    end = time.monotonic() + 2.0
    while len(ticks) < 3 and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    assert len(ticks) >= 3
    is_over = True
    executor.spin_until_future_complete(task, timeout_sec=1.0)
    assert task.result() == "over"


def test_spin_until_future_complete(executor: Any, node: Any) -> None:
    future = Future()
    timer = node.create_timer(0.02, lambda: future.set_result("done"))
    executor.spin_until_future_complete(future, timeout_sec=5.0)
    assert future.result() == "done"
    timer.cancel()
    start = time.monotonic()
    executor.spin_until_future_complete(Future(), timeout_sec=0.1)
    assert 0.09 < time.monotonic() - start < 3.0


def test_future_set_by_another_thread_wakes(executor: Any) -> None:
    future = Future()
    threading.Timer(0.05, lambda: future.set_result(1)).start()
    start = time.monotonic()
    executor.spin_until_future_complete(future)
    assert time.monotonic() - start < 5.0


def test_exception_of_a_callback_ends_spin(executor: Any, node: Any) -> None:
    def fail() -> None:
        raise ValueError("from the callback")

    node.create_timer(0.01, fail)
    with pytest.raises(ValueError, match="from the callback"):
        executor.spin()


@pytest.mark.parametrize("kind", [SingleThreadedExecutor, MultiThreadedExecutor])
def test_exception_of_a_coroutine_ends_spin(node: Any, kind: Any) -> None:
    async def fail() -> None:
        raise ValueError("from the coroutine")

    executor = kind()
    executor.add_node(node)
    node.create_timer(0.01, fail)
    with pytest.raises(ValueError, match="from the coroutine"):
        executor.spin()
    executor.shutdown()


def test_shutdown_of_the_context_ends_spin(ros: Any, executor: Any) -> None:
    threading.Timer(0.05, ros.shutdown).start()
    with pytest.raises(ExternalShutdownException):
        executor.spin()


def test_wake_and_shutdown_end_spin(node: Any) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    time.sleep(0.02)
    executor.wake()
    assert executor.shutdown()
    thread.join(2.0)
    assert not thread.is_alive()
    assert node.executor is None


def overlap(node: Any, groups: list[Any], until: Callable[..., None]) -> int:
    """Run two slow timers and return the largest number that ran at once."""
    running, most, calls = [0], [0], [0]
    lock = threading.Lock()

    def slow() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
            calls[0] += 1

    for group in groups:
        node.create_timer(0.005, slow, callback_group=group)
    until(lambda: calls[0] >= 10)
    return most[0]


def test_mutually_exclusive_group(
    node: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    spin(node)
    group = MutuallyExclusiveCallbackGroup()
    assert overlap(node, [group, group], until) == 1


def test_reentrant_and_separate_groups(
    node: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    spin(node)
    assert overlap(node, [ReentrantCallbackGroup()] * 2, until) >= 2


def test_exclusive_group_holds_while_a_coroutine_waits(executor: Any, node: Any) -> None:
    gate = Future()
    order: list[str] = []

    async def first() -> None:
        timer.cancel()
        order.append("begin")
        await gate
        order.append("end")

    timer = node.create_timer(0.0, first)
    executor.spin_once(timeout_sec=1.0)
    guard = node.create_guard_condition(lambda: order.append("guard"))
    guard.trigger()
    drain(executor)
    assert order == ["begin"]
    gate.set_result(None)
    drain(executor)
    assert order == ["begin", "end", "guard"]


def test_busy_group_does_not_spin_hot(
    node: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    release = threading.Event()
    started = threading.Event()

    def block(_: Any) -> None:
        started.set()
        release.wait(5.0)

    node.create_subscription(String, "block", block, 10)
    node.create_timer(0.01, lambda: None)
    publisher = node.create_publisher(String, "block", 10)
    spin(node)
    for _ in range(3):
        publisher.publish(String())
    assert started.wait(5.0)
    cpu = time.process_time()
    time.sleep(0.3)
    used = time.process_time() - cpu
    release.set()
    assert used < 0.1


def test_node_moves_between_executors(node: Any) -> None:
    first, second = SingleThreadedExecutor(), SingleThreadedExecutor()
    assert first.add_node(node)
    assert not first.add_node(node)
    second.add_node(node)
    assert node.executor is second
    assert first.get_nodes() == []
    ran: list[int] = []
    node.create_guard_condition(lambda: ran.append(1)).trigger()
    drain(first, 3)
    assert ran == []
    drain(second)
    assert ran == [1]
    first.shutdown()
    second.shutdown()


def test_destroyed_entity_is_not_served(executor: Any, node: Any) -> None:
    got: list[Any] = []
    subscription = node.create_subscription(String, "topic", got.append, 10)
    node.create_publisher(String, "topic", 10).publish(String())
    node.destroy_subscription(subscription)
    drain(executor)
    assert got == []
