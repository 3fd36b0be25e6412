"""Durations with nanosecond resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builtin_interfaces.msg import Duration as DurationMsg

S_TO_NS = 10**9
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


class Duration:
    """A span between two points in time, with nanosecond resolution."""

    __slots__ = ("_nanoseconds",)

    def __init__(self, *, seconds: float = 0, nanoseconds: int = 0) -> None:
        """Make a duration of the sum of both arguments.

        Args:
            seconds: Seconds; may be a fraction.
            nanoseconds: Nanoseconds.

        Raises:
            OverflowError: The sum does not fit into 64 bits.
        """
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if not _INT64_MIN <= total <= _INT64_MAX:
            raise OverflowError("Total nanoseconds value is too large to store in C duration.")
        self._nanoseconds = total

    @property
    def nanoseconds(self) -> int:
        """The whole duration in nanoseconds."""
        return self._nanoseconds

    def __repr__(self) -> str:
        return f"Duration(nanoseconds={self._nanoseconds})"

    def __str__(self) -> str:
        if self._nanoseconds == _INT64_MAX:
            return "Infinite"
        return f"{self._nanoseconds} nanoseconds"

    def __hash__(self) -> int:
        return hash(self._nanoseconds)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Duration):
            return self._nanoseconds == other._nanoseconds
        if isinstance(other, Infinite):
            return self._nanoseconds == _INT64_MAX
        return NotImplemented

    def __lt__(self, other: object) -> bool:
        if isinstance(other, Duration):
            return self._nanoseconds < other._nanoseconds
        return NotImplemented

    def __le__(self, other: object) -> bool:
        if isinstance(other, Duration):
            return self._nanoseconds <= other._nanoseconds
        return NotImplemented

    def __gt__(self, other: object) -> bool:
        if isinstance(other, Duration):
            return self._nanoseconds > other._nanoseconds
        return NotImplemented

    def __ge__(self, other: object) -> bool:
        if isinstance(other, Duration):
            return self._nanoseconds >= other._nanoseconds
        return NotImplemented

    def __add__(self, other: object) -> Duration:
        if isinstance(other, Duration):
            return Duration(nanoseconds=self._nanoseconds + other._nanoseconds)
        return NotImplemented

    def __sub__(self, other: object) -> Duration:
        if isinstance(other, Duration):
            return Duration(nanoseconds=self._nanoseconds - other._nanoseconds)
        return NotImplemented

    def __mul__(self, factor: object) -> Duration:
        if isinstance(factor, (int, float)):
            return Duration(nanoseconds=int(self._nanoseconds * factor))
        return NotImplemented

    def __truediv__(self, divisor: object) -> Duration:
        if isinstance(divisor, (int, float)):
            return Duration(nanoseconds=int(self._nanoseconds / divisor))
        return NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> Duration:
        return Duration(nanoseconds=-self._nanoseconds)

    def __abs__(self) -> Duration:
        return Duration(nanoseconds=abs(self._nanoseconds))

    def to_msg(self) -> DurationMsg:
        """Make a ``builtin_interfaces.msg.Duration``.

        Durations beyond what the message holds are clipped to its ends.
        """
        from builtin_interfaces.msg import Duration as DurationMsg

        seconds, nanoseconds = divmod(self._nanoseconds, S_TO_NS)
        if seconds > 2**31 - 1:
            seconds, nanoseconds = 2**31 - 1, S_TO_NS - 1
        elif seconds < -(2**31):
            seconds, nanoseconds = -(2**31), 0
        return DurationMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: DurationMsg) -> Duration:
        """Make a duration from a ``builtin_interfaces.msg.Duration``.

        Raises:
            TypeError: ``msg`` is not such a message.
        """
        if not (hasattr(msg, "sec") and hasattr(msg, "nanosec")):
            raise TypeError(f"Must pass a builtin_interfaces.msg.Duration object, not {type(msg)}")
        return cls(nanoseconds=int(msg.sec) * S_TO_NS + int(msg.nanosec))

    def get_c_duration(self) -> Any:
        """Nanoseconds as the middleware layer takes them."""
        return self._nanoseconds


class Infinite:
    """The duration that is longer than every other."""

    @property
    def nanoseconds(self) -> int:
        """The largest 64-bit number."""
        return _INT64_MAX

    def get_c_duration(self) -> int:
        """Nanoseconds as the middleware layer takes them."""
        return _INT64_MAX

    def __repr__(self) -> str:
        return "Infinite()"

    def __str__(self) -> str:
        return "Infinite"

    def __hash__(self) -> int:
        return hash(_INT64_MAX)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Infinite):
            return True
        if isinstance(other, Duration):
            return other.nanoseconds == _INT64_MAX
        return NotImplemented
