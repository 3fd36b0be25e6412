from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sawyer_core.errors import ConfigError
from sawyer_core.limits import JOINT_NAMES, JointLimits, load_joint_limits

# The vendor's table: lower, upper, velocity, effort.
TABLE = {
    "right_j0": (-3.0503, 3.0503, 1.74, 80.0),
    "right_j1": (-3.8095, 2.2736, 1.328, 80.0),
    "right_j2": (-3.0426, 3.0426, 1.957, 40.0),
    "right_j3": (-3.0439, 3.0439, 1.957, 40.0),
    "right_j4": (-2.9761, 2.9761, 3.485, 9.0),
    "right_j5": (-2.9761, 2.9761, 3.485, 9.0),
    "right_j6": (-4.7124, 4.7124, 4.545, 9.0),
}


def mapping() -> dict[str, Any]:
    return {
        "joints": {
            name: {
                "lower_rad": row[0],
                "upper_rad": row[1],
                "velocity_rad_per_s": row[2],
                "effort_n_m": row[3],
                "acceleration_rad_per_s2": 10.0,
            }
            for name, row in reversed(TABLE.items())
        }
    }


def test_description_has_the_vendors_table() -> None:
    limits = load_joint_limits()
    columns = np.array([TABLE[name] for name in JOINT_NAMES]).T
    assert limits.lower_rad.tolist() == columns[0].tolist()
    assert limits.upper_rad.tolist() == columns[1].tolist()
    assert limits.velocity_rad_per_s.tolist() == columns[2].tolist()
    assert limits.effort_n_m.tolist() == columns[3].tolist()


def test_joints_are_found_by_name_not_by_order() -> None:
    limits = JointLimits.from_mapping(mapping())
    assert limits.lower_rad.tolist() == load_joint_limits().lower_rad.tolist()
    assert not limits.lower_rad.flags.writeable


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("lower_rad", math.nan),
        ("upper_rad", -4.0),
        ("velocity_rad_per_s", 0.0),
        ("effort_n_m", -1.0),
        ("effort_n_m", "80"),
        ("effort_n_m", True),
        ("effort_n_m", None),
    ],
)
def test_bad_numbers_are_refused(column: str, value: object) -> None:
    data = mapping()
    data["joints"]["right_j3"][column] = value
    with pytest.raises(ConfigError, match=r"lower_rad|" + column):
        JointLimits.from_mapping(data)


@pytest.mark.parametrize("data", [{}, {"joints": []}, {"joints": {"right_j0": {}}}])
def test_missing_joints_are_named(data: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="joints"):
        JointLimits.from_mapping(data)


def test_malformed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text("joints: [unclosed", encoding="utf-8")
    with pytest.raises(ConfigError, match="malformed YAML"):
        load_joint_limits(path)
