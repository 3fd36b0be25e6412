"""Time, duration and clocks without a node."""

from __future__ import annotations

import threading
import time as wall
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy._waker import Waker, wake_on_shutdown
from rclpy.clock import Clock, ClockChange, ClockType, JumpThreshold, ROSClock, TimeJump
from rclpy.duration import Duration, Infinite
from rclpy.exceptions import NotInitializedException
from rclpy.time import Time

INT64_MAX = 2**63 - 1
STAMPS = st.integers(0, 2**62)
SPANS = st.integers(-(2**61), 2**61)


class FakeContext:
    """Just enough of a context for a sleep."""

    def __init__(self, valid: bool = True) -> None:
        self.valid = valid
        self.callbacks: list[Any] = []

    def ok(self) -> bool:
        return self.valid

    def on_shutdown(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def shutdown(self) -> None:
        self.valid = False
        for callback in self.callbacks:
            callback()


@given(stamp=STAMPS, span=SPANS)
def test_time_plus_span_minus_time_is_the_span(stamp: int, span: int) -> None:
    time, duration = Time(nanoseconds=stamp), Duration(nanoseconds=span)
    if stamp + span < 0:
        with pytest.raises(ValueError, match="negative"):
            time + duration
        return
    later = time + duration
    assert later.nanoseconds == stamp + span
    assert later - time == duration
    assert later - duration == time
    assert (later > time) == (span > 0)


@given(first=SPANS, second=SPANS)
def test_durations_order_and_add_like_numbers(first: int, second: int) -> None:
    a, b = Duration(nanoseconds=first), Duration(nanoseconds=second)
    assert (a < b, a <= b, a == b, a >= b, a > b, a != b) == (
        first < second,
        first <= second,
        first == second,
        first >= second,
        first > second,
        first != second,
    )
    assert (a + b).nanoseconds == first + second
    assert (a - b).nanoseconds == first - second
    assert abs(a).nanoseconds == abs(first)
    assert (-a).nanoseconds == -first


@given(stamp=st.integers(0, 2**31 * 10**9 - 1))
def test_time_survives_its_message(stamp: int) -> None:
    message = Time(nanoseconds=stamp).to_msg()
    assert (message.sec, message.nanosec) == divmod(stamp, 10**9)
    back = Time.from_msg(message)
    assert back == Time(nanoseconds=stamp, clock_type=ClockType.ROS_TIME)


@given(span=st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1))
def test_duration_survives_its_message(span: int) -> None:
    assert Duration.from_msg(Duration(nanoseconds=span).to_msg()).nanoseconds == span


def test_seconds_and_nanoseconds_add() -> None:
    assert Time(seconds=1.5, nanoseconds=3).nanoseconds == 1_500_000_003
    assert Time(seconds=2, nanoseconds=7).seconds_nanoseconds() == (2, 7)
    assert Duration(seconds=-0.5).nanoseconds == -500_000_000
    assert Duration(seconds=2) / 2 == Duration(seconds=1)
    assert 2 * Duration(seconds=2) == Duration(seconds=4)
    assert bool(Duration()) is True
    assert Infinite() == Duration(nanoseconds=INT64_MAX)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Time(seconds=-1), ValueError),
        (lambda: Time(nanoseconds=-1), ValueError),
        (lambda: Time(nanoseconds=INT64_MAX + 1), OverflowError),
        (lambda: Time(clock_type="x"), TypeError),  # type: ignore[arg-type]
        (lambda: Time(nanoseconds=INT64_MAX) + Duration(nanoseconds=1), OverflowError),
        (lambda: Duration(nanoseconds=INT64_MAX + 1), OverflowError),
        (lambda: Time.from_msg(3), TypeError),  # type: ignore[arg-type]
        (lambda: Duration.from_msg("x"), TypeError),  # type: ignore[arg-type]
        (lambda: Time() + 1, TypeError),
        (lambda: Time() < 3, TypeError),
        (lambda: Clock(clock_type=3), TypeError),  # type: ignore[arg-type]
    ],
)
def test_misuse_raises(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_clock_kinds_do_not_mix() -> None:
    ros, system = Time(clock_type=ClockType.ROS_TIME), Time()
    for operation in (lambda: ros < system, lambda: ros - system, lambda: ros == system):
        with pytest.raises(TypeError, match="different clock types"):
            operation()
    assert ros != "text"


def test_clocks_read_their_source() -> None:
    assert isinstance(Clock(clock_type=ClockType.ROS_TIME), ROSClock)
    assert abs(Clock().now().nanoseconds - wall.time_ns()) < 10**9
    steady = Clock(clock_type=ClockType.STEADY_TIME)
    assert abs(steady.now().nanoseconds - wall.monotonic_ns()) < 10**9
    assert steady.now().clock_type is ClockType.STEADY_TIME


def test_ros_clock_follows_the_override() -> None:
    clock = ROSClock()
    assert not clock.ros_time_is_active
    clock.set_ros_time_override(Time(seconds=5, clock_type=ClockType.ROS_TIME))
    assert clock.now().nanoseconds > 10**15
    clock._set_ros_time_is_active(True)
    assert clock.now() == Time(seconds=5, clock_type=ClockType.ROS_TIME)
    clock._set_ros_time_is_active(False)
    assert clock.now().nanoseconds > 10**15


@pytest.mark.parametrize(
    ("forward", "backward", "on_change"),
    [(0, None, True), (-1, None, True), (None, 0, True), (None, 1, True), (None, None, False)],
)
def test_impossible_thresholds(forward: int | None, backward: int | None, on_change: bool) -> None:
    with pytest.raises(ValueError, match=r"threshold|must be"):
        JumpThreshold(
            min_forward=None if forward is None else Duration(nanoseconds=forward),
            min_backward=None if backward is None else Duration(nanoseconds=backward),
            on_clock_change=on_change,
        )


def test_jump_callbacks() -> None:
    clock = ROSClock()
    seen: list[Any] = []
    threshold = JumpThreshold(
        min_forward=Duration(seconds=1), min_backward=Duration(seconds=-2), on_clock_change=True
    )

    def post(jump: TimeJump) -> None:
        seen.append((jump.clock_change, jump.delta.nanoseconds))

    handle = clock.create_jump_callback(
        threshold, pre_callback=lambda: seen.append("pre"), post_callback=post
    )
    clock._set_ros_time_is_active(True)
    assert seen[0] == "pre"
    assert seen[1][0] is ClockChange.ROS_TIME_ACTIVATED
    seen.clear()
    for second in (0.5, 1.5, 0.0):  # by 0.5, 1.0 and -1.5 s
        clock.set_ros_time_override(Time(seconds=second))
    assert seen == ["pre", (ClockChange.ROS_TIME_NO_CHANGE, 10**9)]
    seen.clear()
    clock.set_ros_time_override(Time(seconds=10))
    clock.set_ros_time_override(Time(seconds=8))
    assert [entry[1] for entry in seen if entry != "pre"] == [10**10, -2 * 10**9]
    handle.unregister()
    seen.clear()
    clock._set_ros_time_is_active(False)
    assert seen == []


def test_jump_callback_needs_a_callable() -> None:
    threshold = JumpThreshold(min_forward=None, min_backward=None)
    with pytest.raises(ValueError, match="callable"):
        Clock().create_jump_callback(threshold)
    with pytest.raises(ValueError, match="pre_callback"):
        Clock().create_jump_callback(threshold, pre_callback=3)  # type: ignore[arg-type]


def test_sleep_for_takes_its_time() -> None:
    clock = Clock(clock_type=ClockType.STEADY_TIME)
    begin = wall.monotonic()
    assert clock.sleep_for(Duration(seconds=0.05), context=FakeContext())  # type: ignore[arg-type]
    assert wall.monotonic() - begin >= 0.05
    assert clock.sleep_until(Time(clock_type=ClockType.STEADY_TIME), FakeContext())  # type: ignore[arg-type]


def test_sleep_refuses_other_clocks_and_dead_contexts() -> None:
    with pytest.raises(ValueError, match="clock type"):
        Clock().sleep_until(Time(clock_type=ClockType.STEADY_TIME), FakeContext())  # type: ignore[arg-type]
    with pytest.raises(NotInitializedException):
        Clock().sleep_for(Duration(seconds=1), FakeContext(valid=False))  # type: ignore[arg-type]


def _in_thread(function: Any) -> tuple[threading.Thread, list[Any]]:
    out: list[Any] = []
    thread = threading.Thread(target=lambda: out.append(function()))
    thread.start()
    return thread, out


def test_shutdown_ends_a_sleep() -> None:
    context = FakeContext()
    thread, out = _in_thread(
        lambda: Clock().sleep_for(Duration(seconds=60), context)  # type: ignore[arg-type]
    )
    while not context.callbacks:
        wall.sleep(0.001)
    context.shutdown()
    thread.join(5)
    assert out == [False]


def test_simulated_time_wakes_a_sleep() -> None:
    clock = ROSClock()
    clock._set_ros_time_is_active(True)
    until = Time(seconds=3, clock_type=ClockType.ROS_TIME)
    thread, out = _in_thread(lambda: clock.sleep_until(until, FakeContext()))  # type: ignore[arg-type]
    while not clock._jump_handles:
        wall.sleep(0.001)
    clock.set_ros_time_override(Time(seconds=2))
    thread.join(0.05)
    assert thread.is_alive()
    clock.set_ros_time_override(Time(seconds=3))
    thread.join(5)
    assert out == [True]
    assert not clock._jump_handles


def test_change_of_the_time_source_ends_a_sleep() -> None:
    clock = ROSClock()
    until = clock.now() + Duration(seconds=60)
    thread, out = _in_thread(lambda: clock.sleep_until(until, FakeContext()))  # type: ignore[arg-type]
    while not clock._jump_handles:
        wall.sleep(0.001)
    clock._set_ros_time_is_active(True)
    thread.join(5)
    assert out == [False]


def test_a_waker_of_a_dead_context_wakes_at_once() -> None:
    waker = Waker()
    with wake_on_shutdown(FakeContext(valid=False), waker):
        assert waker.wait(5.0)
    assert not waker.wait(0.01)
    waker.wake()
    waker.wake()
    assert waker.wait(0.0)
    assert not waker.wait(0.0)
