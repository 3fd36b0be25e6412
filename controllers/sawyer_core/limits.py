"""Joint names and limits; their only source is `sawyer_description`.

The file is YAML::

    joints:
      right_j0: {lower_rad: -3.0503, upper_rad: 3.0503, velocity_rad_per_s: 1.74,
                 effort_n_m: 80.0, acceleration_rad_per_s2: 10.0}
      ...
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sawyer_core.errors import ConfigError
from sawyer_core.types import N_JOINTS, Array, frozen_vector

JOINT_NAMES = tuple(f"right_j{index}" for index in range(N_JOINTS))

_COLUMNS = (
    "lower_rad",
    "upper_rad",
    "velocity_rad_per_s",
    "effort_n_m",
    "acceleration_rad_per_s2",
)


@dataclass(frozen=True, eq=False)
class JointLimits:
    """Limits of the seven arm joints, proximal to distal, each array (7,)."""

    lower_rad: Array
    upper_rad: Array
    velocity_rad_per_s: Array
    effort_n_m: Array
    acceleration_rad_per_s2: Array
    names: tuple[str, ...] = JOINT_NAMES

    def __post_init__(self) -> None:
        for column in _COLUMNS:
            vector = frozen_vector(f"JointLimits.{column}", getattr(self, column), N_JOINTS)
            if not np.isfinite(vector).all():
                raise ConfigError(f"JointLimits.{column}", vector.tolist(), "finite numbers")
            object.__setattr__(self, column, vector)
        if not (self.lower_rad < self.upper_rad).all():
            raise ConfigError(
                "JointLimits.lower_rad", self.lower_rad.tolist(), "below upper_rad, each joint"
            )
        for column in _COLUMNS[2:]:
            vector = getattr(self, column)
            if not (vector > 0.0).all():
                raise ConfigError(f"JointLimits.{column}", vector.tolist(), "above 0")

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> JointLimits:
        """Limits from the parsed file; joints are found by name, never by order."""
        joints = data.get("joints") if isinstance(data, Mapping) else None
        if not isinstance(joints, Mapping):
            raise ConfigError("joints", joints, "a mapping of joint names to limits")
        columns: dict[str, list[float]] = {column: [] for column in _COLUMNS}
        for name in JOINT_NAMES:
            row = joints.get(name)
            if not isinstance(row, Mapping):
                raise ConfigError(f"joints.{name}", row, "a mapping of " + ", ".join(_COLUMNS))
            for column in _COLUMNS:
                value = row.get(column)
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise ConfigError(f"joints.{name}.{column}", value, "a number")
                columns[column].append(float(value))
        arrays = {column: np.array(columns[column], dtype=np.float64) for column in _COLUMNS}
        return cls(
            lower_rad=arrays["lower_rad"],
            upper_rad=arrays["upper_rad"],
            velocity_rad_per_s=arrays["velocity_rad_per_s"],
            effort_n_m=arrays["effort_n_m"],
            acceleration_rad_per_s2=arrays["acceleration_rad_per_s2"],
        )


def load_joint_limits(path: Path | str | None = None) -> JointLimits:
    """Limits from ``path``, by default from `sawyer_description`."""
    import yaml

    if path is None:
        import sawyer_description

        path = sawyer_description.limits_path()
    file = Path(path)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(str(file), "malformed YAML", str(error)) from error
    return JointLimits.from_mapping(data)
