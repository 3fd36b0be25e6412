"""Returns over several steps, as transitions that any one-step learner can take."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ConfigError
from sawyer_policies.learners import ReplayBuffer
from sawyer_policies.observations import Encoded


class NStepStore:
    """Stores ``(s_t, u_t, sum_k gamma^k r_{t+k}, s_{t+m})`` with m steps in between, m <= n.

    A learner's target is ``r + gamma (1 - d) V(s')``; with ``d = 1 - gamma^(m-1)`` it becomes
    the return over m steps with ``gamma^m V(s_{t+m})`` at its end. At the end of an episode m
    shrinks to what is left, so every step is stored once.

    Args:
        replay: takes the transitions.
        n: steps of a return; 1 stores plain transitions.
        gamma: discount of the learner.
    """

    def __init__(self, replay: ReplayBuffer, n: int, gamma: float) -> None:
        if n < 1:
            raise ConfigError("n_step", n, "1 or more")
        self._replay = replay
        self._n = n
        self._gamma = gamma
        self._waiting: deque[tuple[Encoded, npt.NDArray[np.float32], float]] = deque()

    def add(
        self,
        seen: Encoded,
        action: npt.NDArray[np.float32],
        reward: float,
        following: Encoded,
        terminal: bool,
    ) -> None:
        """Take one step; what it completes is stored."""
        self._waiting.append((seen, action, reward))
        if terminal:
            self._empty(following, terminal=True)
        elif len(self._waiting) == self._n:
            self._emit(following, terminal=False)

    def cut(self, following: Encoded) -> None:
        """The episode's time is up at ``following``, or its steps: store what is left."""
        self._empty(following, terminal=False)

    def _empty(self, following: Encoded, *, terminal: bool) -> None:
        while self._waiting:
            self._emit(following, terminal=terminal)

    def _emit(self, following: Encoded, *, terminal: bool) -> None:
        steps = len(self._waiting)
        rewards = [reward for _, _, reward in self._waiting]
        total = sum(self._gamma**k * reward for k, reward in enumerate(rewards))
        seen, action, _ = self._waiting.popleft()
        end = 1.0 if terminal else 1.0 - self._gamma ** (steps - 1)
        self._replay.add(seen, action, total, following, end)
