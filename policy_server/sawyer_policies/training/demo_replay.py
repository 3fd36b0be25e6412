"""Demonstrations as transitions for the learner."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_controllers.p_controller import PController
from sawyer_controllers.rewards import Reward, RewardInput, make_reward
from sawyer_core.errors import ConfigError
from sawyer_core.tasks import InsertionTask
from sawyer_datasets.demos import DemoEpisode, DemoSet, load_demos
from sawyer_policies.learners import ReplayBuffer
from sawyer_policies.observations import ObservationEncoder
from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.rewarding import action_cost, stored_reward

_EXACT = 1e-6  # ours: rounding of float32 actions at the bounds


@dataclass(frozen=True)
class DemoTransitions:
    """Demonstrated transitions, and what had to be left out.

    Attributes:
        replay: the transitions, with the policy's own actions.
        sha256: of the actions and positions, to know the set again.
        left_out: steps whose action is beyond what this policy may do.
    """

    replay: ReplayBuffer
    sha256: str
    left_out: int


def policy_actions(
    episode: DemoEpisode, demo_scale_m: float, config: TrainingConfig, task: InsertionTask
) -> npt.NDArray[np.float64]:
    """(T, 3) actions of the policy that is to be learned, in its units; they may exceed [-1, 1].

    With a base controller the policy has to add what is missing: a - pi_H(s)
    (residual_insertion_daib 5.4); without one it is a itself, at its own scale.
    """
    displacement_m = np.asarray(episode.arrays["action"], dtype=np.float64) * demo_scale_m
    if config.residual:
        base = PController.of_task(task)
        positions = episode.arrays["ee_position"][:-1]
        goals = episode.arrays["goal_position"][:-1]
        steps = [base.action(x, goal) for x, goal in zip(positions, goals, strict=True)]
        displacement_m = displacement_m - np.array(steps)
    scaled: npt.NDArray[np.float64] = displacement_m / config.action_scale_m
    return scaled


def load_transitions(
    config: TrainingConfig, task: InsertionTask, encoder: ObservationEncoder
) -> DemoTransitions:
    """The demonstrations that ``config.demos`` names, as the learner sees them.

    Raises:
        RecordingError, UnknownNameError: no such demonstrations, or damaged ones.
        ConfigError: none of their actions is within the policy's reach.
    """
    demos = load_demos(config.connector, config.demos)
    if demos.info.base_controller != "none":
        raise ConfigError("demos", demos.info.base_controller, "actions without a base (u_h = 0)")
    reward = make_reward(config.reward, task)
    replay = ReplayBuffer(demos.transitions, encoder.spaces, device=config.device)
    left_out = sum(
        _add(
            episode,
            policy_actions(episode, demos.info.action_scale_m, config, task),
            config,
            encoder,
            reward,
            replay,
        )
        for episode in demos.episodes
    )
    if len(replay) == 0:
        raise ConfigError(
            "action_scale_m", config.action_scale_m, "more: no demonstrated action is within reach"
        )
    return DemoTransitions(replay, _digest(demos), left_out)


def _add(
    episode: DemoEpisode,
    actions: npt.NDArray[np.float64],
    config: TrainingConfig,
    encoder: ObservationEncoder,
    reward: Reward,
    replay: ReplayBuffer,
) -> int:
    seen = [
        {name: rows[index] for name, rows in episode.arrays.items() if name != "action"}
        for index in range(episode.steps + 1)
    ]
    encoded = [encoder.encode(arrays) for arrays in seen]
    left_out = 0
    for step, action in enumerate(actions):
        if np.abs(action).max() > 1.0 + _EXACT:
            left_out += 1
            continue
        after = seen[step + 1]
        value = reward(
            RewardInput(
                after["ee_position"], after["force"], bool(after["inserted"]), after["image"]
            )
        )
        ended = episode.success and step + 1 == episode.steps
        stored = stored_reward(config, value, ended=ended, success=ended)
        clipped = np.clip(action, -1.0, 1.0).astype(np.float32)
        stored -= action_cost(config, clipped)
        replay.add(encoded[step], clipped, stored, encoded[step + 1], ended)
    return left_out


def _digest(demos: DemoSet) -> str:
    digest = hashlib.sha256()
    for episode in demos.episodes:
        for name in ("action", "ee_position", "force", "image"):
            digest.update(np.ascontiguousarray(episode.arrays[name]).tobytes())
    return digest.hexdigest()
