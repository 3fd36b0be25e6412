"""Last function before the arm: torque-rate, speed, position and effort limits.

No parameter switches it off. It also finds measurements that cannot be true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

from sawyer_core.config import setting, validate
from sawyer_core.limits import JointLimits
from sawyer_core.types import N_JOINTS


class Clamp(IntFlag):
    """Which limits were active."""

    NONE = 0
    TORQUE_RATE = 1
    SPEED = 2
    POSITION = 4
    EFFORT = 8
    REFERENCE_SPEED = 16
    REFERENCE_POSITION = 32


@dataclass(frozen=True)
class LimiterConfig:
    """Settings of the torque limiter; the joint limits themselves come from the description."""

    torque_rate_n_m_per_s: tuple[float, ...] = setting(
        (2000.0, 2000.0, 1500.0, 1500.0, 500.0, 500.0, 500.0),
        unit="N m/s",
        length=N_JOINTS,
        bounds=(1.0, 1e5),
        doc="largest change of the control torque (without gravity)",
    )
    implausible_position_rad: float = setting(
        0.3,
        unit="rad",
        bounds=(0.01, 3.0),
        doc="a position this far beyond the joint limit is a sensor fault",
    )
    implausible_speed_factor: float = setting(
        5.0,
        bounds=(1.0, 100.0),
        doc="a speed above this multiple of the joint's limit is a sensor fault",
    )

    def __post_init__(self) -> None:
        validate(self)


class TorqueLimiter:
    """Turns a control torque into what the motors get: limited control torque plus gravity.

    - beyond a speed or position limit no control torque pushes further that way,
    - the control torque changes by at most rate * tick per tick, always,
    - the sum with gravity stays within the effort limit, always.
    """

    def __init__(
        self, config: LimiterConfig, limits: JointLimits, *, tick_s: float = 0.001
    ) -> None:
        self.config = config
        self.clamps = 0
        self.control: list[float] = [0.0] * N_JOINTS
        self._next: list[float] = [0.0] * N_JOINTS
        self._gravity: list[float] = [0.0] * N_JOINTS
        self._out: list[float] = [0.0] * N_JOINTS
        slack = config.implausible_position_rad
        factor = config.implausible_speed_factor
        self._rows = [
            (
                joint,
                config.torque_rate_n_m_per_s[joint] * tick_s,
                float(limits.velocity_rad_per_s[joint]),
                float(limits.lower_rad[joint]),
                float(limits.upper_rad[joint]),
                float(limits.effort_n_m[joint]),
            )
            for joint in range(N_JOINTS)
        ]
        self._plausible = [
            (lower - slack, upper + slack, factor * speed)
            for _, _, speed, lower, upper, _ in self._rows
        ]

    def reset(self) -> None:
        """Forget the last torque: the next one starts from zero control torque."""
        self.control = [0.0] * N_JOINTS
        self._next = [0.0] * N_JOINTS
        self.clamps = 0

    def apply(
        self,
        torque: Sequence[float],
        q: Sequence[float],
        dq: Sequence[float],
        gravity: Sequence[float],
    ) -> list[float] | None:
        """Motor torque (7,) N m, valid until the next call; None for an untrue measurement."""
        out = self._out
        last = self.control
        new = self._next
        clamps = 0
        for j, rate, speed, lower, upper, effort in self._rows:
            tau = torque[j]
            if not (-speed <= dq[j] <= speed and lower <= q[j] <= upper):
                clamped = self._beyond(j, tau, q[j], dq[j])
                if clamped is None:
                    return None
                tau, flag = clamped
                clamps |= flag
            before = last[j]
            change = tau - before
            if not -rate <= change <= rate:
                clamps |= 1
                tau = (
                    before + rate if change > 0.0 else (before - rate if change < 0.0 else before)
                )
            new[j] = tau
            tau += gravity[j]
            if not -effort <= tau <= effort:
                if not -2.0 * effort <= gravity[j] <= 2.0 * effort:
                    return None  # no number, infinite, or no such gravity on this arm
                clamps |= 8
                tau = effort if tau > 0.0 else -effort
            out[j] = tau
        self.control = new
        self._next = last
        self._gravity[:] = gravity
        self.clamps = clamps
        return out

    def fade(self) -> list[float]:
        """Torque of a tick without a usable measurement.

        The last true gravity torque, the control torque let down at the allowed rate.
        """
        out = self._out
        for j, rate, _, _, _, effort in self._rows:
            tau = self.control[j]
            tau = 0.0 if abs(tau) <= rate else tau - (rate if tau > 0.0 else -rate)
            self.control[j] = tau
            out[j] = min(max(tau + self._gravity[j], -effort), effort)
        return out

    def _beyond(self, j: int, tau: float, q: float, dq: float) -> tuple[float, int] | None:
        low, high, fastest = self._plausible[j]
        if not (low <= q <= high and -fastest <= dq <= fastest):
            return None
        _, _, speed, lower, upper, _ = self._rows[j]
        flags = 0
        if abs(dq) > speed:
            flags |= 2
            tau = min(tau, 0.0) if dq > 0.0 else max(tau, 0.0)
        if q > upper:
            flags |= 4
            tau = min(tau, 0.0)
        elif q < lower:
            flags |= 4
            tau = max(tau, 0.0)
        return tau, flags
