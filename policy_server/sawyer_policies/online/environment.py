"""An environment whose episodes were run elsewhere, for the loop that trains in process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from sawyer_controllers.p_controller import PController
from sawyer_core.errors import RecordingError
from sawyer_policies.observations import ObservationConfig
from sawyer_policies.online.transitions import RecordedEpisode, StepRecord
from sawyer_policies.training.environment import Arrays, Outcome, TrainingEnvironment


class RecordedEnvironment(TrainingEnvironment):
    """Plays back episodes in order; a reset waits for the next one.

    Args:
        observation: what the policy sees.
        wait_for: gives the episode of a number once it is there; may raise to end the waiting.
        base: the base controller of the episodes, by default that of eq. (50).
    """

    def __init__(
        self,
        observation: ObservationConfig,
        wait_for: Callable[[int], RecordedEpisode],
        base: PController | None = None,
    ) -> None:
        super().__init__(None, observation, base)
        self._wait_for = wait_for
        self._episode: RecordedEpisode | None = None
        self._step = 0
        self.next_episode = 0

    def reset(self, seed: int) -> Arrays:
        """Begin the next episode; it was run with its own seed."""
        del seed
        self._episode = self._wait_for(self.next_episode)
        self.next_episode += 1
        self._step = 0
        return dict(self._record.seen)

    @property
    def _record(self) -> StepRecord:
        if self._episode is None or self._step >= len(self._episode.steps):
            raise RecordingError("the recorded episode has no further step")
        return self._episode.steps[self._step]

    @property
    def action(self) -> npt.NDArray[np.float32]:
        """(3,) in [-1, 1]: what the policy did next."""
        return self._record.action

    def step(self, action: npt.NDArray[np.float32]) -> Outcome:
        """What the recorded action led to; another one cannot be tried."""
        record = self._record
        if not np.array_equal(action, record.action):
            raise RecordingError(f"{action.tolist()} is not the action of step {record.step}")
        info: dict[str, Any] = {"held": record.held}
        self._step += 1
        if self._episode is not None and self._step == len(self._episode.steps):
            info["result"] = dict(self._episode.end.result)
        return Outcome(dict(record.after), record.reward, record.terminal, record.truncated, info)

    def close(self) -> None:
        """Nothing to release."""
