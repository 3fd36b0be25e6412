"""Settings of the twin."""

from __future__ import annotations

from dataclasses import dataclass, field

from sawyer_core.config import setting, validate
from sawyer_sim.camera_config import CameraConfig
from sawyer_sim.sensors import WrenchSensorConfig
from sawyer_sim.world import PhysicsConfig


@dataclass(frozen=True)
class TwinConfig:
    """Everything about the twin that is not the connector."""

    home_height_m: float = setting(
        0.06,
        unit="m",
        bounds=(0.02, 0.15),
        doc="height above the goal at which an episode begins",
        source="residual_insertion_daib B.5 [E2]: force calibration 60 mm above the goal",
    )
    tool_mass_known: bool = setting(
        True, doc="the plug's mass is part of the gravity compensation"
    )
    physics: PhysicsConfig = field(default_factory=PhysicsConfig)
    wrench: WrenchSensorConfig = field(default_factory=WrenchSensorConfig)
    camera: CameraConfig = field(default_factory=CameraConfig)

    def __post_init__(self) -> None:
        validate(self)
