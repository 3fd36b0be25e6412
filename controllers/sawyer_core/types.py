"""Typed states and commands shared by the twin, the controllers and the nodes.

Arrays are float64, read-only and of fixed shape. Shapes are checked here, values are judged by
the guards: a state with a NaN can be built, but no command with one reaches the arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ShapeError

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

N_JOINTS = 7
N_OBJECT_STATE = 10


def frozen_vector(field: str, value: npt.ArrayLike, length: int) -> Array:
    """Read-only float64 copy of ``value``, shape ``(length,)``.

    An array that is already read-only float64 of that shape is returned as it is.
    """
    if type(value) is np.ndarray and value.dtype == np.float64:
        if value.shape != (length,):
            raise ShapeError(field, value.shape, (length,))
        if not value.flags.writeable and value.base is None:
            return value
        array: Array = value.copy()
    else:
        try:
            array = np.array(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ShapeError(field, type(value).__name__, f"{length} numbers") from error
        if array.shape != (length,):
            raise ShapeError(field, array.shape, (length,))
    array.flags.writeable = False
    return array


def _freeze(instance: Any, **lengths: int) -> None:
    for field, length in lengths.items():
        vector = frozen_vector(
            f"{type(instance).__name__}.{field}", getattr(instance, field), length
        )
        object.__setattr__(instance, field, vector)


@dataclass(frozen=True, eq=False)
class ArmState:
    """Measured arm state; the end effector is `right_gripper_tip` in frame `base`.

    Attributes:
        stamp_ns: time of measurement.
        q_rad, dq_rad_per_s, tau_n_m: (7,) joint position, velocity, motor torque.
        ee_position_m: (3,) forward kinematics of q.
        ee_quat_xyzw: (4,) unit quaternion.
        ee_linear_m_per_s, ee_angular_rad_per_s: (3,) twist, base axes.
    """

    stamp_ns: int
    q_rad: Array
    dq_rad_per_s: Array
    tau_n_m: Array
    ee_position_m: Array
    ee_quat_xyzw: Array
    ee_linear_m_per_s: Array
    ee_angular_rad_per_s: Array

    def __post_init__(self) -> None:
        _freeze(
            self,
            q_rad=N_JOINTS,
            dq_rad_per_s=N_JOINTS,
            tau_n_m=N_JOINTS,
            ee_position_m=3,
            ee_quat_xyzw=4,
            ee_linear_m_per_s=3,
            ee_angular_rad_per_s=3,
        )


@dataclass(frozen=True, eq=False)
class Wrench:
    """Force and torque of the environment on the plug, base axes; f_z > 0: socket pushes up."""

    stamp_ns: int
    force_n: Array
    torque_n_m: Array

    def __post_init__(self) -> None:
        _freeze(self, force_n=3, torque_n_m=3)


@dataclass(frozen=True, eq=False)
class JointTarget:
    """Joint position to be reached after ``duration_s``.

    ``stamp_ns`` is the stamp of the state it was computed from: the identity of the step.
    """

    stamp_ns: int
    q_rad: Array
    duration_s: float

    def __post_init__(self) -> None:
        _freeze(self, q_rad=N_JOINTS)


@dataclass(frozen=True, eq=False)
class EeDelta:
    """Relative end-effector displacement (3,) m in base axes, with its source and step."""

    stamp_ns: int
    translation_m: Array
    source: str
    step: int

    def __post_init__(self) -> None:
        _freeze(self, translation_m=3)


@dataclass(frozen=True, eq=False)
class SensorFrame:
    """Everything published at the end of one control period, one stamp.

    Attributes:
        arm: measured arm state.
        wrench: raw (biased, noisy) sample at the end of the period.
        wrench_peak: the 1 kHz sample of largest |force| within the period (raw).
        electrical_contact: the connector's electrical signal.
        contact_duration_s: how long that signal has been alive without a break.
        image: (H, W, 3) or (H, W) uint8, None when the camera is off.
        objects: (10,) standing blocks as the object tracker sees them, None without a tracker;
            layout: `sawyer_core.specs.OBJECT_STATE`.
    """

    arm: ArmState
    wrench: Wrench
    wrench_peak: Wrench
    electrical_contact: bool
    contact_duration_s: float
    image: Image | None = None
    objects: Array | None = None

    def __post_init__(self) -> None:
        if self.objects is not None:
            _freeze(self, objects=N_OBJECT_STATE)

    @property
    def stamp_ns(self) -> int:
        """Stamp of the frame, the same in all its parts."""
        return self.arm.stamp_ns


@dataclass(frozen=True, eq=False)
class PolicyInput:
    """What a policy sees at one step.

    Attributes:
        ee_position_m: (3,) measured end-effector position, frame `base`.
        goal_position_m: (3,) commanded goal (perturbation included).
        force_n: (3,) bias-free force on the plug, base axes.
        step: step of the episode, from 0.
        image: (32, 32) uint8 gray view, None for policies without one.
        object_state: (10,) standing blocks, None in tasks without an object tracker.
    """

    ee_position_m: Array
    goal_position_m: Array
    force_n: Array
    step: int
    image: Image | None = None
    object_state: Array | None = None

    def __post_init__(self) -> None:
        _freeze(self, ee_position_m=3, goal_position_m=3, force_n=3)
        if self.object_state is not None:
            _freeze(self, object_state=N_OBJECT_STATE)
