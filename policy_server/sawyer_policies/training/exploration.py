"""Actions before the policy acts: held for several steps, so that they lead somewhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
