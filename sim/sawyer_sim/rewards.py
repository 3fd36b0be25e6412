"""Rewards of thesis chapter 9 that need no image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sawyer_core.tasks import InsertionTask
from sawyer_sim.session import InsertionSession

REWARDS = ("sparse", "dense")

ALPHA, BETA, PHI = 100.0, 0.002, 0.1  # eq. (48)
EPSILON_M = 1e-3  # 0 < epsilon << 1 in the thesis; residual_insertion_daib B.2.3: 1e-3
INSERTED_BELOW_MOUTH_M = 0.010  # residual_insertion_daib B.2.3

Reward = Callable[[InsertionSession], float]


def sparse_reward(session: InsertionSession) -> float:
    """Eq. (47): 1 while the insertion signal is detected, else 0."""
    return 1.0 if session.insertion.inserted else 0.0


def dense_reward(task: InsertionTask) -> Reward:
    """Eq. (48) with the sign of its middle term reconstructed (residual_insertion_daib B.2.3).

    r = -alpha |x - x*|_1 + beta / (|x - x*|_2 + epsilon) - phi f_z; once inserted, phi flips.
    """
    flip_m = min(INSERTED_BELOW_MOUTH_M, 0.8 * task.insertion_depth_m)

    def reward(session: InsertionSession) -> float:
        seen = session.policy_input()
        error = seen.ee_position_m - seen.goal_position_m
        depth_m = task.mouth_height_m - float(error[2])
        phi = -PHI if depth_m > flip_m else PHI
        distance = float(np.linalg.norm(error)) + EPSILON_M
        return float(-ALPHA * np.abs(error).sum() + BETA / distance - phi * seen.force_n[2])

    return reward


def make_reward(name: str, task: InsertionTask) -> Reward:
    """Reward by name."""
    return sparse_reward if name == "sparse" else dense_reward(task)
