"""Steps into the replay buffer: rewards as the learner sees them, copies, returns over steps."""

from __future__ import annotations

from sawyer_policies.learners import ReplayBuffer
from sawyer_policies.observations import Encoded
from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.copies import Step, make_copies
from sawyer_policies.training.environment import Outcome, TrainingEnvironment
from sawyer_policies.training.n_step import NStepStore
from sawyer_policies.training.rewarding import action_cost, transition_end


class StepStore:
    """Stores each step of a run with the copies it stands for.

    Args:
        config: of the run.
        environment: its encoder, nominal goal and base controller.
        replay: takes the transitions.
    """

    def __init__(
        self, config: TrainingConfig, environment: TrainingEnvironment, replay: ReplayBuffer
    ) -> None:
        self._config = config
        self._encode = environment.encoder.encode
        self._returns = NStepStore(replay, config.n_step, config.learner.gamma)
        nominal = environment.observation.position_reference_m
        self._copies = make_copies(config, nominal, environment.base)

    def add(
        self, step: Step, outcome: Outcome, encoded: tuple[Encoded, Encoded], number: int
    ) -> None:
        """Store a step: the policy's own action, never the sum with the base's.

        One that a hold took the place of teaches nothing, and no return goes on across it.

        Args:
            step: what was seen, done and seen next.
            outcome: the same step, with its reward and end.
            encoded: network inputs before and after.
            number: of the step within the run.
        """
        if outcome.info.get("held"):
            self.cut(encoded[0])
            return
        self._add(step, outcome, *encoded)
        for copy in self._copies(step, number):
            self._add(copy, outcome, self._encode(copy.seen), self._encode(copy.following))

    def cut(self, seen: Encoded) -> None:
        """Nothing follows on ``seen``: store what waits for its return."""
        self._returns.cut(seen)

    def _add(self, step: Step, outcome: Outcome, seen: Encoded, following: Encoded) -> None:
        reward, terminal = transition_end(self._config, outcome.reward, outcome)
        reward -= action_cost(self._config, step.action)
        self._returns.add(seen, step.action, reward, following, terminal)
