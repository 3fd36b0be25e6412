"""Visual copies of the twin for pictures: no physics, poses are set."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pybullet

from sawyer_core.errors import ShapeError
from sawyer_core.limits import JOINT_NAMES
from sawyer_core.types import Array, Image
from sawyer_sim.board import LooseBody
from sawyer_sim.connectors import Connector
from sawyer_sim.model import GRASP_JOINT_NAMES, build_urdf
from sawyer_sim.shapes import ROLE_RGBA, box
from sawyer_sim.world import QuietClient, add_static_bodies, temporary_urdf

_TEXTURE_PX = 64
_TEXTURES = 16
_GRIPPER_LINK = 7
_POSE = 7  # position and quaternion of a loose body


class Scene:
    """A client with visual shapes only.

    Args:
        connector: plug and socket.
        tool_quat_xyzw: (4,) tool orientation of the task.
        mouth_m: (3,) socket mouth in `base`.
        close_up: only gripper, plug and board: what the side camera can see.
    """

    def __init__(
        self, connector: Connector, tool_quat_xyzw: Array, mouth_m: Array, *, close_up: bool
    ) -> None:
        self.client: Any = QuietClient()
        client = self.client
        urdf = build_urdf(
            connector,
            tool_quat_xyzw,
            visuals=True,
            first_visual_link=_GRIPPER_LINK if close_up else 0,
        )
        with temporary_urdf(urdf) as path:
            self._arm: int = client.loadURDF(
                path, useFixedBase=True, flags=pybullet.URDF_USE_INERTIA_FROM_FILE
            )
        joints = {
            client.getJointInfo(self._arm, index)[1].decode(): index
            for index in range(client.getNumJoints(self._arm))
        }
        self._indices = [joints[name] for name in (*JOINT_NAMES, *GRASP_JOINT_NAMES)]
        fixtures = [shape for group in connector.fixtures for shape in group]
        if not close_up:
            reach = (-float(mouth_m[0]) - 0.25, 0.45)
            fixtures.append(box(reach, (-0.9, 0.9), (-1.1, -1.0), role="plastic"))
        self._bodies: list[tuple[int, str]] = []
        for role in sorted({shape.role for shape in fixtures}):
            shapes = [shape for shape in fixtures if shape.role == role]
            for body in add_static_bodies(
                client, shapes, mouth_m.tolist(), visual=True, collision=False
            ):
                self._bodies.append((body, role))
        self._loose = [self._add_loose(body) for body in connector.loose_bodies]
        self._textures = self._load_textures()

    def _add_loose(self, body: LooseBody) -> int:
        half = [0.5 * edge for edge in body.size_m]
        shape = self.client.createVisualShape(
            pybullet.GEOM_BOX, halfExtents=half, rgbaColor=body.rgba
        )
        return int(self.client.createMultiBody(0.0, -1, shape))

    def place(self, joints: Sequence[float]) -> None:
        """Put arm and plug where the physics has them, then what stands loose (7 numbers each).

        Raises:
            ShapeError: too few or too many numbers.
        """
        n_joints = len(self._indices)
        if len(joints) != n_joints + _POSE * len(self._loose):
            raise ShapeError("joints", len(joints), n_joints + _POSE * len(self._loose))
        for index, position in zip(self._indices, joints, strict=False):
            self.client.resetJointState(self._arm, index, position)
        for number, body in enumerate(self._loose):
            pose = list(joints[n_joints + _POSE * number :][:_POSE])
            self.client.resetBasePositionAndOrientation(body, pose[:3], pose[3:])

    def paint(self, seed: np.random.SeedSequence, jitter: float) -> None:
        """Colours and board texture of one episode."""
        rng = np.random.default_rng([int(seed.generate_state(1)[0]), 1])
        shifts = {role: rng.uniform(-jitter, jitter, 3) for role in ROLE_RGBA}
        for body, role in self._bodies:
            rgba = np.array(ROLE_RGBA[role])
            rgba[:3] = np.clip(rgba[:3] + shifts[role], 0.0, 1.0)
            self.client.changeVisualShape(body, -1, rgbaColor=rgba.tolist())
        texture = self._textures[int(rng.integers(len(self._textures)))]
        for body, role in self._bodies:
            if role in ("board", "table"):
                self.client.changeVisualShape(body, -1, textureUniqueId=texture)

    def _load_textures(self) -> list[int]:
        """The bank that episodes choose from: the engine keeps every texture it ever loads."""
        rng = np.random.default_rng(0)
        loaded = []
        with tempfile.TemporaryDirectory() as folder:
            for index in range(_TEXTURES):
                path = Path(folder) / f"texture_{index}.bmp"
                path.write_bytes(_bmp(_texture(rng)))
                loaded.append(int(self.client.loadTexture(str(path))))
        return loaded

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()


def _texture(rng: np.random.Generator) -> Image:
    coarse = rng.uniform(-1.0, 1.0, (8, 8, 1))
    smooth = np.kron(coarse, np.ones((8, 8, 1)))
    fine = rng.uniform(-1.0, 1.0, (_TEXTURE_PX, _TEXTURE_PX, 1))
    gray = 225.0 + 20.0 * smooth + 10.0 * fine
    texture: Image = np.clip(np.repeat(gray, 3, axis=2), 0, 255).astype(np.uint8)
    return texture


def _bmp(image: Image) -> bytes:
    height, width = image.shape[:2]
    body = image[::-1, :, ::-1].tobytes()
    header = struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(body), 2835, 2835, 0, 0)
    return header + info + body
