"""Cartesian interface: a relative end-effector displacement becomes a joint target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_controllers.guard import GuardDecision, GuardStatus
from sawyer_controllers.kinematics import ArmModel
from sawyer_controllers.workspace import Workspace
from sawyer_core.config import setting, validate
from sawyer_core.errors import CommandRejectedError, RejectionCode
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import ArmState, Array, JointTarget, frozen_vector


@dataclass(frozen=True)
class CartesianConfig:
    """What a displacement is relative to, and how far the reference may run ahead."""

    reference: str = setting(
        "commanded",
        choices=("measured", "commanded"),
        doc="measured: displacement from where the end effector is; commanded: from where the "
        "last command sent it, so that a blocked end effector is pushed harder step by step",
    )
    max_lateral_offset_m: float = setting(
        0.015,
        unit="m",
        bounds=(1e-4, 0.2),
        doc="largest horizontal distance of the reference from the measured position; times the "
        "stiffness it bounds the push force",
    )
    max_vertical_offset_m: float = setting(
        0.0125,
        unit="m",
        bounds=(1e-4, 0.2),
        doc="largest vertical distance of the reference from the measured position; times "
        "2.2 N/mm (3.5 with the plug held sideways) a push of 28 to 44 N, below the contact stop",
    )
    posture: bool = setting(
        True, doc="use the null space to stay near the joint position of the last reset"
    )

    def __post_init__(self) -> None:
        validate(self)


class CartesianInterface:
    """Displacements in, joint targets out; the orientation of the task is held all along.

    x_ref = base + delta, base = x (measured) or x_ref of the last step (commanded); x_ref is
    kept within the offsets of x and within the workspace; q_d = ik(x_ref, task orientation).
    """

    def __init__(self, config: CartesianConfig, model: ArmModel, task: InsertionTask) -> None:
        self.config = config
        self._model = model
        self._quat = task.quat
        self._workspace = Workspace.of_task(task)
        self._offset: Array = np.array(
            [
                config.max_lateral_offset_m,
                config.max_lateral_offset_m,
                config.max_vertical_offset_m,
            ]
        )
        self._x_ref: Array | None = None
        self._q_ref: Array | None = None
        self._posture: Array | None = None
        self._yielded = False
        self.clipped = False

    @property
    def reference_m(self) -> Array | None:
        """(3,) present Cartesian reference, None before the first reset."""
        return None if self._x_ref is None else self._x_ref.copy()

    def reset(self, state: ArmState) -> None:
        """Start from the measured pose; its joint position becomes the posture."""
        self._check(state)
        self._x_ref = state.ee_position_m.copy()
        self._q_ref = state.q_rad.copy()
        self._posture = state.q_rad if self.config.posture else None
        self._yielded = False
        self.clipped = False

    def target(self, state: ArmState, delta_m: npt.ArrayLike, duration_s: float) -> JointTarget:
        """Joint target for a displacement (3,) m, to be reached after ``duration_s``.

        Raises:
            CommandRejectedError: no reset yet, or a value that is not finite.
            IkError: no joint position reaches the reference; the old reference is kept.
        """
        if self._x_ref is None or self._q_ref is None:
            raise CommandRejectedError(
                RejectionCode.NOT_STARTED, "the Cartesian interface has not been reset"
            )
        self._check(state)
        delta = frozen_vector("delta_m", delta_m, 3)
        if not np.isfinite(delta).all():
            raise CommandRejectedError(
                RejectionCode.NON_FINITE, f"displacement {delta.tolist()} m"
            )
        x = state.ee_position_m
        base = x if self.config.reference == "measured" else self._x_ref
        asked = base + delta
        x_ref = self._workspace.clamp(np.clip(asked, x - self._offset, x + self._offset))
        q_ref = self._model.ik(x_ref, self._quat, self._q_ref, self._posture)
        self.clipped = bool((x_ref != asked).any())
        self._x_ref, self._q_ref = x_ref, q_ref
        return JointTarget(stamp_ns=state.stamp_ns, q_rad=q_ref, duration_s=duration_s)

    def execute(self, decision: GuardDecision, state: ArmState, duration_s: float) -> JointTarget:
        """Joint target for what the guard decided: a displacement, or a hold.

        A hold keeps the last joint reference. A yielding one (contact stop) first lets go of it
        and holds where the arm is then, however long it lasts: taking the measured pose anew each
        time would let the arm creep.

        Raises:
            CommandRejectedError: no reset yet, or a value that is not finite.
            IkError: no joint position reaches the reference; the old reference is kept.
        """
        if decision.status not in (GuardStatus.HOLD, GuardStatus.STOPPED):
            self._yielded = False
            return self.target(state, decision.delta_m, duration_s)
        if self._q_ref is None:
            raise CommandRejectedError(
                RejectionCode.NOT_STARTED, "the Cartesian interface has not been reset"
            )
        if decision.yielding and not self._yielded:
            self._check(state)
            self._x_ref, self._q_ref = state.ee_position_m.copy(), state.q_rad.copy()
        self._yielded = decision.yielding
        return JointTarget(stamp_ns=state.stamp_ns, q_rad=self._q_ref, duration_s=duration_s)

    @staticmethod
    def _check(state: ArmState) -> None:
        if not (np.isfinite(state.q_rad).all() and np.isfinite(state.ee_position_m).all()):
            raise CommandRejectedError(
                RejectionCode.NON_FINITE,
                f"arm state q {state.q_rad.tolist()}, position {state.ee_position_m.tolist()}",
            )
