"""Timers and rates."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy._entity import Entity
from rclpy.clock import ClockChange, JumpThreshold, ROSClock
from rclpy.duration import Duration
from rclpy.exceptions import ROSInterruptException

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.clock import Clock, TimeJump
    from rclpy.context import Context

NEVER_NS = 2**63 - 1


class TimerInfo:
    """When a timer was to be called, and when it was."""

    def __init__(self, expected_call_time: Any, actual_call_time: Any) -> None:
        self.expected_call_time = expected_call_time
        self.actual_call_time = actual_call_time


class Timer(Entity):
    """Calls back with a fixed period of its clock. Made by ``Node.create_timer``."""

    def __init__(
        self,
        callback: Callable[..., Any] | None,
        callback_group: CallbackGroup | None,
        timer_period_ns: int,
        clock: Clock,
        *,
        context: Context | None = None,
        autostart: bool = True,
    ) -> None:
        super().__init__(callback_group)
        if timer_period_ns < 0:
            raise ValueError(f"the timer period must be 0 or more, not {timer_period_ns} ns")
        self._context = context
        self._clock = clock
        self._period_ns = int(timer_period_ns)
        self._lock = threading.Lock()
        self._canceled = not autostart
        self._last_ns = clock._now_ns()
        self._next_ns = self._last_ns + self._period_ns
        self._wake: Callable[[], None] | None = None
        self.callback = callback
        self._jump_handle: Any = None
        if isinstance(clock, ROSClock):
            threshold = JumpThreshold(
                min_forward=Duration(nanoseconds=1), min_backward=Duration(nanoseconds=-1)
            )
            self._jump_handle = clock.create_jump_callback(threshold, post_callback=self._on_jump)

    @property
    def callback(self) -> Callable[..., Any] | None:
        """The function that is called."""
        return self._callback

    @callback.setter
    def callback(self, value: Callable[..., Any] | None) -> None:
        self._callback = value
        self._wants_info = False
        if value is not None:
            code = getattr(value, "__code__", None)
            # most callbacks show by their code that they take nothing; the rest is inspected
            if code is None or code.co_argcount > hasattr(value, "__self__"):
                self._wants_info = _takes_timer_info(value)

    @property
    def clock(self) -> Clock:
        """The clock of the timer."""
        return self._clock

    @property
    def timer_period_ns(self) -> int:
        """The period in nanoseconds; a new one counts from the last call."""
        return self._period_ns

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        with self._lock:
            self._period_ns = int(value)
            self._next_ns = self._last_ns + self._period_ns
        self._notify()

    def is_ready(self) -> bool:
        """Say whether it is time for the next call."""
        return not self._canceled and self._clock._now_ns() >= self._next_ns

    def is_canceled(self) -> bool:
        """Say whether the timer is cancelled."""
        return self._canceled

    def cancel(self) -> None:
        """Make no calls until ``reset``."""
        self._canceled = True

    def reset(self) -> None:
        """Begin the period anew (also ends a cancellation)."""
        with self._lock:
            self._last_ns = self._clock._now_ns()
            self._next_ns = self._last_ns + self._period_ns
            self._canceled = False
        self._notify()

    def time_since_last_call(self) -> int:
        """Return the nanoseconds since the last call."""
        return self._clock._now_ns() - self._last_ns

    def time_until_next_call(self) -> int | None:
        """Return the nanoseconds to the next call (negative: late), None when cancelled."""
        return None if self._canceled else self._next_ns - self._clock._now_ns()

    def _due_in_ns(self) -> int:
        """Return how long an executor may wait; simulated time wakes it by itself."""
        if self._canceled:
            return NEVER_NS
        remaining = self._next_ns - self._clock._now_ns()
        if remaining > 0 and getattr(self._clock, "ros_time_is_active", False):
            return NEVER_NS
        return remaining

    def _take(self) -> tuple[Any, tuple[Any, ...]] | None:
        now = self._clock._now_ns()
        with self._lock:
            if self._canceled or now < self._next_ns or self._is_destroyed:
                return None
            expected = self._next_ns
            self._advance(now)
        if self._callback is None:
            return None
        if self._wants_info:
            return self._callback, (self._info(expected, now),)
        return self._callback, ()

    def _advance(self, now: int) -> None:
        """Go to the next point of the grid after ``now``; calls that were missed are left out."""
        self._last_ns = now
        self._next_ns += self._period_ns
        if self._next_ns < now:
            if self._period_ns == 0:
                self._next_ns = now
            else:
                missed = 1 + (now - self._next_ns - 1) // self._period_ns
                self._next_ns += missed * self._period_ns

    def _info(self, expected_ns: int, now_ns: int) -> TimerInfo:
        from rclpy.time import Time

        kind = self._clock.clock_type
        return TimerInfo(
            Time(nanoseconds=expected_ns, clock_type=kind),
            Time(nanoseconds=now_ns, clock_type=kind),
        )

    def _on_jump(self, jump: TimeJump) -> None:
        now = self._clock._now_ns()
        with self._lock:
            changed = jump.clock_change in (
                ClockChange.ROS_TIME_ACTIVATED,
                ClockChange.ROS_TIME_DEACTIVATED,
            )
            if changed or now < self._last_ns:
                self._last_ns = now
                self._next_ns = now + self._period_ns
        if changed or now >= self._next_ns:
            self._notify()

    def _notify(self) -> None:
        wake = self._wake
        if wake is not None:
            wake()

    def destroy(self) -> None:
        """Destroy the timer (once)."""
        if not self._is_destroyed:
            self._is_destroyed = True
            self._canceled = True
            if self._jump_handle is not None:
                self._jump_handle.unregister()

    def __enter__(self) -> Timer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.destroy()


def _takes_timer_info(callback: Callable[..., Any]) -> bool:
    import inspect

    try:
        inspect.signature(callback).bind()
    except TypeError:
        return True
    except ValueError:
        return False
    return False


class Rate:
    """Sleeps so that a loop runs at a fixed rate; another thread must spin the node."""

    def __init__(self, timer: Timer, *, context: Context) -> None:
        self._context = context
        self._event = threading.Event()
        self._is_destroyed = False
        self._is_shutdown = False
        self._lock = threading.Lock()
        self._timer = timer
        timer.callback = self._tick
        context.on_shutdown(self._on_shutdown)

    def _tick(self) -> None:
        self._event.set()
        self._event.clear()

    def _on_shutdown(self) -> None:
        self._is_shutdown = True
        self.destroy()

    def destroy(self) -> None:
        """End the rate and wake its sleepers (once)."""
        self._is_destroyed = True
        self._event.set()

    def _presleep(self) -> None:
        if self._is_shutdown:
            raise ROSInterruptException
        if self._is_destroyed:
            raise RuntimeError("Rate cannot sleep because it has been destroyed")
        if not self._context.ok():
            raise ROSInterruptException

    def sleep(self) -> None:
        """Sleep until the next tick.

        Raises:
            ROSInterruptException: The context was shut down.
            RuntimeError: The rate was destroyed.
        """
        self._presleep()
        self._event.wait()
        if self._is_destroyed:
            self._presleep()
