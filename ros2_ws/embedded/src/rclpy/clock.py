"""Clocks: system, steady and ROS time."""

from __future__ import annotations

import threading
import time as _time
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from rclpy._waker import Waker, wake_on_shutdown
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.exceptions import NotInitializedException
from rclpy.time import Time

if TYPE_CHECKING:
    from rclpy.context import Context

__all__ = [
    "Clock",
    "ClockChange",
    "ClockType",
    "JumpHandle",
    "JumpThreshold",
    "ROSClock",
    "TimeJump",
]


class ClockChange(IntEnum):
    """How the source of a clock changed in a time jump."""

    ROS_TIME_NO_CHANGE = 1
    ROS_TIME_ACTIVATED = 2
    ROS_TIME_DEACTIVATED = 3
    SYSTEM_TIME_NO_CHANGE = 4


class JumpThreshold:
    """Which time jumps a callback wants to hear of."""

    def __init__(
        self,
        *,
        min_forward: Duration | None,
        min_backward: Duration | None,
        on_clock_change: bool = True,
    ) -> None:
        """Make a threshold.

        Args:
            min_forward: Smallest jump forward that triggers (positive), or None.
            min_backward: Smallest jump backward that triggers (negative), or None.
            on_clock_change: Whether a change of the time source triggers.

        Raises:
            ValueError: A duration has the wrong sign, or nothing could ever trigger.
        """
        if min_forward is not None and min_forward.nanoseconds <= 0:
            raise ValueError(
                f"min_forward must be a positive non-zero duration, not {min_forward.nanoseconds}"
            )
        if min_backward is not None and min_backward.nanoseconds >= 0:
            raise ValueError(
                f"min_backward must be a negative non-zero duration, "
                f"not {min_backward.nanoseconds}"
            )
        if min_forward is None and min_backward is None and not on_clock_change:
            raise ValueError("At least one jump threshold must be given")
        self.min_forward = min_forward
        self.min_backward = min_backward
        self.on_clock_change = on_clock_change

    def exceeded_by(self, jump: TimeJump) -> bool:
        """Say whether a jump reaches the threshold."""
        if jump.clock_change in (
            ClockChange.ROS_TIME_ACTIVATED,
            ClockChange.ROS_TIME_DEACTIVATED,
        ):
            return self.on_clock_change
        delta = jump.delta.nanoseconds
        if self.min_forward is not None and delta >= self.min_forward.nanoseconds:
            return True
        return self.min_backward is not None and delta <= self.min_backward.nanoseconds


class TimeJump:
    """One jump of a clock."""

    __slots__ = ("_clock_change", "_delta")

    def __init__(self, clock_change: ClockChange, delta: Duration) -> None:
        """Hold the kind of change and the distance of the jump."""
        self._clock_change = clock_change
        self._delta = delta

    @property
    def clock_change(self) -> ClockChange:
        """Whether and how the time source changed."""
        return self._clock_change

    @property
    def delta(self) -> Duration:
        """How far the clock jumped."""
        return self._delta


class JumpHandle:
    """A registered pair of jump callbacks."""

    def __init__(
        self,
        *,
        clock: Clock,
        threshold: JumpThreshold,
        pre_callback: Callable[[], None] | None,
        post_callback: Callable[[TimeJump], None] | None,
    ) -> None:
        """Register the callbacks; use :meth:`Clock.create_jump_callback` instead."""
        if pre_callback is None and post_callback is None:
            raise ValueError("One of pre_callback or post_callback must be callable")
        for name, callback in (("pre", pre_callback), ("post", post_callback)):
            if callback is not None and not callable(callback):
                raise ValueError(f"{name}_callback must be callable if given")
        self._clock: Clock | None = clock
        self.threshold = threshold
        self.pre_callback = pre_callback
        self.post_callback = post_callback
        clock._add_jump_handle(self)

    def unregister(self) -> None:
        """Stop the callbacks; may be called more than once."""
        clock, self._clock = self._clock, None
        if clock is not None:
            clock._remove_jump_handle(self)

    def __enter__(self) -> JumpHandle:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.unregister()


class Clock:
    """A source of time. ``Clock(clock_type=ClockType.ROS_TIME)`` makes a :class:`ROSClock`."""

    _clock_type: ClockType
    _lock: Any
    _jump_handles: tuple[JumpHandle, ...]

    def __new__(cls, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> Clock:
        """Make a clock of the given kind."""
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if clock_type is ClockType.ROS_TIME and not issubclass(cls, ROSClock):
            cls = ROSClock
        self = super().__new__(cls)
        self._clock_type = clock_type
        self._lock = threading.RLock()
        self._jump_handles = ()
        return self

    @property
    def clock_type(self) -> ClockType:
        """The kind of this clock."""
        return self._clock_type

    def __repr__(self) -> str:
        return f"Clock(clock_type={self._clock_type.name})"

    def _now_ns(self) -> int:
        if self._clock_type is ClockType.STEADY_TIME:
            return _time.monotonic_ns()
        return _time.time_ns()

    def now(self) -> Time:
        """Read the clock."""
        return Time(nanoseconds=self._now_ns(), clock_type=self._clock_type)

    def create_jump_callback(
        self,
        threshold: JumpThreshold,
        *,
        pre_callback: Callable[[], None] | None = None,
        post_callback: Callable[[TimeJump], None] | None = None,
    ) -> JumpHandle:
        """Call back before and after the clock jumps.

        Args:
            threshold: Which jumps count.
            pre_callback: Called without arguments before the jump.
            post_callback: Called with the :class:`TimeJump` after it.

        Returns:
            A handle; :meth:`JumpHandle.unregister` ends the callbacks.
        """
        return JumpHandle(
            clock=self,
            threshold=threshold,
            pre_callback=pre_callback,
            post_callback=post_callback,
        )

    def _add_jump_handle(self, handle: JumpHandle) -> None:
        with self._lock:
            self._jump_handles = (*self._jump_handles, handle)

    def _remove_jump_handle(self, handle: JumpHandle) -> None:
        with self._lock:
            self._jump_handles = tuple(h for h in self._jump_handles if h is not handle)

    def sleep_until(self, until: Time, context: Context | None = None) -> bool:
        """Sleep until the clock reaches a time.

        With ROS time driven by ``/clock`` another thread has to spin the node, or the
        time never comes.

        Args:
            until: Time of this clock's kind.
            context: The context whose shutdown ends the sleep; None means the default.

        Returns:
            True when the time was reached, False when the context was shut down or the
            time source changed first.

        Raises:
            ValueError: ``until`` is of another clock kind.
            NotInitializedException: The context is not valid.
        """
        if until.clock_type is not self._clock_type:
            raise ValueError("until's clock type does not match this clock's type")
        if context is None:
            from rclpy.utilities import get_default_context

            context = get_default_context()
        if not context.ok():
            raise NotInitializedException
        return self._sleep(until.nanoseconds, context)

    def _sleep(self, until_ns: int, context: Context) -> bool:
        waker = Waker()
        source_changed: list[ClockChange] = []

        def after_jump(jump: TimeJump) -> None:
            if jump.clock_change in (
                ClockChange.ROS_TIME_ACTIVATED,
                ClockChange.ROS_TIME_DEACTIVATED,
            ):
                source_changed.append(jump.clock_change)
            waker.wake()

        threshold = JumpThreshold(
            min_forward=Duration(nanoseconds=1), min_backward=Duration(nanoseconds=-1)
        )
        handle = self.create_jump_callback(threshold, post_callback=after_jump)
        with handle, wake_on_shutdown(context, waker):
            while context.ok() and not source_changed:
                remaining_ns = until_ns - self._now_ns()
                if remaining_ns <= 0:
                    return True
                waker.wait(self._wait_s(remaining_ns))
        return False

    def _wait_s(self, remaining_ns: int) -> float | None:
        """How long to wait for ``remaining_ns`` of this clock; None is until woken."""
        return remaining_ns * 1e-9

    def sleep_for(self, rel_time: Duration, context: Context | None = None) -> bool:
        """Sleep for a span of this clock's time; see :meth:`sleep_until`."""
        until = self.now() + rel_time
        return self.sleep_until(until, context)


class ROSClock(Clock):
    """A clock that follows ``/clock`` when simulated time is in use, else the system."""

    def __new__(cls, **kwargs: Any) -> ROSClock:
        """Make a ROS clock that follows system time until an override is activated."""
        self = super().__new__(cls, clock_type=ClockType.ROS_TIME)
        assert isinstance(self, ROSClock)  # for the type checker
        self._override_ns = 0
        self._override_active = False
        return self

    _override_ns: int
    _override_active: bool

    @property
    def ros_time_is_active(self) -> bool:
        """Whether simulated time is in use."""
        return self._override_active

    def _now_ns(self) -> int:
        return self._override_ns if self._override_active else _time.time_ns()

    def _wait_s(self, remaining_ns: int) -> float | None:
        return None if self._override_active else remaining_ns * 1e-9

    def _set_ros_time_is_active(self, enabled: bool) -> None:
        """Switch between simulated (True) and system time."""
        if enabled == self._override_active:
            return
        change = ClockChange.ROS_TIME_ACTIVATED if enabled else ClockChange.ROS_TIME_DEACTIVATED
        system_ns = _time.time_ns()
        delta_ns = self._override_ns - system_ns
        jump = TimeJump(change, Duration(nanoseconds=delta_ns if enabled else -delta_ns))

        def apply() -> None:
            self._override_active = enabled

        self._jump(jump, apply)

    def set_ros_time_override(self, time: Time) -> None:
        """Set the simulated time.

        Raises:
            TypeError: ``time`` is not a Time.
        """
        if not isinstance(time, Time):
            raise TypeError("Time must be specified as rclpy.time.Time")
        self._set_override_ns(time.nanoseconds)

    def _set_override_ns(self, nanoseconds: int) -> None:
        if not self._override_active:
            self._override_ns = nanoseconds
            return
        if not self._jump_handles:
            self._override_ns = nanoseconds
            return
        jump = TimeJump(
            ClockChange.ROS_TIME_NO_CHANGE,
            Duration(nanoseconds=nanoseconds - self._override_ns),
        )

        def apply() -> None:
            self._override_ns = nanoseconds

        self._jump(jump, apply)

    def _jump(self, jump: TimeJump, apply: Callable[[], None]) -> None:
        with self._lock:
            handles = [h for h in self._jump_handles if h.threshold.exceeded_by(jump)]
            for handle in handles:
                if handle.pre_callback is not None:
                    handle.pre_callback()
            apply()
            # A sleeper that registered between the snapshot and now reads the new time.
            handles_now = [h for h in self._jump_handles if h.threshold.exceeded_by(jump)]
        for handle in handles_now:
            if handle.post_callback is not None:
                handle.post_callback(jump)
