"""Rewards of thesis chapter 9, the same in the training environment and the episode manager."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError, ShapeError, UnknownNameError
from sawyer_core.pictures import read_pgm
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import Array, Image, frozen_vector

REWARDS = ("sparse", "dense", "image")


@dataclass(frozen=True)
class RewardConfig:
    """Numbers of the rewards."""

    alpha: float = setting(100.0, bounds=(0.0, 1e4), doc="weight of the L1 distance",
                           source="thesis chapter 9, eq. (48)")  # fmt: skip
    beta: float = setting(0.002, bounds=(0.0, 10.0), doc="weight of the inverse distance",
                          source="thesis chapter 9, eq. (48)")  # fmt: skip
    phi: float = setting(0.1, bounds=(0.0, 10.0), doc="weight of the vertical force",
                         source="thesis chapter 9, eq. (48)")  # fmt: skip
    epsilon_m: float = setting(
        1e-3,
        unit="m",
        bounds=(1e-9, 1.0),
        doc="keeps the inverse distance finite",
        source="thesis chapter 9: small; residual_insertion_daib B.2.3: 1e-3",
    )
    middle_sign: float = setting(
        1.0,
        choices=(1.0, -1.0),
        doc="sign of the inverse-distance term: +1 as reconstructed, -1 as printed",
        source="residual_insertion_daib B.2.3",
    )
    inserted_below_mouth_m: float = setting(
        0.010,
        unit="m",
        bounds=(0.0, 0.1),
        doc="depth below the mouth from which phi changes its sign; at most 0.8 of the "
        "connector's depth (ours)",
        source="residual_insertion_daib B.2.3: socket mouth - 10 mm",
    )

    match_brightness: bool = setting(
        True,
        doc="image reward: bring the picture to the goal image's mean first (ours), so that the "
        "light of the day does not outweigh the distance",
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, eq=False)
class RewardInput:
    """What a reward is computed from: the state after the action.

    Attributes:
        ee_position_m: (3,) measured end-effector position, frame `base`.
        force_n: (3,) bias-free force on the plug; z > 0: the socket pushes up.
        inserted: the insertion sensor's signal.
        image: (32, 32) uint8 gray view, None where the reward needs none.
    """

    ee_position_m: Array
    force_n: Array
    inserted: bool
    image: Image | None = None

    def __post_init__(self) -> None:
        for name in ("ee_position_m", "force_n"):
            object.__setattr__(self, name, frozen_vector(name, getattr(self, name), 3))


Reward: TypeAlias = Callable[[RewardInput], float]


def needs_image(name: str) -> bool:
    """Whether the reward reads the picture."""
    _check(name)
    return name == "image"


def make_reward(
    name: str,
    task: InsertionTask,
    *,
    config: RewardConfig | None = None,
    goal_image: Image | None = None,
) -> Reward:
    """Reward by name.

    Args:
        name: ``sparse`` (eq. 47), ``dense`` (eq. 48) or ``image`` (L1 to the goal image).
        task: the insertion task; its true goal, not the perturbed one, is x*.
        config: weights.
        goal_image: (32, 32) uint8 view of the seated plug, by default the task's own file.

    Raises:
        UnknownNameError: no such reward.
        ConfigError: the image reward has no goal image.
    """
    _check(name)
    config = config or RewardConfig()
    if name == "sparse":
        return sparse_reward
    if name == "dense":
        return _Dense(task, config)
    if goal_image is None:
        if not task.goal_image_file:
            raise ConfigError("task.goal_image_file", "", "a goal image for the image reward")
        goal_image = read_pgm(Path(task.goal_image_file))
    return _ImageDistance(goal_image, match_brightness=config.match_brightness)


def sparse_reward(seen: RewardInput) -> float:
    """Eq. (47): 1 while the insertion signal is detected, else 0."""
    return 1.0 if seen.inserted else 0.0


class _Dense:
    """Eq. (48) with the sign of its middle term reconstructed.

    r = -alpha |x - x*|_1 + beta / (|x - x*|_2 + epsilon) - phi f_z; once inserted, phi flips.
    """

    def __init__(self, task: InsertionTask, config: RewardConfig) -> None:
        self._goal = task.goal
        self._mouth_m = task.mouth_height_m
        self._flip_m = min(config.inserted_below_mouth_m, 0.8 * task.insertion_depth_m)
        self._config = config

    def __call__(self, seen: RewardInput) -> float:
        config = self._config
        error = seen.ee_position_m - self._goal
        depth_m = self._mouth_m - float(error[2])
        phi = -config.phi if depth_m > self._flip_m else config.phi
        near = config.beta / (float(np.linalg.norm(error)) + config.epsilon_m)
        far = config.alpha * float(np.abs(error).sum())
        return float(-far + config.middle_sign * near - phi * seen.force_n[2])


class _ImageDistance:
    """Minus the sum over pixels of |I - I*|, pixels in [0, 1] (thesis 9.3.2, visual setting)."""

    def __init__(self, goal: Image, *, match_brightness: bool) -> None:
        if goal.ndim != 2 or goal.dtype != np.uint8:
            raise ShapeError("goal_image", (goal.shape, str(goal.dtype)), "(H, W) uint8")
        self._goal = goal.astype(np.float64)
        self._mean = float(self._goal.mean()) if match_brightness else 0.0

    def __call__(self, seen: RewardInput) -> float:
        if seen.image is None or seen.image.shape != self._goal.shape:
            shape = None if seen.image is None else seen.image.shape
            raise ShapeError("image", shape, self._goal.shape)
        image = seen.image.astype(np.float64)
        if self._mean > 0.0:
            image *= self._mean / max(float(image.mean()), 1.0)
        return -float(np.abs(image - self._goal).sum()) / 255.0


def _check(name: str) -> None:
    if name not in REWARDS:
        raise UnknownNameError("reward", name, REWARDS)
