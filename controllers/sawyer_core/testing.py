"""Public fakes: a task, an arm and a policy that need neither physics nor a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sawyer_core.tasks import InsertionTask
from sawyer_core.types import (
    N_JOINTS,
    ArmState,
    Array,
    JointTarget,
    PolicyInput,
    SensorFrame,
    Wrench,
)

FAKE_TASK = InsertionTask(
    connector="test",
    goal_position_m=(0.6, 0.1, 0.0),
    goal_quat_xyzw=(1.0, 0.0, 0.0, 0.0),
    mouth_height_m=0.012,
    insertion_depth_m=0.012,
)
"""Straight below where a :class:`FakeArm` starts; seated at height 0, mouth at 12 mm."""


class FakeArm:
    """Arm that moves a free point by Cartesian deltas or copies joint targets at once.

    It knows no kinematics: joint targets move ``q``, :meth:`move` moves the end effector.
    """

    def __init__(
        self,
        ee_position_m: Sequence[float] = (0.6, 0.1, 0.1),
        ee_quat_xyzw: Sequence[float] = (1.0, 0.0, 0.0, 0.0),
        period_ns: int = 100_000_000,
    ) -> None:
        self.stamp_ns = 0
        self.period_ns = period_ns
        self.q_rad = np.zeros(N_JOINTS)
        self.ee_position_m = np.array(ee_position_m, dtype=np.float64)
        self.ee_quat_xyzw = np.array(ee_quat_xyzw, dtype=np.float64)
        self.ee_linear_m_per_s = np.zeros(3)
        self.force_n = np.zeros(3)
        self.electrical_contact = False
        self.floor_z_m = -np.inf
        self._contact_since_ns: int | None = None

    def command(self, target: JointTarget) -> SensorFrame:
        """Take over the target's joint position and pass one period."""
        self.q_rad = np.array(target.q_rad)
        return self._advance()

    def move(self, delta_m: npt.ArrayLike) -> SensorFrame:
        """Move the end effector by ``delta_m`` (not below ``floor_z_m``); pass one period."""
        before = self.ee_position_m.copy()
        self.ee_position_m = before + np.asarray(delta_m, dtype=np.float64)
        self.ee_position_m[2] = max(self.ee_position_m[2], self.floor_z_m)
        self.ee_linear_m_per_s = (self.ee_position_m - before) / (self.period_ns * 1e-9)
        return self._advance()

    def frame(self) -> SensorFrame:
        """The frame of the present instant."""
        wrench = Wrench(self.stamp_ns, self.force_n, np.zeros(3))
        since = self._contact_since_ns
        return SensorFrame(
            arm=self.state(),
            wrench=wrench,
            wrench_peak=wrench,
            electrical_contact=self.electrical_contact,
            contact_duration_s=0.0 if since is None else (self.stamp_ns - since) * 1e-9,
        )

    def state(self) -> ArmState:
        """The state of the present instant."""
        return ArmState(
            stamp_ns=self.stamp_ns,
            q_rad=self.q_rad,
            dq_rad_per_s=np.zeros(N_JOINTS),
            tau_n_m=np.zeros(N_JOINTS),
            ee_position_m=self.ee_position_m,
            ee_quat_xyzw=self.ee_quat_xyzw,
            ee_linear_m_per_s=self.ee_linear_m_per_s,
            ee_angular_rad_per_s=np.zeros(3),
        )

    def _advance(self) -> SensorFrame:
        self.stamp_ns += self.period_ns
        if not self.electrical_contact:
            self._contact_since_ns = None
        elif self._contact_since_ns is None:
            self._contact_since_ns = self.stamp_ns
        return self.frame()


class FakePolicy:
    """Policy that plays back a list of displacements, then repeats the last one."""

    def __init__(self, actions_m: Sequence[npt.ArrayLike] = ((0.0, 0.0, 0.0),)) -> None:
        self._actions: list[Array] = [np.array(action, dtype=np.float64) for action in actions_m]
        self.inputs: list[PolicyInput] = []

    def reset(self, rng: np.random.Generator) -> None:
        """Start again from the first action."""
        self.inputs.clear()

    def action(self, observation: PolicyInput) -> Array:
        """The next action, (3,) m."""
        self.inputs.append(observation)
        action: Array = self._actions[min(len(self.inputs), len(self._actions)) - 1].copy()
        return action
