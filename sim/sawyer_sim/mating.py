"""Axial resistance of a connector's contact springs, pins or seal.

Coulomb friction whose bound grows with depth, with elastic presliding (so that it really
sticks) instead of a sign function: a force that opposes motion and never drives it.
"""

from __future__ import annotations

from bisect import bisect_right

from sawyer_sim.connectors.config import MatingConfig


class MatingForce:
    """Force on the plug along the socket axis (up is positive).

    Args:
        config: friction over depth.
        scale: factor of this episode.
    """

    def __init__(self, config: MatingConfig, scale: float) -> None:
        self._depths = list(config.depth_m)
        self._forces = [scale * force for force in config.force_n]
        self._stiffness = config.stiffness_n_per_m
        self._damping = config.damping_n_s_per_m
        self._stretch_m = 0.0

    def bound_n(self, depth_m: float) -> float:
        """Largest friction at a depth."""
        depths, forces = self._depths, self._forces
        if depth_m <= depths[0]:
            return forces[0]
        if depth_m >= depths[-1]:
            return forces[-1]
        upper = bisect_right(depths, depth_m)
        share = (depth_m - depths[upper - 1]) / (depths[upper] - depths[upper - 1])
        return forces[upper - 1] + share * (forces[upper] - forces[upper - 1])

    def update(self, depth_m: float, depth_rate_m_per_s: float, tick_s: float) -> float:
        """Force on the plug after ``tick_s`` at this depth and rate, N, positive = outwards."""
        bound = self.bound_n(depth_m)
        if bound <= 0.0:
            self._stretch_m = 0.0
            return 0.0
        stretch = self._stretch_m + depth_rate_m_per_s * tick_s
        limit = bound / self._stiffness
        stretch = min(max(stretch, -limit), limit)
        self._stretch_m = stretch
        force = self._stiffness * stretch + self._damping * depth_rate_m_per_s
        return min(max(force, -bound), bound)
