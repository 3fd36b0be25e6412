"""Insertion task: where a connector's socket is and when its plug counts as inserted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sawyer_core.config import from_mapping, setting, validate
from sawyer_core.errors import ConfigError
from sawyer_core.types import Array, frozen_vector


@dataclass(frozen=True)
class InsertionTask:
    """One connector's task, frame `base`.

    The goal is the pose of `right_gripper_tip` with the plug fully seated. The workspace is a
    cylinder around the goal.
    """

    connector: str = setting(doc="name of the connector")
    goal_position_m: tuple[float, ...] = setting(
        length=3, unit="m", bounds=(-1.5, 1.5), doc="end-effector position when seated"
    )
    goal_quat_xyzw: tuple[float, ...] = setting(
        length=4, bounds=(-1.0, 1.0), doc="end-effector orientation when seated, held all along"
    )
    mouth_height_m: float = setting(
        unit="m",
        bounds=(0.0, 0.1),
        doc="end-effector height above the goal when the plug first touches the socket mouth",
    )
    insertion_depth_m: float = setting(
        unit="m", bounds=(1e-4, 0.1), doc="travel from the mouth to the seat"
    )
    kind: str = setting(
        "insertion",
        choices=("insertion", "blocks"),
        doc="what success is: a connector inserted, or a block between two that still stand",
    )
    seated_tolerance_m: float = setting(
        0.002,
        unit="m",
        bounds=(0.0, 0.02),
        doc="height above the goal that still counts as seated",
        source="residual_insertion_daib B.5: z <= goal + 2 mm",
    )
    lateral_tolerance_m: float = setting(
        0.002,
        unit="m",
        bounds=(0.0, 0.02),
        doc="lateral error that still counts as seated",
        source="residual_insertion_daib B.5: 2 mm",
    )
    electrical: bool = setting(True, doc="the connector has an electrical contact signal")
    lateral_force_limit_n: float = setting(
        30.0,
        unit="N",
        bounds=(1.0, 200.0),
        doc="contact stop, each horizontal component",
        source="residual_insertion_daib C.6: 30 N lateral",
    )
    vertical_force_limit_n: float = setting(
        50.0,
        unit="N",
        bounds=(1.0, 200.0),
        doc="contact stop, vertical component",
        source="residual_insertion_daib C.6: 50 N vertical",
    )
    workspace_radius_m: float = setting(
        0.05,
        unit="m",
        bounds=(1e-3, 0.5),
        doc="radius of the workspace cylinder around the goal",
        source="residual_insertion_daib 5.2: 50 mm",
    )
    workspace_below_m: float = setting(
        0.05,
        unit="m",
        bounds=(0.0, 0.5),
        doc="how far the workspace reaches below the goal",
        source="residual_insertion_daib 5.2: 50 mm",
    )
    workspace_above_m: float = setting(
        0.2,
        unit="m",
        bounds=(1e-3, 1.0),
        doc="how far the workspace reaches above the goal",
        source="residual_insertion_daib 5.2: 200 mm",
    )
    reset_height_m: float = setting(
        0.05,
        unit="m",
        bounds=(0.0, 0.5),
        doc="height of the start pose above the commanded goal",
        source="thesis chapter 9: reset position 5 cm above the goal",
    )
    base_gains: tuple[float, ...] = setting(
        (),
        bounds=(0.0, 2.0),
        doc="k_p of eq. (50) for this task, three values; empty: the controller's own setting",
    )
    learned_clip_m: float = setting(
        0.001,
        unit="m",
        bounds=(0.0, 0.015),
        doc="clip of each component of a learned action that is added to a base; the guard's clip "
        "of the sum, 15 mm, is the upper bound",
        source="residual_insertion_daib 5.2: 1 mm for the learned part",
    )
    goal_image_file: str = setting(
        "",
        doc="binary PGM picture of the seated plug as the policy sees it, for the image reward; "
        "a relative path starts at the task's file",
    )

    def __post_init__(self) -> None:
        validate(self)
        norm = float(np.linalg.norm(self.goal_quat_xyzw))
        if abs(norm - 1.0) > 1e-3:
            raise ConfigError(
                "InsertionTask.goal_quat_xyzw", self.goal_quat_xyzw, "a unit quaternion"
            )
        if len(self.base_gains) not in (0, 3):
            raise ConfigError("InsertionTask.base_gains", self.base_gains, "three values or none")
        if self.reset_height_m > self.workspace_above_m:
            raise ConfigError(
                "InsertionTask.reset_height_m",
                self.reset_height_m,
                f"at most workspace_above_m = {self.workspace_above_m:g} m",
            )

    @property
    def goal(self) -> Array:
        """(3,) goal position, read-only."""
        return frozen_vector("goal_position_m", self.goal_position_m, 3)

    @property
    def quat(self) -> Array:
        """(4,) unit goal orientation xyzw, read-only."""
        quat = np.array(self.goal_quat_xyzw, dtype=np.float64)
        return frozen_vector("goal_quat_xyzw", quat / np.linalg.norm(quat), 4)


def task_from_mapping(values: Mapping[str, Any]) -> InsertionTask:
    """Task from a parsed file."""
    return from_mapping(InsertionTask, values)


def load_task(path: Path | str) -> InsertionTask:
    """Task from a YAML file; only its ``task`` section is read where there is one."""
    import yaml

    file = Path(path)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(str(file), "malformed YAML", str(error)) from error
    if isinstance(data, Mapping) and isinstance(data.get("task"), Mapping):
        data = data["task"]
    if not isinstance(data, Mapping):
        raise ConfigError(str(file), data, "a mapping of task settings")
    task = task_from_mapping(data)
    if not task.goal_image_file:
        return task
    return replace(task, goal_image_file=str(file.parent / task.goal_image_file))
