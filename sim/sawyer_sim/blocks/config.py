"""Settings of the block assembly: sizes, masses, friction, object tracker."""

from __future__ import annotations

from dataclasses import dataclass, field

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError


@dataclass(frozen=True)
class BlocksGeometry:
    """Sizes of the three blocks; x is across the gap, y along it, z up."""

    carried_size_m: tuple[float, ...] = setting(
        length=3, unit="m", bounds=(0.005, 0.1), doc="carried block below the fingers"
    )
    standing_size_m: tuple[float, ...] = setting(
        length=3, unit="m", bounds=(0.005, 0.2), doc="each standing block"
    )
    clearance_m: float = setting(
        unit="m",
        bounds=(0.0, 0.02),
        doc="gap on each side of the carried block when all is nominal",
    )
    edge_m: float = setting(
        unit="m",
        bounds=(1e-4, 0.01),
        doc="cut of the carried block's four upright edges, 45 degrees",
    )

    def __post_init__(self) -> None:
        validate(self)
        if self.carried_size_m[2] > self.standing_size_m[2]:
            raise ConfigError(
                "geometry.carried_size_m",
                self.carried_size_m,
                f"no longer than the standing blocks are high, {self.standing_size_m[2]:g} m",
            )


@dataclass(frozen=True)
class StandingConfig:
    """What decides how the standing blocks give way."""

    mass_kg: float = setting(0.1, unit="kg", bounds=(0.005, 5.0), doc="mass of each")
    mass_scatter: float = setting(
        0.1, bounds=(0.0, 0.9), doc="per-episode factor drawn from 1 +- scatter, each block"
    )
    friction: float = setting(
        0.3, bounds=(0.01, 2.0), doc="Coulomb coefficient of a block on the table"
    )
    friction_scatter: float = setting(
        0.1, bounds=(0.0, 0.9), doc="per-episode factor drawn from 1 +- scatter, each block"
    )
    placement_m: float = setting(
        0.0005, unit="m", bounds=(0.0, 0.01), doc="x and y of each block, uniform within +-"
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class TrackerConfig:
    """Object tracker: a camera on the real arm, the truth with noise and delay here."""

    position_noise_m: float = setting(
        0.0, unit="m", bounds=(0.0, 0.01), doc="standard deviation of each coordinate"
    )
    angle_noise_rad: float = setting(
        0.0, unit="rad", bounds=(0.0, 0.3), doc="standard deviation of yaw and of tilt"
    )
    latency_ticks: int = setting(
        0, bounds=(0, 1000), doc="age, in ms, of the newest picture when it is used"
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class BlocksConfig:
    """Everything about the standing blocks."""

    standing: StandingConfig = field(default_factory=StandingConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)

    def __post_init__(self) -> None:
        validate(self)
