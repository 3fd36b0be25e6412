"""Cubic interpolation of the joint reference over one action period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ConfigError
from sawyer_core.types import N_JOINTS, Array


class CubicReference:
    """Joint reference, one row per tick, made once per target and then only indexed.

    From position q_0 with velocity v_0 to q_1 at rest in T, u = t / T:
    q(u) = q_0 + (3 u^2 - 2 u^3) (q_1 - q_0) + (u - 2 u^2 + u^3) v_0 T.
    A target that would exceed the speed cap is cut short on the straight line towards it.
    """

    def __init__(self, speed_cap_rad_per_s: Sequence[float], *, tick_s: float = 0.001) -> None:
        if not tick_s > 0.0:
            raise ConfigError("tick_s", tick_s, "above 0 s")
        self.tick_s = tick_s
        self._cap: Array = np.array(speed_cap_rad_per_s, dtype=np.float64)
        self._basis: dict[int, tuple[Array, ...]] = {}
        self.rest([0.0] * N_JOINTS)

    def rest(self, q_rad: Sequence[float]) -> None:
        """Stay at ``q_rad``."""
        self.positions: list[list[float]] = [[float(value) for value in q_rad]]
        self.velocities: Array = np.zeros((1, N_JOINTS))
        self.accelerations: Array = np.zeros((1, N_JOINTS))

    def move(self, start: int, q_goal_rad: npt.ArrayLike, duration_s: float) -> bool:
        """Go from row ``start`` of the present reference to ``q_goal_rad``.

        Returns:
            True if the speed cap cut the move short.
        """
        q0 = np.array(self.positions[start])
        v0 = self.velocities[start].copy()
        ticks = max(1, round(duration_s / self.tick_s))
        total_s = ticks * self.tick_s
        change = np.asarray(q_goal_rad, dtype=np.float64) - q0
        # Peak of the cubic's speed is 1.5 |change| / T; the carried-over part adds at most |v_0|.
        room = np.maximum(self._cap - np.abs(v0), 0.0) * total_s / 1.5
        reach = np.abs(change)
        share = float(np.min(np.where(reach > room, room / np.maximum(reach, 1e-300), 1.0)))
        change *= share
        position, carry, d_position, d_carry, dd_position, dd_carry = self._rows(ticks)
        rows = position * change
        speed = d_position * (change / total_s)
        gain = dd_position * (change / total_s**2)
        rows += q0
        if v0.any():
            rows += carry * (v0 * total_s)
            speed += d_carry * v0
            gain += dd_carry * (v0 / total_s)
        self.positions = rows.tolist()
        self.velocities = speed
        self.accelerations = gain
        return share < 1.0

    def _rows(self, ticks: int) -> tuple[Array, ...]:
        if ticks not in self._basis:
            u = (np.arange(1, ticks + 1) / ticks)[:, None]
            self._basis[ticks] = (
                u * u * (3.0 - 2.0 * u),
                u * (1.0 - u) ** 2,
                6.0 * u * (1.0 - u),
                1.0 - 4.0 * u + 3.0 * u * u,
                6.0 - 12.0 * u,
                6.0 * u - 4.0,
            )
        return self._basis[ticks]
