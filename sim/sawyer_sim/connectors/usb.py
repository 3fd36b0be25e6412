"""USB-A: thin shell with an insulator in its lower half, over the socket's tongue."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sawyer_core.config import setting, validate
from sawyer_sim.shapes import Shape, box, wall


@dataclass(frozen=True)
class UsbGeometry:
    """Dimensions of plug and socket, m."""

    shell_width_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="outer width of the shell")
    shell_height_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="outer height")
    shell_length_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="from shoulder to tip")
    shell_thickness_m: float = setting(unit="m", bounds=(1e-4, 2e-3), doc="sheet thickness")
    insulator_height_m: float = setting(
        unit="m", bounds=(1e-4, 0.01), doc="insulator in the shell"
    )
    socket_width_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="opening, width")
    socket_height_m: float = setting(unit="m", bounds=(1e-3, 0.05), doc="opening, height")
    socket_depth_m: float = setting(
        unit="m", bounds=(1e-3, 0.05), doc="depth of the guiding walls"
    )
    lead_width_m: float = setting(
        unit="m", bounds=(1e-5, 5e-3), doc="chamfer of the mouth plus rounding of the shell, width"
    )
    lead_depth_m: float = setting(unit="m", bounds=(1e-5, 5e-3), doc="the same, depth")
    tongue_width_m: float = setting(unit="m", bounds=(1e-4, 0.05), doc="tongue, width")
    tongue_height_m: float = setting(unit="m", bounds=(1e-4, 0.01), doc="tongue, thickness")
    tongue_recess_m: float = setting(unit="m", bounds=(0.0, 0.01), doc="tongue front below mouth")
    rim_m: float = setting(0.006, unit="m", bounds=(1e-3, 0.05), doc="width of the rim")

    def __post_init__(self) -> None:
        validate(self)

    @property
    def length_m(self) -> float:
        """Length of the part that goes into the socket."""
        return self.shell_length_m

    def plug(self) -> list[Shape]:
        """Shapes in the plug frame (origin at the tip, z towards the gripper)."""
        half_x, half_y = 0.5 * self.shell_width_m, 0.5 * self.shell_height_m
        inner_y = half_y - self.shell_thickness_m
        floor = -inner_y + self.insulator_height_m
        z = (0.0, self.shell_length_m)
        sides = (floor, inner_y)  # not up to half_y: shared corners would double the contacts
        x_in = half_x - self.shell_thickness_m
        shapes = [
            box((-half_x, half_x), (-half_y, floor), z, role="metal"),
            box((-half_x, half_x), (inner_y, half_y), z, role="metal"),
            box((-half_x, -x_in), sides, z, role="metal"),
            box((x_in, half_x), sides, z, role="metal"),
        ]
        face = box(
            (-x_in, x_in), (-inner_y, floor), (-2e-5, 4e-4), role="insulator", collides=False
        )
        pads = [
            box((x - 5e-4, x + 5e-4), (floor, floor + 1e-4), z, role="gold", collides=False)
            for x in (-0.0035, -0.001, 0.001, 0.0035)
        ]
        return [*shapes, face, *pads]

    def socket(self) -> list[Shape]:
        """Shapes in the socket frame (origin in the mouth, z out of the socket)."""
        half_x, half_y = 0.5 * self.socket_width_m, 0.5 * self.socket_height_m
        lead = (self.lead_width_m, self.lead_depth_m)
        outer_x, outer_y = half_x + self.rim_m, half_y + self.rim_m
        depth = self.socket_depth_m
        shapes: list[Shape] = []
        for angle in (0.0, math.pi):
            side = wall(half_x, outer_x, half_y + lead[0], depth, lead)
            shapes += [part.rotated_z(angle) for part in side]
        for angle in (0.5 * math.pi, -0.5 * math.pi):
            side = wall(half_y, outer_y, outer_x, depth, lead)
            shapes += [part.rotated_z(angle) for part in side]
        shell_floor = -0.5 * self.shell_height_m + self.shell_thickness_m
        gap_low = shell_floor + self.insulator_height_m
        gap_high = 0.5 * self.shell_height_m - self.shell_thickness_m
        centre = 0.5 * (gap_low + gap_high)
        half_tongue = 0.5 * self.tongue_height_m
        shapes.append(
            box(
                (-0.5 * self.tongue_width_m, 0.5 * self.tongue_width_m),
                (centre - half_tongue, centre + half_tongue),
                (-depth, -self.tongue_recess_m),
                role="insulator",
            )
        )
        return shapes
