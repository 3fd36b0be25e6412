"""Reward and terminal flag as they are stored, for every way of training."""

from __future__ import annotations

from sawyer_controllers.episode import StopReason
from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.environment import Outcome


def stored_reward(
    config: TrainingConfig, reward: float, *, ended: bool, stopped: bool = False
) -> float:
    """Reward that the learner sees.

    An end is a state that goes on for ever: it gets the sum of its reward, r / (1 - gamma), and
    no bootstrap, so that a stop is not attractive where rewards are negative.

    Args:
        config: of the run.
        reward: of the environment.
        ended: the episode ended here for good.
        stopped: by a safety stop, which costs extra.
    """
    penalty = config.stop_penalty if ended and stopped else 0.0
    scaled = (reward + config.reward_offset - penalty) * config.reward_scale
    if ended and config.absorbing_terminals:
        scaled /= 1.0 - config.learner.gamma
    return scaled


def transition_end(config: TrainingConfig, reward: float, outcome: Outcome) -> tuple[float, bool]:
    """Reward and terminal flag to store.

    Where only the time is up, or the episode does not count, the return goes on beyond.
    """
    result = outcome.info.get("result", {})
    ended = outcome.ended and bool(result.get("valid", True))
    stopped = result.get("reason") == StopReason.SAFETY_STOP.value
    return stored_reward(config, reward, ended=ended, stopped=stopped), ended
