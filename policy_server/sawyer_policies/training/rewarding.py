"""Reward and terminal flag as they are stored, for every way of training."""

from __future__ import annotations

from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.environment import Outcome


def stored_reward(config: TrainingConfig, reward: float, *, ended: bool) -> float:
    """Reward that the learner sees.

    An end is a state that goes on for ever: it gets the sum of its reward, r / (1 - gamma), and
    no bootstrap, so that a stop is not attractive where rewards are negative.
    """
    scaled = reward * config.reward_scale
    if ended and config.absorbing_terminals:
        scaled /= 1.0 - config.learner.gamma
    return scaled


def transition_end(config: TrainingConfig, reward: float, outcome: Outcome) -> tuple[float, bool]:
    """Reward and terminal flag to store.

    Where only the time is up, or the episode does not count, the return goes on beyond.
    """
    counts = bool(outcome.info.get("result", {}).get("valid", True))
    ended = outcome.ended and counts
    return stored_reward(config, reward, ended=ended), ended
