"""Reward of the block assembly, eq. (44): r = f(s_m) + g(s_o).

f brings the end effector to the goal, g keeps the standing blocks upright and in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_controllers.blocks.sensing import block_rows
from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_core.tasks import InsertionTask

BLOCKS_REWARDS = ("blocks", "blocks_tilt")


@dataclass(frozen=True)
class BlocksRewardConfig:
    """Weights of eq. (44), per metre and per radian; the thesis gives none."""

    distance_weight_per_m: float = setting(
        2.0,
        unit="1/m",
        bounds=(0.0, 1e3),
        doc="f: distance of the end effector from the goal; A.2 of residual_insertion_daib "
        "proposes 1, but 2 makes the way down worth more than what a nudge may cost (ours)",
    )
    near_weight: float = setting(
        0.05,
        bounds=(0.0, 1e3),
        doc="f: further cost, rising from 0 at the goal to this at near_m: the last millimetres "
        "decide (ours)",
    )
    near_m: float = setting(
        0.01, unit="m", bounds=(1e-4, 1.0), doc="distance from which near_weight is full (ours)"
    )
    tilt_weight_per_rad: float = setting(
        0.1,
        unit="1/rad",
        bounds=(0.0, 1e3),
        doc="g: lambda, tilt of each block",
        source="residual_insertion_daib A.2, proposed: 0.1",
    )
    shift_weight_per_m: float = setting(
        1.0,
        unit="1/m",
        bounds=(0.0, 1e3),
        doc="g: mu, distance of each block from its home",
        source="residual_insertion_daib A.2, proposed: 1",
    )
    yaw_weight_per_rad: float = setting(
        0.1,
        unit="1/rad",
        bounds=(0.0, 1e3),
        doc="g: kappa, yaw of each block from its home",
        source="residual_insertion_daib A.2, proposed: 0.1",
    )
    tilt_limit_rad: float = setting(
        0.5,
        unit="rad",
        bounds=(1e-3, 3.2),
        doc="no block is punished for more: a toppled one must not drown the rest (ours)",
    )
    shift_limit_m: float = setting(
        0.03, unit="m", bounds=(1e-4, 1.0), doc="the same for its distance from home (ours)"
    )
    yaw_limit_rad: float = setting(
        0.5, unit="rad", bounds=(1e-3, 3.2), doc="the same for its yaw (ours)"
    )
    scale: float = setting(
        20.0,
        bounds=(1e-3, 1e4),
        doc="factor on the whole, so that returns are of order ten (ours)",
    )

    def __post_init__(self) -> None:
        validate(self)


class BlocksReward:
    """r = scale * (f + g).

    f = -w |x - x*| - v min(|x - x*| / d, 1),
    g = -lambda sum |theta| - mu sum |X - X0| - kappa sum |phi|,
    sums over the left and the right standing block; each magnitude in g counts up to its limit.

    Args:
        goal_m: (3,) true goal of the end effector.
        config: weights.
    """

    def __init__(self, goal_m: npt.ArrayLike, config: BlocksRewardConfig | None = None) -> None:
        self.config = BlocksRewardConfig() if config is None else config
        self._goal = np.array(goal_m, dtype=np.float64)

    def __call__(self, ee_position_m: npt.ArrayLike, object_state: npt.ArrayLike | None) -> float:
        """Reward of one state.

        Args:
            ee_position_m: (3,) measured, frame `base`.
            object_state: (10,) standing blocks.

        Raises:
            ConfigError: there is no object state.
        """
        if object_state is None:
            raise ConfigError("object_state", None, "(10,) numbers from the object tracker")
        config, rows = self.config, block_rows(object_state)
        error = np.asarray(ee_position_m, dtype=np.float64) - self._goal
        distance = float(np.linalg.norm(error))
        f = -config.distance_weight_per_m * distance
        f -= config.near_weight * min(distance / config.near_m, 1.0)
        shift = np.linalg.norm(rows[:, :3], axis=1)
        g = -np.sum(
            config.tilt_weight_per_rad * np.minimum(np.abs(rows[:, 4]), config.tilt_limit_rad)
            + config.shift_weight_per_m * np.minimum(shift, config.shift_limit_m)
            + config.yaw_weight_per_rad * np.minimum(np.abs(rows[:, 3]), config.yaw_limit_rad)
        )
        return float(config.scale * (f + g))


def make_blocks_reward(
    name: str, task: InsertionTask, config: BlocksRewardConfig | None = None
) -> BlocksReward:
    """Reward by name: ``blocks`` (real arm, digest A.2) or ``blocks_tilt`` (its simpler form).

    Raises:
        UnknownNameError: lists the names.
        ConfigError: the task is no block assembly.
    """
    if name not in BLOCKS_REWARDS:
        raise UnknownNameError("reward", name, BLOCKS_REWARDS)
    if task.kind != "blocks":
        raise ConfigError("task.kind", task.kind, f"blocks, for the reward {name}")
    if config is None:
        config = BlocksRewardConfig()
        if name == "blocks_tilt":
            config = BlocksRewardConfig(shift_weight_per_m=0.0, yaw_weight_per_rad=0.0)
    return BlocksReward(task.goal, config)
