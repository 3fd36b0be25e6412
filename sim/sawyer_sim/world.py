"""The physics world: one PyBullet client with arm, plug, socket, board and table.

It is built anew for every episode, which takes a few hundredths of a second and makes an
episode independent of everything that ran before it, to the last bit.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pybullet
from pybullet_utils.bullet_client import BulletClient

from sawyer_core.config import setting, validate
from sawyer_core.errors import SimulationError
from sawyer_core.limits import JOINT_NAMES
from sawyer_core.types import Array
from sawyer_sim.board import LooseBody
from sawyer_sim.model import GRASP_JOINT_NAMES, PLUG_LINK
from sawyer_sim.shapes import ROLE_RGBA, Shape, Vector

_SHAPES_PER_BODY = 16  # more shapes in one body are dropped by the engine without a word


@dataclass(frozen=True)
class PhysicsConfig:
    """Settings of the physics engine."""

    tick_s: float = setting(
        0.001,
        unit="s",
        bounds=(0.001, 0.001),
        doc="time step",
        source="thesis chapter 9: torques at 1000 Hz",
    )
    gravity_m_per_s2: float = setting(9.81, unit="m/s^2", bounds=(9.0, 10.0), doc="gravity, down")
    solver_iterations: int = setting(20, bounds=(5, 500), doc="contact solver iterations")
    solver_residual: float = setting(
        1e-4,
        bounds=(0.0, 1.0),
        doc="the solver stops early below this squared change of velocity; ours: a fifth less "
        "time in contact than with the engine's 1e-7",
    )
    contact_breaking_m: float = setting(
        0.0002, unit="m", bounds=(1e-5, 0.02), doc="gap at which a contact is forgotten"
    )
    contact_erp: float = setting(
        0.2, bounds=(0.0, 1.0), doc="share of penetration removed per tick"
    )
    cylinder_margin_m: float = setting(
        0.0005, unit="m", bounds=(1e-5, 0.002), doc="rounding of cylinder edges"
    )

    def __post_init__(self) -> None:
        validate(self)


@contextlib.contextmanager
def temporary_urdf(text: str) -> Iterator[str]:
    """File with the given text that is gone afterwards."""
    handle, path = tempfile.mkstemp(suffix=".urdf")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        yield path
    finally:
        os.unlink(path)


def quaternion_from_rotation(rotation: Array) -> tuple[float, float, float, float]:
    """Unit quaternion xyzw of a rotation matrix."""
    import pinocchio as pin

    x, y, z, w = pin.Quaternion(np.ascontiguousarray(rotation)).coeffs().tolist()
    return (x, y, z, w)


def add_static_bodies(
    client: Any,
    shapes: Iterable[Shape],
    position_m: Sequence[float],
    *,
    visual: bool,
    collision: bool,
) -> list[int]:
    """Immovable bodies out of primitives, as many as the engine's limit asks for."""
    listed = [shape for shape in shapes if visual or shape.collides]
    return [
        _add_static_body(
            client,
            listed[start : start + _SHAPES_PER_BODY],
            position_m,
            visual=visual,
            collision=collision,
        )
        for start in range(0, len(listed), _SHAPES_PER_BODY)
    ]


def _add_static_body(
    client: Any,
    listed: Sequence[Shape],
    position_m: Sequence[float],
    *,
    visual: bool,
    collision: bool,
) -> int:
    types = {"box": pybullet.GEOM_BOX, "cylinder": pybullet.GEOM_CYLINDER}
    quats = [quaternion_from_rotation(shape.rotation) for shape in listed]
    arrays: dict[str, Any] = {
        "shapeTypes": [types[shape.kind] for shape in listed],
        "halfExtents": [[0.5 * edge for edge in shape.size_m] for shape in listed],
        "radii": [0.5 * shape.size_m[0] for shape in listed],
    }
    lengths = [shape.size_m[2] for shape in listed]
    collision_id = visual_id = -1
    if collision:
        collision_id = client.createCollisionShapeArray(
            **arrays,
            lengths=lengths,
            collisionFramePositions=[shape.position_m for shape in listed],
            collisionFrameOrientations=quats,
        )
    if visual:
        visual_id = client.createVisualShapeArray(
            **arrays,
            lengths=lengths,
            visualFramePositions=[shape.position_m for shape in listed],
            visualFrameOrientations=quats,
            rgbaColors=[ROLE_RGBA[shape.role] for shape in listed],
        )
    body = client.createMultiBody(0.0, collision_id, visual_id, list(position_m))
    if body < 0:
        raise SimulationError(f"a body of {len(listed)} shapes could not be created")
    return int(body)


class QuietClient(BulletClient):  # type: ignore[misc]
    """Headless client; the parent class makes the engine print its options each time."""

    def __init__(self) -> None:
        self._shapes: dict[object, object] = {}
        self._pid = os.getpid()
        self._client: int = pybullet.connect(pybullet.DIRECT)
        if self._client < 0:
            raise SimulationError("the physics engine did not start")


class World:
    """Engine client of one episode.

    Args:
        urdf: text of the arm with the plug.
        fixtures: groups of immovable shapes, socket frame.
        mouth_position_m: (3,) middle of the socket's mouth in `base`.
        config: engine settings.
    """

    def __init__(
        self,
        urdf: str,
        fixtures: Iterable[Sequence[Shape]],
        mouth_position_m: Vector,
        config: PhysicsConfig,
    ) -> None:
        self.config = config
        self.mouth_position_m = mouth_position_m
        self.loose: list[int] = []
        self.client: Any = QuietClient()
        client = self.client
        client.setPhysicsEngineParameter(
            fixedTimeStep=config.tick_s,
            numSolverIterations=config.solver_iterations,
            solverResidualThreshold=config.solver_residual,
            numSubSteps=0,
            deterministicOverlappingPairs=1,
            contactBreakingThreshold=config.contact_breaking_m,
            contactERP=config.contact_erp,
            enableFileCaching=0,
        )
        client.setGravity(0.0, 0.0, -config.gravity_m_per_s2)
        with temporary_urdf(urdf) as path:
            self.arm: int = client.loadURDF(
                path,
                useFixedBase=True,
                flags=pybullet.URDF_USE_INERTIA_FROM_FILE,
            )
        self.fixtures: list[int] = [
            body
            for shapes in fixtures
            for body in add_static_bodies(
                client, shapes, mouth_position_m, visual=False, collision=True
            )
        ]
        joints = {
            client.getJointInfo(self.arm, index)[1].decode(): index
            for index in range(client.getNumJoints(self.arm))
        }
        self.indices: list[int] = [joints[name] for name in (*JOINT_NAMES, *GRASP_JOINT_NAMES)]
        self.plug_link: int = self.indices[-1]
        if client.getJointInfo(self.arm, self.plug_link)[12].decode() != PLUG_LINK:
            raise SimulationError("the last joint of the model does not carry the plug")
        self._prepare_bodies()

    def _prepare_bodies(self) -> None:
        client = self.client
        for link in (-1, *self.indices):
            client.changeDynamics(
                self.arm, link, linearDamping=0.0, angularDamping=0.0, jointDamping=0.0
            )
        client.changeDynamics(
            self.arm, self.plug_link, collisionMargin=self.config.cylinder_margin_m
        )
        client.setJointMotorControlArray(
            self.arm,
            self.indices,
            pybullet.VELOCITY_CONTROL,
            forces=[0.0] * len(self.indices),
        )

    def set_friction(self, coefficient: float) -> None:
        """Coulomb coefficient between plug and socket (the engine multiplies both bodies')."""
        self.client.changeDynamics(self.arm, self.plug_link, lateralFriction=coefficient)
        for body in self.fixtures:
            self.client.changeDynamics(body, -1, lateralFriction=1.0)

    def set_joints(self, positions: Sequence[float]) -> None:
        """Put arm and grasp joints at rest at a position; only ever before an episode."""
        for index, position in zip(self.indices, positions, strict=True):
            self.client.resetJointState(self.arm, index, position, 0.0)

    def add_loose(
        self,
        body: LooseBody,
        offset_m: Vector,
        yaw_rad: float,
        *,
        mass_kg: float,
        friction: float,
    ) -> None:
        """Stand a free body on the table, before an episode.

        Args:
            body: what it is.
            offset_m: from its home.
            yaw_rad: about the vertical.
            mass_kg: its mass in this episode.
            friction: Coulomb coefficient on the table (the engine multiplies both bodies').
        """
        client = self.client
        half = [0.5 * edge for edge in body.size_m]
        home = np.array(self.mouth_position_m) + np.array(body.position_m) + np.array(offset_m)
        shape = client.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half)
        turn = pybullet.getQuaternionFromEuler((0.0, 0.0, yaw_rad))
        index = int(client.createMultiBody(mass_kg, shape, -1, home.tolist(), turn))
        client.changeDynamics(
            index, -1, lateralFriction=friction, linearDamping=0.0, angularDamping=0.0
        )
        self.loose.append(index)

    def loose_poses(self) -> list[tuple[Any, Any]]:
        """Position (3,) m of the centre and quaternion xyzw of each loose body."""
        return [self.client.getBasePositionAndOrientation(body) for body in self.loose]

    def contact_points(self) -> list[Any]:
        """Contacts of the arm body (plug included) with anything."""
        return list(self.client.getContactPoints(bodyA=self.arm))

    def close(self) -> None:
        """Disconnect; a second call does nothing."""
        with contextlib.suppress(pybullet.error):
            self.client.disconnect()
