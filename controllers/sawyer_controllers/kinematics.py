"""Kinematics and rigid-body dynamics of the arm, by Pinocchio, from the description's URDF."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pinocchio as pin

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError, IkError
from sawyer_core.limits import JOINT_NAMES, JointLimits, load_joint_limits
from sawyer_core.types import N_JOINTS, ArmState, Array, frozen_vector

EE_FRAME = "right_gripper_tip"
_EYE = np.eye(6)
_EPS = 1e-9 * _EYE
_BELOW = np.tril_indices(N_JOINTS, -1)


@dataclass(frozen=True)
class IkConfig:
    """Damped least squares on Pinocchio's Jacobian."""

    position_tolerance_m: float = setting(
        1e-7, unit="m", bounds=(1e-10, 1e-3), doc="position error that counts as reached"
    )
    rotation_tolerance_rad: float = setting(
        1e-6, unit="rad", bounds=(1e-10, 1e-2), doc="rotation error that counts as reached"
    )
    damping: float = setting(
        1e-4, bounds=(0.0, 1.0), doc="first damping; grows where a step does not help"
    )
    max_iterations: int = setting(100, bounds=(1, 1000), doc="iterations before giving up")
    max_step_rad: float = setting(
        0.3, unit="rad", bounds=(1e-3, 3.0), doc="largest joint step of one iteration"
    )
    limit_margin_rad: float = setting(
        0.05,
        unit="rad",
        bounds=(0.0, 0.5),
        doc="distance kept from the joint limits",
        source="residual_insertion_daib 5.2: joint-limit margin 0.05 rad",
    )
    posture_gain: float = setting(
        0.1, bounds=(0.0, 1.0), doc="pull towards the posture, in the null space only"
    )

    def __post_init__(self) -> None:
        validate(self)


def _arm_only(urdf_text: str) -> str:
    """URDF with every joint but the seven arm joints fixed at zero.

    Fixed joints get a suffix: the vendor names a joint and a link alike, and Pinocchio wants
    frame names to be unique.
    """
    root = ElementTree.fromstring(urdf_text)
    for joint in root.findall("joint"):
        if joint.get("name") not in JOINT_NAMES:
            joint.set("type", "fixed")
            joint.set("name", f"{joint.get('name')}__fixed")
            for mimic in joint.findall("mimic"):
                joint.remove(mimic)
    return ElementTree.tostring(root, encoding="unicode")


class ArmModel:
    """Rigid-body model of the seven joints with everything else fixed.

    Not thread-safe: one instance per thread, as Pinocchio's work space is shared by all calls.

    Args:
        urdf_path: URDF, by default `sawyer_description`'s.
        tool_mass_kg: extra point mass carried by the end effector (the plug), 0 for none.
        tool_com_m: (3,) its position in the frame `right_gripper_tip`.
        limits: joint limits, by default `sawyer_description`'s.
        ik: settings of the inverse kinematics.
    """

    def __init__(
        self,
        urdf_path: Path | str | None = None,
        *,
        tool_mass_kg: float = 0.0,
        tool_com_m: Sequence[float] = (0.0, 0.0, 0.0),
        limits: JointLimits | None = None,
        ik: IkConfig | None = None,
    ) -> None:
        if urdf_path is None:
            import sawyer_description

            urdf_path = sawyer_description.urdf_path()
        if not (np.isfinite(tool_mass_kg) and 0.0 <= tool_mass_kg <= 4.0):
            raise ConfigError("tool_mass_kg", tool_mass_kg, "from 0 to 4 kg (the arm's payload)")
        self.limits = load_joint_limits() if limits is None else limits
        self.ik_config = IkConfig() if ik is None else ik
        self._model: Any = pin.buildModelFromXML(
            _arm_only(Path(urdf_path).read_text(encoding="utf-8"))
        )
        names = tuple(self._model.names)[1:]
        if names != JOINT_NAMES:
            raise ConfigError("joints of the URDF", names, "exactly " + ", ".join(JOINT_NAMES))
        self._frame: int = self._model.getFrameId(EE_FRAME)
        if self._frame >= self._model.nframes:
            raise ConfigError("frames of the URDF", None, f"must hold {EE_FRAME}")
        if tool_mass_kg > 0.0:
            self._add_tool(tool_mass_kg, frozen_vector("tool_com_m", tool_com_m, 3))
        self._data: Any = self._model.createData()
        self._q: Array = np.zeros(N_JOINTS)
        self._lower: Array = self.limits.lower_rad + self.ik_config.limit_margin_rad
        self._upper: Array = self.limits.upper_rad - self.ik_config.limit_margin_rad

    def _add_tool(self, mass_kg: float, com_m: Array) -> None:
        frame = self._model.frames[self._frame]
        com_in_joint = frame.placement.act(np.array(com_m))
        inertia = pin.Inertia(mass_kg, com_in_joint, np.zeros((3, 3)))
        self._model.appendBodyToJoint(frame.parentJoint, inertia, pin.SE3.Identity())

    def _place(self, q_rad: npt.ArrayLike) -> Any:
        """Pose of the end effector; leaves the joint placements of ``q_rad`` in the data."""
        self._q[:] = q_rad
        pin.forwardKinematics(self._model, self._data, self._q)
        return pin.updateFramePlacement(self._model, self._data, self._frame)

    def fk(self, q_rad: npt.ArrayLike) -> tuple[Array, Array]:
        """End-effector position (3,) m and quaternion xyzw (4,), frame `base`, w >= 0."""
        pose = self._place(q_rad)
        return np.array(pose.translation), _quat(pose.rotation)

    def jacobian(self, q_rad: npt.ArrayLike) -> Array:
        """(6, 7) Jacobian of the end effector: linear above angular, base axes."""
        self._q[:] = q_rad
        jacobian: Array = pin.computeFrameJacobian(
            self._model, self._data, self._q, self._frame, pin.LOCAL_WORLD_ALIGNED
        )
        return jacobian

    def ee_twist(self, q_rad: npt.ArrayLike, dq_rad_per_s: npt.ArrayLike) -> tuple[Array, Array]:
        """Linear (3,) m/s and angular (3,) rad/s velocity of the end effector, base axes."""
        twist = self.jacobian(q_rad) @ np.asarray(dq_rad_per_s, dtype=np.float64)
        return twist[:3], twist[3:]

    def gravity(self, q_rad: npt.ArrayLike) -> Array:
        """(7,) N m that hold the arm still at ``q_rad``."""
        self._q[:] = q_rad
        torque: Array = pin.computeGeneralizedGravity(self._model, self._data, self._q)
        return torque

    def gravity_list(self, q_rad: Sequence[float]) -> list[float]:
        """:meth:`gravity` as plain floats, for the 1 kHz loop."""
        self._q[:] = q_rad
        torque: list[float] = pin.computeGeneralizedGravity(
            self._model, self._data, self._q
        ).tolist()
        return torque

    def mass_matrix(self, q_rad: npt.ArrayLike) -> Array:
        """(7, 7) kg m^2 joint-space inertia."""
        self._q[:] = q_rad
        matrix: Array = pin.crba(self._model, self._data, self._q).copy()
        matrix[_BELOW] = matrix.T[_BELOW]  # only the upper triangle is computed
        return matrix

    def arm_state(
        self,
        stamp_ns: int,
        q_rad: npt.ArrayLike,
        dq_rad_per_s: npt.ArrayLike,
        tau_n_m: npt.ArrayLike,
    ) -> ArmState:
        """Arm state with the end effector's pose and twist computed from the joints."""
        dq = np.asarray(dq_rad_per_s, dtype=np.float64)
        twist = self.jacobian(q_rad) @ dq
        pose = pin.updateFramePlacement(self._model, self._data, self._frame)
        return ArmState(
            stamp_ns=stamp_ns,
            q_rad=self._q,
            dq_rad_per_s=dq,
            tau_n_m=np.asarray(tau_n_m, dtype=np.float64),
            ee_position_m=pose.translation,
            ee_quat_xyzw=_quat(pose.rotation),
            ee_linear_m_per_s=twist[:3],
            ee_angular_rad_per_s=twist[3:],
        )

    def push_force_bound(
        self, q_rad: npt.ArrayLike, torque_limit_n_m: npt.ArrayLike, direction: npt.ArrayLike
    ) -> float:
        """Largest force, N, that joint torques up to the limit can hold along ``direction``.

        F_max = min_j tau_max,j / |J_dir,j(q)|: beyond it the first joint yields.
        """
        axis = frozen_vector("direction", direction, 3)
        lever = np.abs((axis / np.linalg.norm(axis)) @ self.jacobian(q_rad)[:3])
        limit = frozen_vector("torque_limit_n_m", torque_limit_n_m, N_JOINTS)
        with np.errstate(divide="ignore"):
            return float(np.min(np.where(lever > 1e-9, limit / np.maximum(lever, 1e-9), np.inf)))

    def ik(
        self,
        position_m: npt.ArrayLike,
        quat_xyzw: npt.ArrayLike,
        q_seed_rad: npt.ArrayLike,
        posture_rad: npt.ArrayLike | None = None,
    ) -> Array:
        """Joint position that puts the end effector at a pose, near ``q_seed_rad``.

        Damped least squares (Levenberg-Marquardt); joints that meet their limit (less a margin)
        are held there and the others take over. Same arguments, same answer. With
        ``posture_rad`` the null space is used to come nearer to that posture at each call.

        Raises:
            IkError: the pose cannot be reached within the limits, or is not finite.
        """
        goal_position = frozen_vector("position_m", position_m, 3)
        quat = frozen_vector("quat_xyzw", quat_xyzw, 4)
        seed = frozen_vector("q_seed_rad", q_seed_rad, N_JOINTS)
        for name, vector in (("position", goal_position), ("quaternion", quat), ("seed", seed)):
            if not np.isfinite(vector).all():
                raise IkError(f"{name} {vector.tolist()} is not finite")
        norm = float(np.linalg.norm(quat))
        if abs(norm - 1.0) > 1e-3:
            raise IkError(f"quaternion {quat.tolist()} has norm {norm:.4f}, must be 1")
        rotation = pin.Quaternion(quat / norm).matrix()
        q = self._towards(posture_rad, np.clip(seed, self._lower, self._upper))
        error = self._pose_error(q, goal_position, rotation)
        damping = self.ik_config.damping**2
        for _ in range(self.ik_config.max_iterations):
            if self._reached(error):
                return q
            moved = self._ik_step(q, error, damping)
            new_error = self._pose_error(moved, goal_position, rotation)
            if float(new_error @ new_error) < float(error @ error):
                q, error = moved, new_error
                damping = max(damping * 0.1, 1e-12)
            else:
                damping = min(damping * 10.0, 1.0)
        raise IkError(
            f"no joint position within the limits for position {goal_position.tolist()} m, "
            f"quaternion {quat.tolist()}: {np.linalg.norm(error[:3]) * 1e3:.3f} mm and "
            f"{np.linalg.norm(error[3:]):.4f} rad left after "
            f"{self.ik_config.max_iterations} iterations"
        )

    def _towards(self, posture_rad: npt.ArrayLike | None, q: Array) -> Array:
        """``q`` moved nearer to the posture, in the null space only."""
        if posture_rad is None or self.ik_config.posture_gain == 0.0:
            return q
        pull = self.ik_config.posture_gain * (np.asarray(posture_rad) - q)
        jacobian = self.jacobian(q)
        pull = pull - jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + _EPS, jacobian @ pull)
        moved: Array = np.clip(q + pull, self._lower, self._upper)
        return moved

    def _reached(self, error: Array) -> bool:
        values: list[float] = error.tolist()
        left_m, left_rad = max(map(abs, values[:3])), max(map(abs, values[3:]))
        config = self.ik_config
        return left_m <= config.position_tolerance_m and left_rad <= config.rotation_tolerance_rad

    def _pose_error(self, q: Array, position_m: Array, rotation: Any) -> Array:
        pose = self._place(q)
        error: Array = np.empty(6)
        error[:3] = position_m - pose.translation
        error[3:] = pin.log3(rotation @ pose.rotation.T)
        return error

    def _ik_step(self, q: Array, error: Array, damping: float) -> Array:
        """One damped step; joints that would leave their range are fixed and it is redone."""
        jacobian = self.jacobian(q)
        for _ in range(N_JOINTS):
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping * _EYE, error)
            values = step.tolist()
            largest = max(max(values), -min(values))
            if largest > self.ik_config.max_step_rad:
                step *= self.ik_config.max_step_rad / largest
            moved: Array = q + step
            inside: Array = np.minimum(np.maximum(moved, self._lower), self._upper)
            blocked = moved != inside
            if not blocked.any():
                return moved
            # What the blocked joints can still give is taken; the others do the rest.
            error = error - jacobian[:, blocked] @ (inside - q)[blocked]
            q = np.where(blocked, inside, q)
            jacobian = np.where(blocked, 0.0, jacobian)
        return np.clip(q, self._lower, self._upper)


def _quat(rotation: Any) -> Array:
    quat: Array = np.array(pin.Quaternion(rotation).coeffs())
    return -quat if quat[3] < 0.0 else quat
