"""Points in time with nanosecond resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rclpy.clock_type import ClockType
from rclpy.duration import S_TO_NS, Duration

if TYPE_CHECKING:
    from builtin_interfaces.msg import Time as TimeMsg

CONVERSION_CONSTANT = 10**9
_INT64_MAX = 2**63 - 1


class Time:
    """A point in time of one kind of clock.

    Comparing or subtracting times of different clock kinds raises TypeError.
    """

    __slots__ = ("_clock_type", "_nanoseconds")

    def __init__(
        self,
        *,
        seconds: float = 0,
        nanoseconds: int = 0,
        clock_type: ClockType = ClockType.SYSTEM_TIME,
    ) -> None:
        """Make a time of the sum of ``seconds`` and ``nanoseconds``.

        Args:
            seconds: Seconds since the clock's epoch; may be a fraction.
            nanoseconds: Nanoseconds since the clock's epoch.
            clock_type: The kind of clock.

        Raises:
            TypeError: ``clock_type`` is not a ClockType.
            ValueError: ``seconds`` or ``nanoseconds`` is negative.
            OverflowError: The sum does not fit into 64 bits.
        """
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if seconds < 0:
            raise ValueError("Seconds value must not be negative")
        if nanoseconds < 0:
            raise ValueError("Nanoseconds value must not be negative")
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if total > _INT64_MAX:
            raise OverflowError("Total nanoseconds value is too large to store in C time point.")
        self._nanoseconds = total
        self._clock_type = clock_type

    @property
    def nanoseconds(self) -> int:
        """Nanoseconds since the clock's epoch."""
        return self._nanoseconds

    @property
    def clock_type(self) -> ClockType:
        """The kind of clock."""
        return self._clock_type

    def seconds_nanoseconds(self) -> tuple[int, int]:
        """Whole seconds and the remaining nanoseconds."""
        return divmod(self._nanoseconds, S_TO_NS)

    def __repr__(self) -> str:
        return f"Time(nanoseconds={self._nanoseconds}, clock_type={self._clock_type.name})"

    def __hash__(self) -> int:
        return hash((self._nanoseconds, self._clock_type))

    def _other_nanoseconds(self, other: Time, verb: str) -> int:
        if self._clock_type is not other._clock_type:
            raise TypeError(f"Can't {verb} times with different clock types")
        return other._nanoseconds

    def __add__(self, other: object) -> Time:
        if isinstance(other, Duration):
            return self._shifted(other.nanoseconds)
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: object) -> Time | Duration:  # type: ignore[override]
        if isinstance(other, Time):
            return Duration(
                nanoseconds=self._nanoseconds - self._other_nanoseconds(other, "subtract")
            )
        if isinstance(other, Duration):
            return self._shifted(-other.nanoseconds)
        return NotImplemented

    def _shifted(self, nanoseconds: int) -> Time:
        total = self._nanoseconds + nanoseconds
        if total < 0:
            raise ValueError(f"Resulting time is negative: {total} ns")
        if total > _INT64_MAX:
            raise OverflowError("Addition leads to overflow in C storage.")
        return Time(nanoseconds=total, clock_type=self._clock_type)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Time):
            return self._nanoseconds == self._other_nanoseconds(other, "compare")
        return False

    def __ne__(self, other: object) -> bool:
        if isinstance(other, Time):
            return self._nanoseconds != self._other_nanoseconds(other, "compare")
        return True

    def __lt__(self, other: object) -> bool:
        if isinstance(other, Time):
            return self._nanoseconds < self._other_nanoseconds(other, "compare")
        return NotImplemented

    def __le__(self, other: object) -> bool:
        if isinstance(other, Time):
            return self._nanoseconds <= self._other_nanoseconds(other, "compare")
        return NotImplemented

    def __gt__(self, other: object) -> bool:
        if isinstance(other, Time):
            return self._nanoseconds > self._other_nanoseconds(other, "compare")
        return NotImplemented

    def __ge__(self, other: object) -> bool:
        if isinstance(other, Time):
            return self._nanoseconds >= self._other_nanoseconds(other, "compare")
        return NotImplemented

    def to_msg(self) -> TimeMsg:
        """Make a ``builtin_interfaces.msg.Time``."""
        from builtin_interfaces.msg import Time as TimeMsg

        seconds, nanoseconds = self.seconds_nanoseconds()
        return TimeMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: TimeMsg, clock_type: ClockType = ClockType.ROS_TIME) -> Time:
        """Make a time from a ``builtin_interfaces.msg.Time``.

        Raises:
            TypeError: ``msg`` is not such a message.
        """
        if not (hasattr(msg, "sec") and hasattr(msg, "nanosec")):
            raise TypeError(f"Must pass a builtin_interfaces.msg.Time object, not {type(msg)}")
        return cls(nanoseconds=int(msg.sec) * S_TO_NS + int(msg.nanosec), clock_type=clock_type)
