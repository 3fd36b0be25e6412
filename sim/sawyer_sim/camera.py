"""Pictures of the twin, drawn in engine clients of their own so that physics never sees them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pybullet

from sawyer_core.pictures import policy_picture
from sawyer_core.types import Array, Image
from sawyer_sim.camera_config import CameraConfig
from sawyer_sim.connectors import Connector
from sawyer_sim.scene import Scene
from sawyer_sim.shapes import Vector

VIEW_PX = 32
_OVERVIEW_EYE_M = (0.50, -0.52, 0.26)  # from the socket's mouth
_OVERVIEW_TARGET_M = (-0.07, 0.0, 0.13)
_OVERVIEW_FOV_RAD = 0.75


@dataclass(frozen=True)
class Lighting:
    """Light of one episode."""

    direction: Vector
    color: Vector
    ambient: float
    diffuse: float


DAYLIGHT = Lighting((0.4, -0.8, 1.0), (1.0, 1.0, 1.0), 0.55, 0.5)


class Camera:
    """Fixed side camera on plug and socket, and an overview camera.

    Args:
        connector: what is seen.
        tool_quat_xyzw: (4,) tool orientation of the task.
        mouth_position_m: (3,) socket mouth in `base`.
        config: camera pose, size, randomisation.
    """

    def __init__(
        self,
        connector: Connector,
        tool_quat_xyzw: Array,
        mouth_position_m: Vector,
        config: CameraConfig,
    ) -> None:
        self.config = config
        self._connector = connector
        self._quat = tool_quat_xyzw
        self._mouth: Array = np.array(mouth_position_m)
        self._close: Scene | None = None
        self._wide: Scene | None = None
        self._episode = np.random.SeedSequence(0)
        self._light = DAYLIGHT
        self._shift: Array = np.zeros(3)
        self._aim: Array = np.zeros(3)

    def prepare(self, seed: np.random.SeedSequence) -> None:
        """Draw light, colours, texture and camera pose of an episode."""
        config = self.config
        self._episode = seed
        rng = np.random.default_rng(seed)
        self._shift = rng.uniform(-1.0, 1.0, 3) * config.pose_jitter_m
        self._aim = rng.uniform(-1.0, 1.0, 3) * config.aim_jitter_m
        jitter = config.light_jitter
        direction = np.array(DAYLIGHT.direction) + rng.uniform(-1.0, 1.0, 3) * jitter
        color = 1.0 + rng.uniform(-0.5, 0.5, 3) * jitter
        gain = 1.0 + rng.uniform(-1.0, 1.0) * jitter
        self._light = Lighting(
            _vector(direction),
            _vector(np.minimum(color, 1.0)),
            DAYLIGHT.ambient * gain,
            DAYLIGHT.diffuse * gain,
        )
        if self._close is not None:
            self._close.paint(self._episode, config.texture_jitter)

    def policy_view(self, joints: Sequence[float], tick: int) -> Image:
        """(32, 32) uint8 gray view, made of the raw picture as the camera node does."""
        return policy_picture(self.rgb(joints, tick, None, None), VIEW_PX)

    def rgb(
        self, joints: Sequence[float], tick: int, width_px: int | None, height_px: int | None
    ) -> Image:
        """(H, W, 3) uint8 image of the side camera; the same tick gives the same noise."""
        config = self.config
        width = config.width_px if width_px is None else width_px
        height = config.height_px if height_px is None else height_px
        if self._close is None:
            self._close = Scene(self._connector, self._quat, self._mouth, close_up=True)
            self._close.paint(self._episode, config.texture_jitter)
        self._close.place(joints)
        eye, target = self.line_of_sight()
        image = _render(
            self._close.client,
            eye + self._shift,
            target + self._aim,
            config.field_of_view_rad,
            (width, height),
            self._light,
            shadow=False,
        )
        if config.noise <= 0.0:
            return image
        rng = np.random.default_rng([int(self._episode.generate_state(1)[0]), tick])
        noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(config.noise)
        noisy: Image = np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)
        return noisy

    def line_of_sight(self) -> tuple[Array, Array]:
        """Eye (3,) and point looked at (3,), `base`, without jitter."""
        config = self.config
        target = self._mouth + np.array([0.0, 0.0, config.look_above_mouth_m])
        horizontal = config.distance_m * math.cos(config.elevation_rad)
        eye = self._mouth + np.array(
            [
                horizontal * math.cos(config.azimuth_rad),
                horizontal * math.sin(config.azimuth_rad),
                config.distance_m * math.sin(config.elevation_rad) + config.look_above_mouth_m,
            ]
        )
        return eye, target

    def overview(self, joints: Sequence[float], width_px: int, height_px: int) -> Image:
        """(H, W, 3) uint8 view of the whole arm with board and plug."""
        if self._wide is None:
            self._wide = Scene(self._connector, self._quat, self._mouth, close_up=False)
        self._wide.place(joints)
        return _render(
            self._wide.client,
            self._mouth + np.array(_OVERVIEW_EYE_M),
            self._mouth + np.array(_OVERVIEW_TARGET_M),
            _OVERVIEW_FOV_RAD,
            (width_px, height_px),
            DAYLIGHT,
            shadow=True,
        )

    def close(self) -> None:
        """Release the engine clients."""
        for scene in (self._close, self._wide):
            if scene is not None:
                with contextlib.suppress(pybullet.error):
                    scene.close()
        self._close = self._wide = None


def _vector(values: Array) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def _render(
    client: Any,
    eye_m: Array,
    target_m: Array,
    fov_rad: float,
    size_px: tuple[int, int],
    light: Lighting,
    *,
    shadow: bool,
) -> Image:
    width, height = size_px
    view = pybullet.computeViewMatrix(eye_m.tolist(), target_m.tolist(), [0.0, 0.0, 1.0])
    distance = float(np.linalg.norm(eye_m - target_m))
    projection = pybullet.computeProjectionMatrixFOV(
        math.degrees(fov_rad), width / height, 0.3 * distance, 4.0 * distance + 1.0
    )
    _, _, pixels, _, _ = client.getCameraImage(
        width,
        height,
        viewMatrix=view,
        projectionMatrix=projection,
        lightDirection=light.direction,
        lightColor=light.color,
        lightDistance=2.0,
        lightAmbientCoeff=light.ambient,
        lightDiffuseCoeff=light.diffuse,
        lightSpecularCoeff=0.15,
        shadow=int(shadow),
        flags=pybullet.ER_NO_SEGMENTATION_MASK,
        renderer=pybullet.ER_TINY_RENDERER,
    )
    image: Image = np.ascontiguousarray(
        np.asarray(pixels, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]
    )
    return image
