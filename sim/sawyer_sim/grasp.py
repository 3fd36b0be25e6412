"""Finite grasp stiffness: six spring-dampers between gripper and plug that slip under load.

Each axis is elastic-perfectly plastic: beyond the slip force the rest position moves along, so
the plug stays where it slipped to. Plain floats, as it runs at 1 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence

from sawyer_sim.connectors.config import GraspConfig

N_GRASP = 6


class Grasp:
    """Springs of the grasp joints: x, y, z, roll, pitch, yaw.

    Args:
        config: stiffness, damping, slip limits.
        rest: (6,) pose error of the plug in the fingers, m and rad.
    """

    def __init__(self, config: GraspConfig, rest: Sequence[float]) -> None:
        stiffness = (*config.stiffness_n_per_m, *config.rotational_stiffness_n_m_per_rad)
        damping = (*config.damping_n_s_per_m, *config.rotational_damping_n_m_s_per_rad)
        slip = (*config.slip_force_n, *config.slip_torque_n_m)
        self._rows = list(zip(range(N_GRASP), stiffness, damping, slip, strict=True))
        self.rest: list[float] = list(rest)
        self.elastic: list[float] = [0.0] * N_GRASP
        self.effort: list[float] = [0.0] * N_GRASP

    def update(self, position: Sequence[float], velocity: Sequence[float]) -> list[float]:
        """Joint forces and torques on the plug, valid until the next call."""
        rest, elastic, effort = self.rest, self.elastic, self.effort
        for axis, stiffness, damping, slip in self._rows:
            force = -stiffness * (position[axis] - rest[axis])
            if force > slip:
                rest[axis] = position[axis] + slip / stiffness
                force = slip
            elif force < -slip:
                rest[axis] = position[axis] - slip / stiffness
                force = -slip
            elastic[axis] = force
            effort[axis] = force - damping * velocity[axis]
        return effort
