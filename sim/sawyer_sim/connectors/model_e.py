"""Round waterproof Model-E: plug with two keys, bore with two grooves, sealing ring.

Round parts are eight-sided for the contacts: the plug's edges lie on its circle and meet the
middle of the bore's flats, so that the gap is the nominal one all around.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sawyer_core.config import setting, validate
from sawyer_sim.shapes import Shape, box, wall

BORE_SIDES = 8


@dataclass(frozen=True)
class ModelEGeometry:
    """Dimensions of plug and socket, m."""

    diameter_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="diameter of the plug")
    length_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="from shoulder to tip")
    clearance_m: float = setting(unit="m", bounds=(0.0, 2e-3), doc="gap on the radius")
    key_widths_m: tuple[float, ...] = setting(
        length=2, unit="m", bounds=(1e-4, 0.01), doc="widths of the keys at +x and -x"
    )
    key_height_m: float = setting(unit="m", bounds=(1e-4, 0.01), doc="height of the keys")
    key_setback_m: float = setting(unit="m", bounds=(0.0, 0.02), doc="key start behind the tip")
    groove_clearance_m: float = setting(unit="m", bounds=(0.0, 2e-3), doc="gap on each key side")
    groove_lead_m: float = setting(unit="m", bounds=(1e-5, 5e-3), doc="groove lead-in, width")
    groove_lead_depth_m: float = setting(unit="m", bounds=(1e-5, 5e-3), doc="the same, depth")
    lead_width_m: float = setting(
        unit="m", bounds=(1e-5, 5e-3), doc="chamfer of the bore, width; the plug's edge adds to it"
    )
    lead_depth_m: float = setting(unit="m", bounds=(1e-5, 5e-3), doc="the same, depth")
    socket_depth_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="depth of the bore")
    ring_depth_m: float = setting(
        unit="m", bounds=(1e-3, 0.05), doc="sealing ring below the mouth"
    )
    rim_m: float = setting(0.006, unit="m", bounds=(1e-3, 0.05), doc="width of the rim")

    def __post_init__(self) -> None:
        validate(self)

    def plug(self) -> list[Shape]:
        """Shapes in the plug frame (origin at the tip, z towards the gripper)."""
        radius = 0.5 * self.diameter_m
        half_angle = math.pi / BORE_SIDES
        half_x, half_y = radius * math.cos(half_angle), radius * math.sin(half_angle)
        stave = box((-half_x, half_x), (-half_y, half_y), (0.0, self.length_m))
        shapes = [
            stave.rotated_z((2 * index + 1) * half_angle) for index in range(BORE_SIDES // 2)
        ]
        round_body = Shape(
            "cylinder",
            (self.diameter_m, self.diameter_m, self.length_m),
            (0.0, 0.0, 0.5 * self.length_m),
            collides=False,
        )
        shapes.append(round_body)
        for sign, width in zip((1.0, -1.0), self.key_widths_m, strict=True):
            ends = sorted((sign * 0.7 * radius, sign * (radius + self.key_height_m)))
            shapes.append(
                box(
                    (ends[0], ends[1]),
                    (-0.5 * width, 0.5 * width),
                    (self.key_setback_m, self.length_m),
                    role="metal",
                )
            )
        return shapes

    def _groove(self, width_m: float) -> list[Shape]:
        radius = 0.5 * self.diameter_m + self.clearance_m
        apothem = radius + self.lead_width_m
        half_face = apothem * math.tan(math.pi / BORE_SIDES)
        half_gap = 0.5 * width_m + self.groove_clearance_m
        lead = (self.groove_lead_m, self.groove_lead_depth_m)
        outer = max(half_face, half_gap + lead[0] + 1e-3)
        shapes: list[Shape] = []
        for sign in (1.0, -1.0):
            side = wall(half_gap, outer, 0.5 * self.rim_m, self.socket_depth_m, lead)
            shift = apothem + 0.5 * self.rim_m
            shapes += [part.rotated_z(sign * 0.5 * math.pi).moved(shift, 0.0) for part in side]
        return shapes

    def socket(self) -> list[Shape]:
        """Shapes in the socket frame (origin in the mouth, z out of the socket)."""
        inner = 0.5 * self.diameter_m + self.clearance_m
        lead = (self.lead_width_m, self.lead_depth_m)
        half_face = (inner + lead[0]) * math.tan(math.pi / BORE_SIDES)
        depth = self.socket_depth_m
        shapes: list[Shape] = []
        for index in range(BORE_SIDES):
            angle = 2.0 * math.pi * index / BORE_SIDES
            if index % (BORE_SIDES // 2) == 0:
                shapes += [
                    part.rotated_z(angle)
                    for part in self._groove(self.key_widths_m[0 if index == 0 else 1])
                ]
            else:
                side = wall(inner, inner + self.rim_m, half_face, depth, lead)
                shapes += [part.rotated_z(angle) for part in side]
        corner = (inner + lead[0]) / math.cos(math.pi / BORE_SIDES)
        filler = box(
            (corner + 2e-4, inner + self.rim_m),
            (-2.4e-3, 2.4e-3),
            (-depth, 0.0),
            role="metal",
            collides=False,
        )
        shapes += [
            filler.rotated_z((2 * index + 1) * math.pi / BORE_SIDES) for index in range(BORE_SIDES)
        ]
        ring = (self.diameter_m + 1e-3, self.diameter_m + 1e-3, 1.5e-3)
        position = (0.0, 0.0, -self.ring_depth_m)
        shapes.append(Shape("cylinder", ring, position, role="ring", collides=False))
        return shapes
