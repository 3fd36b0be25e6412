"""Settings of the twin's camera and of its randomisation."""

from __future__ import annotations

from dataclasses import dataclass

from sawyer_core.config import setting, validate


@dataclass(frozen=True)
class CameraConfig:
    """Fixed camera beside the board, looking down at plug and socket from the side."""

    enabled: bool = setting(False, doc="render an image for every frame")
    width_px: int = setting(64, unit="px", bounds=(16, 640), doc="image width")
    height_px: int = setting(64, unit="px", bounds=(16, 480), doc="image height")
    distance_m: float = setting(
        0.30, unit="m", bounds=(0.1, 2.0), doc="distance from the socket's mouth"
    )
    elevation_rad: float = setting(
        0.90,
        unit="rad",
        bounds=(-0.2, 1.4),
        doc="height angle of the line of sight; from here both horizontal directions show",
    )
    azimuth_rad: float = setting(
        -1.30, unit="rad", bounds=(-3.15, 3.15), doc="direction from the socket, 0 = +x"
    )
    field_of_view_rad: float = setting(
        0.22, unit="rad", bounds=(0.05, 2.0), doc="vertical field of view"
    )
    look_above_mouth_m: float = setting(
        0.022, unit="m", bounds=(-0.1, 0.3), doc="point looked at, above the mouth"
    )
    pose_jitter_m: float = setting(
        0.0002, unit="m", bounds=(0.0, 0.1), doc="camera position, uniform within +-, per episode"
    )
    aim_jitter_m: float = setting(
        0.0001,
        unit="m",
        bounds=(0.0, 0.05),
        doc="point looked at, uniform within +-, per episode",
    )
    light_jitter: float = setting(
        0.15, bounds=(0.0, 1.0), doc="brightness and light direction, share, per episode"
    )
    texture_jitter: float = setting(
        0.08, bounds=(0.0, 1.0), doc="colours of parts and texture of the board, per episode"
    )
    noise: float = setting(
        1.5, bounds=(0.0, 50.0), doc="standard deviation of a pixel, grey levels"
    )

    def __post_init__(self) -> None:
        validate(self)
