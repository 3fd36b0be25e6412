"""What a learner can do, whatever its algorithm (no torch needed to read it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from sawyer_policies.held_noise import NormalSource
from sawyer_policies.learners.sac.config import SacConfig
from sawyer_policies.learners.td3.config import Td3Config
from sawyer_policies.observations import LearnerSpaces

if TYPE_CHECKING:
    from torch import Tensor

    from sawyer_policies.learners.batch import Batch
    from sawyer_policies.learners.replay import ReplayBuffer


class Learner(Protocol):
    """An off-policy learner; actions are the policy's own, in [-1, 1]."""

    spaces: LearnerSpaces
    updates: int
    actor_updates: int

    @property
    def config(self) -> SacConfig | Td3Config:
        """Settings it was made with."""

    def act(
        self,
        obs_batch: Mapping[str, npt.ArrayLike],
        *,
        deterministic: bool,
        rng: NormalSource,
    ) -> npt.NDArray[np.float32]:
        """Actions (B, action_dim); chance only from ``rng``."""

    def update(
        self, batch: Batch, *, demo: Batch | None = None, update_actor: bool = True
    ) -> dict[str, Any]:
        """One gradient step of everything; ``update_actor=False`` trains the critics alone."""

    def update_many(
        self,
        replay: ReplayBuffer,
        n: int,
        *,
        demo_replay: ReplayBuffer | None = None,
        update_actor: bool = True,
    ) -> dict[str, float]:
        """``n`` updates on batches it draws itself; mean metrics."""

    def represent(self, replay: ReplayBuffer, n: int) -> float:
        """``n`` steps that teach the actor's encoder what the critics see; the mean loss."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and JSON-able meta, enough to go on to the same curve."""

    def load_state(self, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
        """Take over a state."""

    def policy_network(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Architecture and weights of the actor with its encoder."""
