"""What is the same for every connector: grasp, mating force, contacts, scatter per episode."""

from __future__ import annotations

from dataclasses import dataclass

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError


@dataclass(frozen=True)
class MatingConfig:
    """Axial resistance of contact springs, pins or seal, as Coulomb friction over depth."""

    depth_m: tuple[float, ...] = setting(
        unit="m", bounds=(0.0, 0.1), doc="depths of the table, rising"
    )
    force_n: tuple[float, ...] = setting(
        unit="N", bounds=(0.0, 200.0), doc="friction at these depths"
    )
    scatter: float = setting(
        0.1, bounds=(0.0, 0.9), doc="per-episode factor drawn from 1 +- scatter"
    )
    stiffness_n_per_m: float = setting(
        20000.0, unit="N/m", bounds=(100.0, 1e6), doc="presliding stiffness of the contacts"
    )
    damping_n_s_per_m: float = setting(
        15.0, unit="N s/m", bounds=(0.0, 100.0), doc="presliding damping of the contacts"
    )

    def __post_init__(self) -> None:
        validate(self)
        rising = all(a < b for a, b in zip(self.depth_m, self.depth_m[1:], strict=False))
        if len(self.depth_m) < 2 or not rising:
            raise ConfigError("mating.depth_m", self.depth_m, "at least two rising depths")
        if len(self.force_n) != len(self.depth_m):
            raise ConfigError(
                "mating.force_n", self.force_n, f"{len(self.depth_m)} values, one per depth"
            )


@dataclass(frozen=True)
class GraspConfig:
    """How the gripper holds the plug: stiffness, slip, scatter of the pose in the fingers.

    Axes of the plug: x across the fingers, y along them, z along the insertion.
    """

    stiffness_n_per_m: tuple[float, ...] = setting(
        (20000.0, 15000.0, 20000.0),
        length=3,
        unit="N/m",
        bounds=(100.0, 50000.0),
        doc="translational stiffness of pads and fingers",
    )
    damping_n_s_per_m: tuple[float, ...] = setting(
        (25.0, 25.0, 25.0), length=3, unit="N s/m", bounds=(0.0, 60.0), doc="translational damping"
    )
    slip_force_n: tuple[float, ...] = setting(
        (60.0, 60.0, 60.0),
        length=3,
        unit="N",
        bounds=(1.0, 500.0),
        doc="force at which the plug slips",
    )
    rotational_stiffness_n_m_per_rad: tuple[float, ...] = setting(
        (12.0, 12.0, 8.0),
        length=3,
        unit="N m/rad",
        bounds=(0.1, 30.0),
        doc="rotational stiffness of pads and fingers",
    )
    rotational_damping_n_m_s_per_rad: tuple[float, ...] = setting(
        (0.012, 0.012, 0.01),
        length=3,
        unit="N m s/rad",
        bounds=(0.0, 0.03),
        doc="rotational damping",
    )
    slip_torque_n_m: tuple[float, ...] = setting(
        (1.5, 1.5, 1.0),
        length=3,
        unit="N m",
        bounds=(0.01, 50.0),
        doc="torque at which the plug slips",
    )
    offset_mean_m: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0),
        length=3,
        unit="m",
        bounds=(-0.005, 0.005),
        doc="offset in the grasp that is the same in every episode",
    )
    offset_error_m: tuple[float, ...] = setting(
        (0.0001, 0.0001, 0.0001),
        length=3,
        unit="m",
        bounds=(0.0, 0.005),
        doc="per-episode offset in the grasp, uniform within +-",
    )
    angle_error_rad: tuple[float, ...] = setting(
        (0.003, 0.003, 0.005),
        length=3,
        unit="rad",
        bounds=(0.0, 0.3),
        doc="per-episode tilt about x, y and yaw in the grasp, uniform within +-",
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class PlugConfig:
    """Plug body and how far it reaches beyond the gripper."""

    mass_kg: float = setting(
        0.1, unit="kg", bounds=(0.01, 1.0), doc="plug with holder and the cable at the grip"
    )
    inertia_kg_m2: tuple[float, ...] = setting(
        (3e-5, 3e-5, 2e-5),
        length=3,
        unit="kg m^2",
        bounds=(1e-6, 1e-2),
        doc="about the centre of the handle",
    )
    handle_size_m: tuple[float, ...] = setting(
        (0.014, 0.012, 0.036), length=3, unit="m", bounds=(0.002, 0.1), doc="gripped handle"
    )
    handle_below_tip_m: float = setting(
        0.008,
        unit="m",
        bounds=(0.003, 0.05),
        doc="how far handle and shoulder reach beyond right_gripper_tip",
    )
    friction: float = setting(0.25, bounds=(0.0, 2.0), doc="Coulomb coefficient of plug on socket")
    friction_scatter: float = setting(
        0.1, bounds=(0.0, 0.9), doc="per-episode factor drawn from 1 +- scatter"
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class ContactConfig:
    """Electrical contacts of the plug."""

    x_m: tuple[float, ...] = setting(unit="m", bounds=(-0.05, 0.05), doc="contact positions, x")
    y_m: tuple[float, ...] = setting(unit="m", bounds=(-0.05, 0.05), doc="contact positions, y")
    depth_m: float = setting(
        unit="m", bounds=(0.0, 0.1), doc="every contact must be this deep below the mouth"
    )

    def __post_init__(self) -> None:
        validate(self)
        if len(self.x_m) != len(self.y_m) or not self.x_m:
            raise ConfigError("contacts.y_m", self.y_m, f"{len(self.x_m)} values, one per x_m")
