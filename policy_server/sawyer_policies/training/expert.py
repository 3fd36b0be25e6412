"""Scripted expert that knows where socket and plug really are; demonstrates, is never deployed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_core.config import setting, validate
from sawyer_core.tasks import InsertionTask

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExpertConfig:
    """How the expert moves; all numbers are ours, found by trying."""

    lateral_gain: float = setting(
        0.7, bounds=(0.0, 2.0), doc="share of the sideways error made good in one step"
    )
    press_step_m: float = setting(
        0.0015, unit="m", bounds=(1e-4, 0.015), doc="downward step from the mouth on"
    )
    aligned_m: float = setting(
        0.0005, unit="m", bounds=(0.0, 0.01), doc="sideways error with which it enters the mouth"
    )
    near_m: float = setting(
        0.002, unit="m", bounds=(0.0, 0.05), doc="height above the mouth where entering begins"
    )
    far_noise: tuple[float, ...] = setting(
        (0.3, 0.3, 0.15),
        length=3,
        bounds=(0.0, 2.0),
        doc="standard deviation of the noise above the mouth, in full actions",
    )
    near_noise_m: float = setting(
        0.0001, unit="m", bounds=(0.0, 0.01), doc="standard deviation of the noise from there on"
    )
    stuck_steps: int = setting(
        4, bounds=(1, 100), doc="steps without way down after which it backs off"
    )
    back_off_steps: int = setting(2, bounds=(0, 100), doc="steps up, then it tries again")
    back_off_m: float = setting(0.001, unit="m", bounds=(0.0, 0.015), doc="upward step")
    retry_m: float = setting(
        0.0003, unit="m", bounds=(0.0, 0.01), doc="half width of the offset of the next try"
    )

    def __post_init__(self) -> None:
        validate(self)


class InsertionExpert:
    """Centres above the socket, goes down, presses; backs off where it jams.

    Args:
        task: with the true goal.
        action_scale_m: displacement of a full action.
        config: settings.
    """

    def __init__(
        self, task: InsertionTask, action_scale_m: float, config: ExpertConfig | None = None
    ) -> None:
        self.config = config or ExpertConfig()
        self._goal = np.array(task.goal)
        self._mouth_m = task.mouth_height_m
        self._scale_m = action_scale_m
        self.reset(np.random.default_rng(0))

    def reset(self, rng: np.random.Generator, plug_offset_m: npt.ArrayLike = (0.0, 0.0)) -> None:
        """Start an episode.

        Args:
            rng: the only source of chance.
            plug_offset_m: (2,) where the plug sits in the fingers, x and y in frame `base`, as
                somebody who looks at it would see.
        """
        self._rng = rng
        self._aim_m: Vector = -np.asarray(plug_offset_m, dtype=np.float64)
        self._lowest_m = np.inf
        self._stuck = self._backing = 0
        self._offset_m: Vector = np.zeros(2)

    def action(self, ee_position_m: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """(3,) action in [-1, 1] at the measured position, (3,) m."""
        config = self.config
        error = np.asarray(ee_position_m, dtype=np.float64) - self._goal
        above_m = float(error[2]) - self._mouth_m
        near = above_m < config.near_m
        down_m = self._down(error, above_m, near=near)
        sideways = -config.lateral_gain * (error[:2] - self._aim_m - self._offset_m)
        wanted_m = np.array([sideways[0], sideways[1], -down_m])
        spread_m = (
            np.full(3, config.near_noise_m) if near else np.array(config.far_noise) * self._scale_m
        )
        wanted_m += spread_m * self._rng.standard_normal(3)
        return np.clip(wanted_m / self._scale_m, -1.0, 1.0).astype(np.float32)

    def _down(self, error: Vector, above_m: float, *, near: bool) -> float:
        config = self.config
        if not near:
            sideways_m = float(np.hypot(*(error[:2] - self._aim_m)))
            if sideways_m > config.aligned_m:
                return min(self._scale_m, above_m - config.near_m)
            return self._scale_m
        self._notice(float(error[2]))
        if self._backing:
            self._backing -= 1
            return -config.back_off_m
        return min(self._scale_m, config.press_step_m)

    def _notice(self, height_m: float) -> None:
        """Count the steps without way down; after some of them back off and try beside."""
        if height_m < self._lowest_m - 2e-4:  # ours: less is noise
            self._lowest_m, self._stuck = height_m, 0
        else:
            self._stuck += 1
        if self._stuck >= self.config.stuck_steps and not self._backing:
            self._backing, self._stuck, self._lowest_m = self.config.back_off_steps, 0, np.inf
            self._offset_m = self._rng.uniform(-self.config.retry_m, self.config.retry_m, 2)
