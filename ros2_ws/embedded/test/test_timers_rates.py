"""Timers and rates, on wall time and on simulated time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from builtin_interfaces.msg import Time as TimeMsg
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ROSInterruptException
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock as ClockMsg


@pytest.fixture
def node(ros: Any) -> Iterator[Any]:
    made = ros.create_node("node", start_parameter_services=False)
    yield made
    made.destroy_node()


def run(ros: Any, node: Any, span_s: float) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    end = time.monotonic() + span_s
    while (left := end - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left)
    executor.shutdown()


def test_period(ros: Any, node: Any) -> None:
    calls: list[float] = []
    timer = node.create_timer(0.02, lambda: calls.append(time.monotonic()))
    assert timer.timer_period_ns == 20_000_000
    assert 0 < timer.time_until_next_call() <= 20_000_000
    run(ros, node, 0.5)
    assert 8 <= len(calls) <= 26  # fewer than 25 on a busy machine, never more
    assert 0 <= timer.time_since_last_call() < 500_000_000


def test_late_calls_are_left_out_not_made_up(ros: Any, node: Any) -> None:
    calls: list[int] = []

    def tick() -> None:
        calls.append(time.monotonic_ns())
        if len(calls) == 1:
            time.sleep(0.105)

    node.create_timer(0.02, tick)
    run(ros, node, 0.3)
    # 0.3 s at 50 Hz less the five that fell into the sleep
    assert len(calls) <= 11


def test_cancel_and_reset(ros: Any, node: Any) -> None:
    calls: list[int] = []
    timer = node.create_timer(0.01, lambda: calls.append(1))
    timer.cancel()
    assert timer.is_canceled()
    assert timer.time_until_next_call() is None
    run(ros, node, 0.05)
    assert calls == []
    timer.reset()
    assert not timer.is_canceled()
    run(ros, node, 0.05)
    assert calls
    assert node.destroy_timer(timer)


def test_timer_info_and_autostart(ros: Any, node: Any) -> None:
    infos: list[Any] = []
    timer = node.create_timer(0.01, infos.append, autostart=False)
    run(ros, node, 0.03)
    assert infos == []
    timer.reset()
    run(ros, node, 0.05)
    assert infos[0].actual_call_time >= infos[0].expected_call_time


def test_new_period_counts_at_once(
    node: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    calls: list[int] = []
    timer = node.create_timer(100.0, lambda: calls.append(1))
    spin(node)
    timer.timer_period_ns = 10_000_000
    until(lambda: len(calls) > 2)


def set_clock(ros: Any, node: Any, publisher: Any, nanoseconds: int) -> None:
    seconds, rest = divmod(nanoseconds, 10**9)
    publisher.publish(ClockMsg(clock=TimeMsg(sec=seconds, nanosec=rest)))
    end = time.monotonic() + 5.0
    while node.get_clock().now().nanoseconds != nanoseconds:
        assert time.monotonic() < end
        ros.spin_once(node, timeout_sec=0.1)
    for _ in range(5):
        ros.spin_once(node, timeout_sec=0.0)


@pytest.fixture
def sim_node(ros: Any) -> Iterator[Any]:
    made = ros.create_node(
        "sim", parameter_overrides=[Parameter("use_sim_time", Parameter.Type.BOOL, True)]
    )
    yield made
    made.destroy_node()


def test_simulated_time_drives_timers(ros: Any, sim_node: Any) -> None:
    publisher = sim_node.create_publisher(ClockMsg, "/clock", 10)
    calls: list[int] = []
    steady: list[int] = []
    set_clock(ros, sim_node, publisher, 10**9)
    sim_node.create_timer(0.1, lambda: calls.append(sim_node.get_clock().now().nanoseconds))
    wall = Clock(clock_type=ClockType.STEADY_TIME)
    sim_node.create_timer(0.01, lambda: steady.append(1), clock=wall)
    run(ros, sim_node, 0.15)
    assert calls == []
    assert steady
    for tick in range(1, 21):
        set_clock(ros, sim_node, publisher, 10**9 + tick * 50_000_000)
    assert calls == [10**9 + n * 100_000_000 for n in range(1, 11)]


def test_jump_back_starts_the_period_anew(ros: Any, sim_node: Any) -> None:
    publisher = sim_node.create_publisher(ClockMsg, "/clock", 10)
    set_clock(ros, sim_node, publisher, 100 * 10**9)
    calls: list[int] = []
    sim_node.create_timer(1.0, lambda: calls.append(sim_node.get_clock().now().nanoseconds))
    set_clock(ros, sim_node, publisher, 10 * 10**9)
    set_clock(ros, sim_node, publisher, 10 * 10**9 + 900_000_000)
    assert calls == []
    set_clock(ros, sim_node, publisher, 11 * 10**9)
    assert calls == [11 * 10**9]


def test_waiting_for_simulated_time_costs_nothing(ros: Any, sim_node: Any) -> None:
    publisher = sim_node.create_publisher(ClockMsg, "/clock", 10)
    set_clock(ros, sim_node, publisher, 10**9)
    sim_node.create_timer(0.001, lambda: None)
    cpu = time.process_time()
    run(ros, sim_node, 0.3)
    assert time.process_time() - cpu < 0.05


def test_rate(ros: Any, node: Any, spin: Callable[..., Any]) -> None:
    spin(node)
    rate = node.create_rate(50.0)
    start = time.monotonic()
    for _ in range(10):
        rate.sleep()
    assert 0.15 < time.monotonic() - start < 5.0
    assert node.destroy_rate(rate)
    with pytest.raises(RuntimeError, match="destroyed"):
        rate.sleep()
    with pytest.raises(ValueError, match="frequency"):
        node.create_rate(0)


def test_rate_ends_with_the_context(ros: Any, node: Any) -> None:
    rate = node.create_rate(0.01)
    threading.Timer(0.05, ros.shutdown).start()
    with pytest.raises(ROSInterruptException):
        rate.sleep()
