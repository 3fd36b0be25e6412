"""Reward and terminal flag as they are stored, for every way of training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sawyer_controllers.episode import StopReason
from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.environment import Outcome


def stored_reward(
    config: TrainingConfig,
    reward: float,
    *,
    ended: bool,
    success: bool = False,
    stopped: bool = False,
) -> float:
    """Reward that the learner sees.

    An end is a state that goes on for ever: it gets the sum of its reward, r / (1 - gamma), and
    no bootstrap, so that a stop is not attractive where rewards are negative.

    Args:
        config: of the run.
        reward: of the environment.
        ended: the episode ended here for good.
        success: with the plug in, which pays extra.
        stopped: by a safety stop, which costs extra.
    """
    if ended and success:
        reward += config.success_bonus
    if ended and stopped:
        reward -= config.stop_penalty
    scaled = (reward + config.reward_offset) * config.reward_scale
    if ended and config.absorbing_terminals:
        scaled /= 1.0 - config.learner.gamma
    return scaled


def action_cost(config: TrainingConfig, action: npt.NDArray[np.float32]) -> float:
    """What an action costs, (3,) in [-1, 1]: subtracted from the stored reward."""
    return config.action_penalty * float(np.square(action).mean())


def transition_end(config: TrainingConfig, reward: float, outcome: Outcome) -> tuple[float, bool]:
    """Reward and terminal flag to store.

    Where only the time is up, or the episode does not count, the return goes on beyond.
    """
    result = outcome.info.get("result", {})
    ended = outcome.ended and bool(result.get("valid", True))
    stopped = result.get("reason") == StopReason.SAFETY_STOP.value
    success = bool(result.get("success", False))
    stored = stored_reward(config, reward, ended=ended, success=success, stopped=stopped)
    return stored, ended
