"""The workspace around a task's goal: a cylinder that no commanded position leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ConfigError
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import Array


@dataclass(frozen=True)
class Workspace:
    """Upright cylinder, frame `base`."""

    center_x_m: float
    center_y_m: float
    radius_m: float
    bottom_z_m: float
    top_z_m: float

    def __post_init__(self) -> None:
        values = (self.center_x_m, self.center_y_m, self.bottom_z_m, self.top_z_m)
        if not all(math.isfinite(value) for value in values):
            raise ConfigError("Workspace", values, "finite numbers")
        if not (self.radius_m > 0.0 and self.bottom_z_m < self.top_z_m):
            raise ConfigError(
                "Workspace",
                (self.radius_m, self.bottom_z_m, self.top_z_m),
                "radius above 0, bottom below top",
            )

    @classmethod
    def of_task(cls, task: InsertionTask) -> Workspace:
        """The workspace of a task."""
        x, y, z = task.goal_position_m
        return cls(
            center_x_m=x,
            center_y_m=y,
            radius_m=task.workspace_radius_m,
            bottom_z_m=z - task.workspace_below_m,
            top_z_m=z + task.workspace_above_m,
        )

    def contains(self, position_m: npt.ArrayLike, slack_m: float = 1e-9) -> bool:
        """Whether a position is inside, to within ``slack_m`` of rounding."""
        x, y, z = (float(value) for value in np.asarray(position_m, dtype=np.float64))
        return (
            math.hypot(x - self.center_x_m, y - self.center_y_m) <= self.radius_m + slack_m
            and self.bottom_z_m - slack_m <= z <= self.top_z_m + slack_m
        )

    def clamp(self, position_m: npt.ArrayLike) -> Array:
        """Nearest position inside, (3,) m."""
        x, y, z = (float(value) for value in np.asarray(position_m, dtype=np.float64))
        dx, dy = x - self.center_x_m, y - self.center_y_m
        distance = math.hypot(dx, dy)
        if distance > self.radius_m:
            x = self.center_x_m + dx * (self.radius_m / distance)
            y = self.center_y_m + dy * (self.radius_m / distance)
        return np.array([x, y, min(max(z, self.bottom_z_m), self.top_z_m)])

    def distance(self, position_m: npt.ArrayLike) -> float:
        """Distance, m, from the workspace; 0 inside."""
        return float(
            np.linalg.norm(np.asarray(position_m, dtype=np.float64) - self.clamp(position_m))
        )

    def check_goal(self, goal_m: npt.ArrayLike) -> None:
        """Refuse a goal that is outside or not finite.

        Raises:
            ConfigError: names the goal and the workspace.
        """
        goal = np.asarray(goal_m, dtype=np.float64)
        if goal.shape != (3,) or not np.isfinite(goal).all() or not self.contains(goal):
            raise ConfigError("goal_position_m", goal.tolist(), f"inside {self}")

    def __str__(self) -> str:
        return (
            f"the cylinder around x {self.center_x_m:.4f}, y {self.center_y_m:.4f} m with radius "
            f"{self.radius_m:.4f} m, z from {self.bottom_z_m:.4f} to {self.top_z_m:.4f} m"
        )
