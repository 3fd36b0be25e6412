"""D-Sub DE-9: D-shaped shell that goes into the slightly larger shell on the board."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sawyer_core.config import setting, validate
from sawyer_sim.shapes import Shape, box, wall


@dataclass(frozen=True)
class DsubGeometry:
    """Dimensions of plug and socket, m."""

    shell_width_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="long side of the plug's D")
    shell_height_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="height of the plug's D")
    shell_length_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="from flange to tip")
    side_angle_rad: float = setting(unit="rad", bounds=(0.0, 0.5), doc="slant of the short sides")
    socket_width_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="long side inside")
    socket_height_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="height inside")
    socket_depth_m: float = setting(
        unit="m", bounds=(1e-3, 0.05), doc="depth of the guiding walls"
    )
    lead_width_m: float = setting(
        unit="m", bounds=(1e-5, 5e-3), doc="flare of the socket plus rounding of the plug, width"
    )
    lead_depth_m: float = setting(unit="m", bounds=(1e-5, 5e-3), doc="the same, depth")
    flange_size_m: tuple[float, ...] = setting(
        (0.0308, 0.0125, 0.002), length=3, unit="m", bounds=(1e-4, 0.1), doc="flange of the plug"
    )
    rim_m: float = setting(0.004, unit="m", bounds=(1e-3, 0.05), doc="width of the rim")

    def __post_init__(self) -> None:
        validate(self)

    @property
    def length_m(self) -> float:
        """Length of the part that goes into the socket."""
        return self.shell_length_m

    def pins(self) -> list[tuple[float, float]]:
        """Positions of the nine pins: pitch 2.77 mm, rows 2.84 mm apart (DE-9)."""
        upper = [(2.77e-3 * (index - 2), 1.42e-3) for index in range(5)]
        lower = [(2.77e-3 * (index - 1.5), -1.42e-3) for index in range(4)]
        return upper + lower

    def _side_distance(self, width_m: float, height_m: float) -> float:
        middle = 0.5 * width_m - 0.5 * height_m * math.tan(self.side_angle_rad)
        return middle * math.cos(self.side_angle_rad)

    def plug(self) -> list[Shape]:
        """Shapes in the plug frame (origin at the tip, z towards the gripper)."""
        half_y = 0.5 * self.shell_height_m
        slant = self.side_angle_rad
        short = 0.5 * self.shell_width_m - self.shell_height_m * math.tan(slant)
        z = (0.0, self.shell_length_m)
        shapes = [box((-short, short), (-half_y, half_y), z)]
        distance = self._side_distance(self.shell_width_m, self.shell_height_m)
        thickness = 4e-4
        half_face = half_y / math.cos(slant) - thickness * math.tan(slant)
        for sign in (1.0, -1.0):
            shift = distance * math.tan(slant)
            along = (shift - half_face, shift + half_face)
            outward = (distance - thickness, distance)
            side = (
                box(outward, along, z) if sign > 0 else box((-outward[1], -outward[0]), along, z)
            )
            shapes.append(side.rotated_z(-sign * slant))
        length, width, height = self.flange_size_m
        flange = (self.shell_length_m, self.shell_length_m + height)
        shapes.append(box((-0.5 * length, 0.5 * length), (-0.5 * width, 0.5 * width), flange))
        holes = [
            box(
                (x - 5e-4, x + 5e-4),
                (y - 5e-4, y + 5e-4),
                (-3e-5, 2e-4),
                role="plastic",
                collides=False,
            )
            for x, y in self.pins()
        ]
        return shapes + holes

    def socket(self) -> list[Shape]:
        """Shapes in the socket frame (origin in the mouth, z out of the socket)."""
        half_y = 0.5 * self.socket_height_m
        lead = (self.lead_width_m, self.lead_depth_m)
        depth = self.socket_depth_m
        outer_x = 0.5 * self.socket_width_m + self.rim_m
        shapes: list[Shape] = []
        for angle in (0.5 * math.pi, -0.5 * math.pi):
            side = wall(half_y, half_y + self.rim_m, outer_x, depth, lead)
            shapes += [part.rotated_z(angle) for part in side]
        distance = self._side_distance(self.socket_width_m, self.socket_height_m)
        slant = self.side_angle_rad
        shift = distance * math.tan(slant)
        for turn, along in ((-slant, shift), (math.pi + slant, -shift)):
            side = wall(distance, distance + self.rim_m, half_y + lead[0], depth, lead)
            shapes += [part.moved(0.0, along).rotated_z(turn) for part in side]
        pins = [
            box(
                (x - 5e-4, x + 5e-4),
                (y - 5e-4, y + 5e-4),
                (-depth, -1e-3),
                role="gold",
                collides=False,
            )
            for x, y in self.pins()
        ]
        return shapes + pins
