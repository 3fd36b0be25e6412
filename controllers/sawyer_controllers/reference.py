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
        self._bases: dict[int, tuple[Array, Array, Array]] = {}
        self.rest([0.0] * N_JOINTS)

    def rest(self, q_rad: Sequence[float]) -> None:
        """Stay at ``q_rad``."""
        self.positions: list[list[float]] = [[float(value) for value in q_rad]]
        self._total_s = self.tick_s
        self._moves: Array = np.zeros((2, N_JOINTS))
        self._basis = self._bases_for(1)

    def move(self, start: int, q_goal_rad: npt.ArrayLike, duration_s: float) -> bool:
        """Go from row ``start`` of the present reference to ``q_goal_rad``.

        Returns:
            True if the speed cap cut the move short.
        """
        q0 = np.array(self.positions[start])
        v0 = (self._basis[1][start] @ self._moves) / self._total_s
        ticks = max(1, round(duration_s / self.tick_s))
        total_s = ticks * self.tick_s
        change = np.asarray(q_goal_rad, dtype=np.float64) - q0
        # Peak of the cubic's speed is 1.5 |change| / T; the carried-over part adds at most |v_0|.
        room = np.maximum(self._cap - np.abs(v0), 0.0) * (total_s / 1.5)
        reach = np.abs(change)
        cut = bool((reach > room).any())
        if cut:
            change *= float(np.min(np.where(reach > room, room / np.maximum(reach, 1e-300), 1.0)))
        self._total_s = total_s
        self._moves = np.array([change, v0 * total_s])
        self._basis = self._bases_for(ticks)
        self.positions = (self._basis[0] @ self._moves + q0).tolist()
        return cut

    @property
    def velocities(self) -> Array:
        """(rows, 7) rad/s."""
        rows: Array = self._basis[1] @ (self._moves / self._total_s)
        return rows

    def feedforward(self, damping: Array | None, inertia: Array | None) -> Array:
        """(rows, 7) N m: damping (7,) times velocity plus inertia (7, 7) times acceleration."""
        rows: Array = np.zeros((len(self.positions), N_JOINTS))
        if damping is not None:
            rows = self._basis[1] @ (self._moves * (damping / self._total_s))
        if inertia is not None:
            rows = rows + self._basis[2] @ ((self._moves / self._total_s**2) @ inertia)
        return rows

    def _bases_for(self, ticks: int) -> tuple[Array, Array, Array]:
        """Rows of the cubic and its derivatives by u, (ticks, 2): of q_1 - q_0 and of v_0 T."""
        if ticks not in self._bases:
            u = np.arange(1, ticks + 1) / ticks
            self._bases[ticks] = (
                np.stack([u * u * (3.0 - 2.0 * u), u * (1.0 - u) ** 2], axis=1),
                np.stack([6.0 * u * (1.0 - u), 1.0 - 4.0 * u + 3.0 * u * u], axis=1),
                np.stack([6.0 - 12.0 * u, 6.0 * u - 4.0], axis=1),
            )
        return self._bases[ticks]
