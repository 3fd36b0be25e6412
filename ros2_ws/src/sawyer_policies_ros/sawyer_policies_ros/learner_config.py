"""Settings of the learner node and the training config that follows from them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sawyer_core import ConfigError, setting, validate
from sawyer_core.config import value_of

if TYPE_CHECKING:
    from sawyer_policies.training.config import TrainingConfig

CHECKPOINT_EVERY_STEPS = 250  # ours: what a crash makes it learn once more


@dataclass(frozen=True)
class LearnerNodeConfig:
    """What is learned where; names that do not exist are refused with the choices."""

    task_file: str = setting(doc="YAML file of the insertion task; comes with the connector")
    connector: str = setting("usb", doc="connector to insert")
    algorithm: str = setting("sac", doc="learner: sac or td3")
    reward: str = setting("dense", doc="reward the episode manager gives")
    observation: str = setting("", doc="preset of what the policy sees; empty: by the reward")
    base_controller: str = setting(
        "p_controller", doc="p_controller: residual; none: the policy acts alone"
    )
    noise_mm: float = setting(
        1.0, unit="mm", bounds=(0.0, 10.0), doc="half width of the uniform goal noise in x and y"
    )
    steps: int = setting(
        8000,
        bounds=(1, 10_000_000),
        doc="environment steps",
        source="thesis chapter 8: 8000 samples on the robot",
    )
    seed: int = setting(0, bounds=(0, 20_000), doc="seed of everything")
    horizon: int = setting(
        0, bounds=(0, 100_000), doc="control periods of an episode; 0: the training's default"
    )
    clock: str = setting(
        "lockstep",
        choices=("lockstep", "realtime"),
        doc="lockstep: the next episode waits for the updates of the one before",
    )
    settings: str = setting(
        "", doc="further settings of the training, 'key=value key=value', e.g. learner.actor_lr"
    )
    output_dir: str = setting("runs/latest", doc="folder of the run; an old one is gone on with")
    max_backlog: int = setting(
        2, bounds=(1, 1000), doc="realtime: episodes that may wait to be learned from"
    )
    state_period_s: float = setting(
        0.25, unit="s", bounds=(0.05, 10.0), doc="period of learner/state, wall clock"
    )
    settle_s: float = setting(
        1.0,
        unit="s",
        bounds=(0.0, 60.0),
        doc="time for the steps kept by the episode manager to arrive, before the first episode",
    )
    missing_steps_timeout_s: float = setting(
        5.0,
        unit="s",
        bounds=(0.1, 600.0),
        doc="longest wait for the last steps of an ended episode, wall clock",
    )

    def __post_init__(self) -> None:
        validate(self)


def training_values(config: LearnerNodeConfig) -> dict[str, Any]:
    """The node's settings as a mapping for the training config.

    Raises:
        ConfigError: a word of ``settings`` is not ``key=value``.
    """
    values: dict[str, Any] = {
        "connector": config.connector,
        "algorithm": config.algorithm,
        "reward": config.reward,
        "base_controller": config.base_controller,
        "noise_mm": config.noise_mm,
        "steps": config.steps,
        "seed": config.seed,
        "checkpoint_every_steps": CHECKPOINT_EVERY_STEPS,
    }
    if config.observation:
        values["observation"] = config.observation
    if config.horizon:
        values["horizon"] = config.horizon
    for word in shlex.split(config.settings):
        try:
            key, value = value_of(word)
        except ConfigError as error:
            raise ConfigError("settings", word, error.allowed) from error
        if key in values and key != "checkpoint_every_steps":
            raise ConfigError("settings", word, f"other keys: {key} is a setting of its own")
        values[key] = value
    return values


def training_config_of(config: LearnerNodeConfig) -> TrainingConfig:
    """The training config; loads the learners' settings, not torch.

    Raises:
        ConfigError, UnknownNameError: names the field, the value and what is allowed.
    """
    from sawyer_policies.training.config import training_config

    return training_config(training_values(config))
