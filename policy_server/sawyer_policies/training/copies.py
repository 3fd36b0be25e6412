"""Further transitions that one step stands for: what the robot did, told in other words (ours).

A step costs robot time, so each one is stored together with what follows from it by arithmetic
alone. Under another goal the same command leads to the same state and reward, exactly. A mirror
shows what the blocks would do; the arm is not the same on both sides, its speed limits bind at
other poses: in quick free moves it is up to 3 mm elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sawyer_controllers.blocks.sensing import block_rows
from sawyer_controllers.p_controller import PController
from sawyer_core.types import Array
from sawyer_policies.training.config import TrainingConfig

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
SIGNS = ((-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0))
"""Of x and y in a mirror: left and right change places, front and back do, both do."""


@dataclass(frozen=True, eq=False)
class Step:
    """What was seen, done and seen next.

    Attributes:
        seen, following: named arrays before and after.
        action: (3,) float32 in [-1, 1], the policy's own.
    """

    seen: Arrays
    action: npt.NDArray[np.float32]
    following: Arrays


Copies: TypeAlias = Callable[[Step, int], Iterator[Step]]
"""Copies of a step; its number within the run is what chance depends on."""


def make_copies(
    config: TrainingConfig, nominal_goal_m: npt.ArrayLike, base: PController
) -> Copies:
    """The copies that a run makes.

    Args:
        config: of the run.
        nominal_goal_m: (3,) m, the middle of the goal noise.
        base: the base controller of the environment.
    """
    if config.goal_copies:
        return GoalCopies(config, nominal_goal_m, base)
    if config.mirror_copies:
        return mirrored
    return lambda step, number: iter(())


class GoalCopies:
    """The same command, shared otherwise between base controller and policy.

    Had the commanded goal been another, the base controller would have asked for something else;
    with the correction that makes up for it the arm would have done the same. Goals are drawn from
    the noise of the training as far as the correction stays within [-1, 1].
    """

    def __init__(
        self, config: TrainingConfig, nominal_goal_m: npt.ArrayLike, base: PController
    ) -> None:
        self._seed, self._count = config.seed, config.goal_copies
        self._scale_m = config.action_scale_m
        self._base = base
        nominal = np.asarray(nominal_goal_m, dtype=np.float64)
        noise = np.array([1e-3, 1e-3, 0.0]) * config.noise_mm
        self._low, self._high = nominal - noise, nominal + noise

    def __call__(self, step: Step, number: int) -> Iterator[Step]:
        """Copies of ``step``, a function of seed and number alone."""
        rng = np.random.default_rng([self._seed, number, 2])  # 2: apart from the other chance
        goal = np.asarray(step.seen["goal_position"], dtype=np.float64)
        action = step.action.astype(np.float64)
        reach = self._scale_m / np.maximum(self._base.config.gains, 1e-9)
        low = np.minimum(goal, np.maximum(self._low, goal - (1.0 - action) * reach))
        high = np.maximum(goal, np.minimum(self._high, goal + (1.0 + action) * reach))
        x = step.seen["ee_position"]
        asked = self._base.action(x, goal)
        for _ in range(self._count):
            other = rng.uniform(low, high)
            changed = action + (asked - self._base.action(x, other)) / self._scale_m
            yield Step(
                {**step.seen, "goal_position": other},
                np.clip(changed, -1.0, 1.0).astype(np.float32),
                {**step.following, "goal_position": other},
            )


def mirrored(step: Step, number: int) -> Iterator[Step]:
    """The block assembly as three mirrors show it; nearly what the arm would have done.

    Args:
        step: has ``ee_position``, ``goal_position`` (3,) m, ``force`` (3,) N and
            ``object_state`` (10,).
        number: unused, there is no chance in it.
    """
    del number
    for x, y in SIGNS:
        sign = np.array([x, y, 1.0])
        action = (step.action * sign).astype(np.float32)
        yield Step(_mirror(step.seen, sign), action, _mirror(step.following, sign))


def _mirror(arrays: Arrays, sign: Array) -> Arrays:
    goal = np.asarray(arrays["goal_position"], dtype=np.float64)
    offset = np.asarray(arrays["ee_position"], dtype=np.float64) - goal
    rows = block_rows(arrays["object_state"])
    if sign[0] < 0.0:
        rows = rows[::-1]
    handed = np.array([*sign, sign[0] * sign[1], 1.0])  # position, yaw, tilt
    return {
        **arrays,
        "ee_position": goal + sign * offset,
        "force": sign * np.asarray(arrays["force"], dtype=np.float64),
        "object_state": (rows * handed).reshape(-1),
    }
