"""The training environment by Gymnasium id, and what the loop needs to know of it."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.envs.registration import load_env_creator

from sawyer_controllers.p_controller import PController
from sawyer_controllers.rewards import needs_image
from sawyer_core.errors import UnknownNameError
from sawyer_core.tasks import InsertionTask
from sawyer_policies.bundles import load_bundle
from sawyer_policies.observations import ObservationConfig, ObservationEncoder, preset
from sawyer_policies.registry import Policy, default_registry
from sawyer_policies.training.config import TrainingConfig

_SET_BY_CONFIG = (
    "observation", "base_controller", "action_scale_m", "reward", "horizon", "connector",
    "noise_mm", "with_image", "render_mode", "base_policy",
)  # fmt: skip

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Outcome:
    """What one step led to.

    Attributes:
        arrays: named observation arrays.
        reward: of the state reached.
        ended: success or safety stop: the state goes on for ever.
        cut: the time is up; the return goes on beyond.
        info: what the environment says; ``result`` at the end of an episode, ``held`` where
            something else than the action was done.
    """

    arrays: Arrays
    reward: float
    ended: bool
    cut: bool
    info: dict[str, Any]


class TrainingEnvironment:
    """An environment and the encoder of the policy's observation.

    Args:
        env: a Gymnasium environment with named observations.
        observation: what the policy sees.
        base: the base controller, by default that of eq. (50).

    Attributes:
        encoder: of the observation.
    """

    def __init__(
        self, env: Any, observation: ObservationConfig, base: PController | None = None
    ) -> None:
        self.env = env
        self.base = PController() if base is None else base
        self.observation = observation
        self.encoder = ObservationEncoder(observation)

    def reset(self, seed: int) -> Arrays:
        """Begin the episode of ``seed``."""
        arrays, _ = self.env.reset(seed=seed)
        return dict(arrays)

    def step(self, action: npt.NDArray[np.float32]) -> Outcome:
        """One control period with the policy's own action, (3,) in [-1, 1]."""
        arrays, reward, ended, cut, info = self.env.step(action)
        return Outcome(dict(arrays), float(reward), bool(ended), bool(cut), info)

    def close(self) -> None:
        """Release the environment."""
        self.env.close()


def environment_arguments(config: TrainingConfig) -> dict[str, Any]:
    """Keyword arguments of the environment."""
    arguments: dict[str, Any] = {
        "base_controller": config.base_controller,
        "action_scale_m": config.action_scale_m,
        "reward": config.reward,
        "horizon": config.horizon,
    }
    if config.task == "insertion":
        sees = ObservationEncoder(preset(config.observation)).needs_image
        arguments |= {
            "observation": "named",
            "connector": config.connector,
            "noise_mm": config.noise_mm,
            "with_image": sees or (needs_image(config.reward) and bool(config.demos)),
        }
    if config.base_policy:
        arguments["base_policy"] = frozen_policy(config.base_policy)
    return {**arguments, **config.env}


def frozen_policy(name: str) -> Policy:
    """A served policy by name, or the one in a bundle's folder.

    Raises:
        UnknownNameError, BundleError: there is none, or it is damaged.
    """
    if Path(name).is_dir():
        return load_bundle(name).make_policy()
    return default_registry().get(name).factory()


def make_environment(config: TrainingConfig) -> TrainingEnvironment:
    """The environment of a run; what it prints on the way goes to standard error.

    Raises:
        UnknownNameError, ConfigError: a name or value that the environment does not know.
    """
    arguments = environment_arguments(config)
    with _chatter_to_stderr():
        _check_arguments(config, arguments)
        env = gymnasium.make(config.choices.env_id, disable_env_checker=True, **arguments)
    return TrainingEnvironment(
        env,
        preset(config.observation, nominal_goal(env), critic=config.critic_observation),
        PController.of_task(own_task(env)),
    )


def _check_arguments(config: TrainingConfig, arguments: dict[str, Any]) -> None:
    """Refuse an argument that the environment does not have; it names those it has."""
    module, _, env_id = config.choices.env_id.rpartition(":")
    importlib.import_module(module)  # registers its environments
    entry = gymnasium.spec(env_id).entry_point
    if isinstance(entry, str):
        entry = load_env_creator(entry)
    known = [name for name in inspect.signature(entry).parameters if name != "self"]
    for name in arguments:
        if name not in known:
            options = [f"env.{item}" for item in known if item not in _SET_BY_CONFIG]
            raise UnknownNameError(f"option of {env_id}", f"env.{name}", options)


def insertion_task(env: Any) -> InsertionTask:
    """The task of an insertion environment, with its true goal."""
    task: InsertionTask = env.unwrapped.twin.task
    return task


def plug_offset_m(env: Any, ee_position_m: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(2,) m: where the plug sits in the fingers, x and y; the twin's truth, for demonstrators."""
    seen: npt.NDArray[np.float64] = env.unwrapped.twin.plug_state().lateral_m
    off = np.asarray(ee_position_m, dtype=np.float64)[:2] - insertion_task(env).goal[:2]
    offset: npt.NDArray[np.float64] = seen - off
    return offset


def own_task(env: Any) -> InsertionTask:
    """The task of an environment of any kind."""
    inner = env.unwrapped
    task: InsertionTask = inner.task if hasattr(inner, "task") else insertion_task(env)
    return task


def nominal_goal(env: Any) -> npt.NDArray[np.float64]:
    """(3,) m: the task's own goal, frame `base`."""
    return np.array(own_task(env).goal, dtype=np.float64)


@contextlib.contextmanager
def _chatter_to_stderr() -> Iterator[None]:
    """Physics engines print their build time through C's own buffer when they are loaded."""
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        ctypes.CDLL(None).fflush(None)
        os.dup2(saved, 1)
        os.close(saved)
