"""A fake of the insertion environment and tiny runs, for tests of training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sawyer_policies.observations import preset
from sawyer_policies.training.config import TrainingConfig, training_config
from sawyer_policies.training.environment import Arrays, TrainingEnvironment

GOAL = np.array([0.5, 0.16, 0.1])


class PointEnv:
    """Named observations of the insertion environment; success within 1 mm of the goal."""

    def __init__(self, config: TrainingConfig, *, stop_at: int | None = None) -> None:
        self._config = config
        self._stop_at = stop_at
        self.seeds: list[int] = []
        self.actions: list[npt.NDArray[Any]] = []

    def reset(self, *, seed: int) -> tuple[Arrays, dict[str, Any]]:
        """Begin the episode of ``seed``, up to 4 mm off in each direction."""
        self.seeds.append(seed)
        self._rng = np.random.default_rng(seed)
        self._x = GOAL + self._rng.uniform(-0.004, 0.004, 3)
        self._step = 0
        return self._seen(), {}

    def step(self, action: npt.NDArray[Any]) -> tuple[Arrays, float, bool, bool, dict[str, Any]]:
        """Move; the reward is minus the distance in centimetres."""
        self.actions.append(np.array(action))
        error = self._x - GOAL
        if self._config.base_controller == "p_controller":
            self._x = self._x - 0.3 * error
        self._x = self._x + action * self._config.action_scale_m
        self._step += 1
        distance = float(np.linalg.norm(self._x - GOAL))
        success = distance < 0.001
        stopped = self._step == self._stop_at
        ended = success or stopped
        cut = not ended and self._step >= self._config.horizon
        info: dict[str, Any] = {"success": success}
        if ended or cut:
            reason = "success" if success else "safety_stop" if stopped else "horizon"
            info["result"] = {
                "success": success,
                "valid": True,
                "reason": reason,
                "final_distance_m": distance,
                "peak_force_n": 1.0,
            }
        return self._seen(), -100.0 * distance, ended, cut, info

    def close(self) -> None:
        """Nothing to release."""

    def _seen(self) -> Arrays:
        image = np.full((32, 32), int(1e4 * abs(self._x[2] - GOAL[2])) % 256, dtype=np.uint8)
        return {
            "ee_position": self._x.copy(),
            "goal_position": GOAL.copy(),
            "force": np.zeros(3),
            "image": image,
        }


def tiny(**changes: Any) -> TrainingConfig:
    """A run that takes a fraction of a second."""
    return training_config(
        {
            "steps": 130,
            "horizon": 20,
            "observation": "state",
            "critic_observation": "",
            "updates_per_step": 1,
            "warmup_steps": 30,
            "warmup_action": "policy",
            "noise_hold_steps": 1,
            "sampling": "deterministic" if changes.get("algorithm") == "td3" else "stochastic",
            "learning_starts": 20,
            "checkpoint_every_steps": 25,
            "reward_scale": 1.0,
            "stop_penalty": 0.0,
            "action_penalty": 0.0,
            "learner.hidden": [16, 16],
            "learner.batch_size": 16,
            "learner.gamma": 0.98,
            **changes,
        }
    )


def make_point(config: TrainingConfig) -> TrainingEnvironment:
    """The fake, as the loop takes it."""
    observation = preset(config.observation, GOAL, critic=config.critic_observation)
    return TrainingEnvironment(PointEnv(config), observation)


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch with one thread; several wait for each other where cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
