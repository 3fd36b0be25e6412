"""Boxes and cylinders that plugs and sockets are made of.

Box-box contacts are exact in the physics engine, so everything that guides a plug is a box; a
cylinder's edge is rounded with the collision margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sawyer_core.types import Array

Vector = tuple[float, float, float]

ROLE_RGBA: dict[str, tuple[float, float, float, float]] = {
    "metal": (0.78, 0.79, 0.82, 1.0),
    "gold": (0.85, 0.68, 0.25, 1.0),
    "plastic": (0.12, 0.12, 0.14, 1.0),
    "insulator": (0.92, 0.92, 0.88, 1.0),
    "handle": (0.20, 0.30, 0.62, 1.0),
    "housing": (0.55, 0.57, 0.60, 1.0),
    "board": (0.20, 0.42, 0.24, 1.0),
    "table": (0.62, 0.54, 0.44, 1.0),
    "ring": (0.75, 0.25, 0.12, 1.0),
}


@dataclass(frozen=True)
class Shape:
    """A primitive in the frame of its body.

    Attributes:
        kind: ``box`` or ``cylinder`` (axis z).
        size_m: full edge lengths of a box; diameter, diameter, length of a cylinder.
        position_m: centre.
        rpy_rad: fixed-axis roll, pitch, yaw.
        role: material, gives the colour.
        collides: False for what is only seen.
    """

    kind: str
    size_m: Vector
    position_m: Vector
    rpy_rad: Vector = (0.0, 0.0, 0.0)
    role: str = "metal"
    collides: bool = True

    @property
    def rotation(self) -> Array:
        """(3, 3) rotation from the shape's axes to the body's."""
        return rotation_from_rpy(self.rpy_rad)

    def rotated_z(self, angle_rad: float) -> Shape:
        """The shape turned about the body's z axis."""
        cos, sin = math.cos(angle_rad), math.sin(angle_rad)
        x, y, z = self.position_m
        roll, pitch, yaw = self.rpy_rad
        return Shape(
            self.kind,
            self.size_m,
            (cos * x - sin * y, sin * x + cos * y, z),
            (roll, pitch, yaw + angle_rad),
            self.role,
            self.collides,
        )

    def moved(self, x_m: float, y_m: float) -> Shape:
        """The shape shifted in the body's x-y plane."""
        x, y, z = self.position_m
        return Shape(
            self.kind,
            self.size_m,
            (x + x_m, y + y_m, z),
            self.rpy_rad,
            self.role,
            self.collides,
        )


def rotation_from_rpy(rpy_rad: Sequence[float]) -> Array:
    """(3, 3) rotation of fixed-axis roll, pitch, yaw: Rz(yaw) Ry(pitch) Rx(roll)."""
    roll, pitch, yaw = rpy_rad
    cr, sr = math.cos(roll), math.sin(roll)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def box(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    *,
    role: str = "metal",
    collides: bool = True,
) -> Shape:
    """Upright box from its extents along each axis, m."""
    spans = (x, y, z)
    return Shape(
        "box",
        (x[1] - x[0], y[1] - y[0], z[1] - z[0]),
        tuple(0.5 * (low + high) for low, high in spans),  # type: ignore[arg-type]
        role=role,
        collides=collides,
    )


def wall(
    inner_m: float,
    outer_m: float,
    half_width_m: float,
    depth_m: float,
    lead_m: tuple[float, float],
    *,
    role: str = "metal",
) -> list[Shape]:
    """Wall at +x of a socket whose mouth is the plane z = 0, with a lead-in chamfer.

    Args:
        inner_m: distance of the guiding face from the socket axis.
        outer_m: distance of the outer face.
        half_width_m: half the extent along y.
        depth_m: how deep the guiding face reaches.
        lead_m: width (along x) and depth (along z) of the chamfer.
        role: material.
    """
    lead_x, lead_z = lead_m
    span = (-half_width_m, half_width_m)
    shapes = [
        box((inner_m, inner_m + lead_x + 1e-4), span, (-depth_m, -lead_z), role=role),
        box((inner_m + lead_x, outer_m), span, (-depth_m, 0.0), role=role),
    ]
    length = math.hypot(lead_x, lead_z)
    # The tilted box lies below the line from (inner, -lead_z) to (inner + lead_x, 0).
    thickness = lead_x * lead_z / length
    normal = (-lead_z / length, lead_x / length)
    centre_x = inner_m + 0.5 * lead_x - 0.5 * thickness * normal[0]
    centre_z = -0.5 * lead_z - 0.5 * thickness * normal[1]
    shapes.append(
        Shape(
            "box",
            (length, 2.0 * half_width_m, thickness),
            (centre_x, 0.0, centre_z),
            (0.0, -math.atan2(lead_z, lead_x), 0.0),
            role,
        )
    )
    return shapes
