"""How a run explores: actions before the policy acts, and noise that leads somewhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sawyer_policies.held_noise import HeldNoise
from sawyer_policies.training.config import TrainingConfig

HELD_STEPS = 6  # ours: long enough to reach the offset that a base controller balances


def held_action(seed: int, env_step: int) -> npt.NDArray[np.float32]:
    """(3,) full action along one axis, either way, the same for ``HELD_STEPS`` steps.

    The random process of algorithm 6 of the thesis. It is a function of its arguments alone, so
    that a run that is resumed draws the same.
    """
    rng = np.random.default_rng([seed, env_step // HELD_STEPS])
    action = np.zeros(3, dtype=np.float32)
    action[int(rng.integers(3))] = 1.0 if rng.random() < 0.5 else -1.0
    return action


def push_action(seed: int, episode: int, step: int, hold_steps: int) -> npt.NDArray[np.float32]:
    """(3,) full action along one axis, either way, for the first steps of an episode; then none.

    The base controller finishes what the push began (ours). How long it lasts is drawn from 1 to
    twice ``hold_steps``; a function of its arguments alone, like :func:`held_action`.
    """
    rng = np.random.default_rng([seed, episode, 1])
    axis, sign = int(rng.integers(3)), 1.0 if rng.random() < 0.5 else -1.0
    action = np.zeros(3, dtype=np.float32)
    if step < int(rng.integers(1, 2 * hold_steps + 1)):
        action[axis] = sign
    return action


class Exploration:
    """Actions of the warm-up, and the noise of the policy's.

    Args:
        config: of the run.
        rng: where noise and uniform actions come from.

    Attributes:
        noise: of an exploring policy.
    """

    def __init__(self, config: TrainingConfig, rng: np.random.Generator) -> None:
        self._config = config
        self._episode = self._step = 0
        self.noise = HeldNoise(rng, config.noise_hold_steps)

    def restart(self, episode: int) -> None:
        """An episode begins."""
        self._episode, self._step = episode, 0
        self.noise.restart()

    def warm_up(self, env_step: int) -> npt.NDArray[np.float32] | None:
        """(3,) action of the next step while the critics warm up; None: the policy's."""
        config, step = self._config, self._step
        self._step += 1
        if config.warmup_action == "zero":
            return np.zeros(3, dtype=np.float32)
        if config.warmup_action == "uniform":
            return self.noise.uniform(3).astype(np.float32)
        if config.warmup_action == "held":
            return held_action(config.seed, env_step)
        if config.warmup_action == "push":
            return push_action(config.seed, self._episode, step, config.noise_hold_steps)
        return None
