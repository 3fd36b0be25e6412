"""Geometry, dynamics and limits of the Sawyer arm: data only, usable without ROS.

Joint names and limits have their only source here; every other package reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

__all__ = ["ARM_JOINT_NAMES", "EE_FRAME", "limits_path", "load_limits", "urdf_path"]

ARM_JOINT_NAMES: tuple[str, ...] = tuple(f"right_j{index}" for index in range(7))
"""Arm joints, proximal to distal, as the vendor names them."""

EE_FRAME = "right_gripper_tip"
"""Frame that every end-effector position and command refers to."""

_FOLDER = Path(__file__).resolve().parent


def urdf_path() -> Path:
    """Return the path of the robot's URDF."""
    return _FOLDER / "urdf" / "sawyer.urdf"


def limits_path() -> Path:
    """Return the path of the file with joint limits and named poses."""
    return _FOLDER / "config" / "limits.yaml"


def load_limits() -> dict[str, Any]:
    """Return the joint limits and named poses as plain Python data."""
    data: dict[str, Any] = yaml.safe_load(limits_path().read_text(encoding="utf-8"))
    return data
