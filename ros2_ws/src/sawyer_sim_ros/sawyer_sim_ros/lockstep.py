"""Lockstep: the twin passes one control period per joint target, and only then."""

from __future__ import annotations

from sawyer_core import CommandRejectedError, JointTarget, SensorFrame
from sawyer_core.errors import RejectionCode
from sawyer_sim.twin import Twin

MS_PER_S = 1000.0


def check_target(target: JointTarget, newest_ns: int, period_s: float, slack_ns: int) -> None:
    """Refuse a target that was not computed from the newest state.

    Raises:
        CommandRejectedError: old (or from the future), or of another duration.
    """
    age_ns = newest_ns - target.stamp_ns
    if abs(age_ns) > slack_ns:
        raise CommandRejectedError(
            RejectionCode.STALE,
            f"joint target of the state at {target.stamp_ns} ns, newest state {newest_ns} ns",
        )
    if abs(target.duration_s - period_s) > 1e-9:
        raise CommandRejectedError(
            RejectionCode.OUT_OF_RANGE,
            f"joint target lasts {target.duration_s:g} s, allowed: {period_s:g} s",
        )


class LockstepStepper:
    """Advances the twin by whole control periods.

    Args:
        twin: to be advanced; prepared or not.
        period_s: control period.
    """

    def __init__(self, twin: Twin, period_s: float) -> None:
        self._twin = twin
        self._period_s = period_s
        self._ticks = round(period_s * MS_PER_S)
        self.periods = 0

    def step(self, target: JointTarget) -> SensorFrame:
        """One control period with ``target``.

        Raises:
            CommandRejectedError: the target is refused; the twin stands still.
        """
        check_target(target, self._twin.time_ns, self._period_s, 0)
        self.periods += 1
        try:
            return self._twin.advance(target, self._ticks)
        except CommandRejectedError:
            # A latched joint loop takes no targets; it holds while the period passes.
            return self._twin.advance(None, self._ticks)
