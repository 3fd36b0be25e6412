"""Settings of a training run, and which of them go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias

from sawyer_core.config import from_mapping, setting, validate
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_core.specs import BASE_CONTROLLERS
from sawyer_policies.learners import ALGORITHMS, SacConfig, Td3Config, config_class
from sawyer_policies.observations import PRESETS as OBSERVATIONS
from sawyer_policies.training.choices import CHOICES, TASKS, TaskChoices, combinations
from sawyer_policies.training.defaults import insertion_defaults

LearnerConfig: TypeAlias = SacConfig | Td3Config

MIRRORS = 3
"""Mirrored copies of a step: left and right, front and back, both."""
SHIPPED_DEMOS = "shipped"
"""Value of ``demos`` that names the demonstrations of this package."""

SEED_BASE = 1_000_000
SEED_STRIDE = 100_000
MAX_SEED = 20_000  # the largest episode seed stays below 2**31


@dataclass(frozen=True)
class TrainingSettings:
    """Every plain setting of a training run."""

    task: str = setting("insertion", choices=TASKS, doc="what is learned")
    connector: str = setting("usb", doc="connector of the insertion task")
    algorithm: str = setting("sac", doc="learner: " + ", ".join(ALGORITHMS))
    reward: str = setting("dense", doc="reward of the task")
    observation: str = setting("state", doc="preset of what the policy sees")
    critic_observation: str = setting(
        "", doc="preset of what the critics see while training; empty: the same as the policy"
    )
    base_controller: str = setting(
        "p_controller", doc="p_controller: residual RL; none: the policy acts alone"
    )
    base_policy: str = setting(
        "",
        doc="frozen policy (name or bundle) added to the base controller; blocks only",
        source="digest A.6: the policy of the simulation as pi_H",
    )
    init_from: str = setting(
        "", doc="run folder whose newest checkpoint gives the learner's weights to begin with"
    )
    demos: str = setting(
        "", doc="demonstrations: none if empty, 'shipped', or a folder of `sawyer demos collect`"
    )
    noise_mm: float = setting(
        1.0,
        unit="mm",
        bounds=(0.0, 10.0),
        doc="half width of the uniform goal noise in x and y while training",
        source="thesis chapter 9, tables 3 and 4: 1 mm",
    )
    steps: int = setting(
        8000,
        bounds=(1, 10_000_000),
        doc="environment steps",
        source="thesis chapter 8: 8000 samples on the robot",
    )
    seed: int = setting(0, bounds=(0, MAX_SEED), doc="seed of everything")
    horizon: int = setting(
        50, bounds=(1, 10_000), doc="steps of an episode", source="digest B.2 [E2]: 50"
    )
    action_scale_m: float = setting(
        0.001, unit="m", bounds=(1e-5, 0.015), doc="displacement of a full action",
        source="digest B.2 [E2]: 1 mm",
    )  # fmt: skip
    updates_per_step: int = setting(
        1, bounds=(0, 100), doc="gradient updates per environment step", source="digest B.3: one"
    )
    representation_updates_per_step: int = setting(
        0,
        bounds=(0, 100),
        doc="steps of the regression that teaches the policy's encoder what the critics see "
        "besides, per environment step (ours)",
    )
    n_step: int = setting(
        1,
        bounds=(1, 50),
        doc="steps of reward before the learner's own estimate takes over (ours)",
    )
    goal_copies: int = setting(
        0,
        bounds=(0, 100),
        doc="further transitions stored for each step: the same command under another commanded "
        "goal, shared otherwise between base controller and policy (ours)",
    )
    mirror_copies: bool = setting(
        False, doc="store each step of a block assembly as three mirrors would show it, too (ours)"
    )
    update_at: str = setting(
        "episode",
        choices=("episode", "step"),
        doc="make up the updates at the end of each episode, or after every step",
    )
    learning_starts: int = setting(
        250, bounds=(1, 1_000_000), doc="environment steps before the first update"
    )
    warmup_steps: int = setting(
        1000,
        bounds=(0, 10_000_000),
        doc="environment steps in which only the critics learn",
        source="digest A.4: 1000",
    )
    warmup_action: str = setting(
        "policy",
        choices=("policy", "uniform", "held", "push", "zero"),
        doc="learned action meanwhile: of the untrained policy (mean zero), uniform, full along "
        "one axis and held for some steps, full along one axis for the first steps of each "
        "episode alone, or none",
    )
    noise_hold_steps: int = setting(
        1,
        bounds=(1, 10_000),
        doc="steps for which the noise of an exploring action, or a uniform one, is kept (ours): "
        "at 1 the arm averages it out",
    )
    demo_pretrain_updates: int = setting(
        0, bounds=(0, 1_000_000), doc="updates on the demonstrations before the first episode"
    )
    absorbing_terminals: bool = setting(
        True, doc="the last state of an ended episode goes on for ever: reward r / (1 - gamma)"
    )
    reward_offset: float = setting(
        0.0, bounds=(-1e6, 1e6), doc="added to the reward before it is scaled (ours)"
    )
    reward_scale: float = setting(
        1.0, bounds=(1e-6, 1e6), doc="the learner sees reward and offset times this (ours)"
    )
    action_penalty: float = setting(
        0.0,
        bounds=(0.0, 1e3),
        doc="cost of a full action in the learner's units, times the mean square of the action "
        "(ours): where nothing is to be gained the base controller is left alone",
    )
    success_bonus: float = setting(
        0.0,
        bounds=(0.0, 1e6),
        doc="added to the reward that goes on after success, before scaling, so that an almost "
        "seated plug is not as good as a seated one (ours)",
    )
    stop_penalty: float = setting(
        0.0,
        bounds=(0.0, 1e6),
        doc="taken from the reward that goes on after a safety stop, before scaling, so that a "
        "stop is worse than a jam (ours)",
    )
    replay_capacity: int = setting(
        100_000,
        bounds=(1, 100_000_000),
        doc="transitions kept; more than `steps` and their copies is not used",
    )
    checkpoint_every_steps: int = setting(
        1000, bounds=(1, 10_000_000), doc="environment steps between two checkpoints, at least"
    )
    actor_average_decay: float = setting(
        0.0,
        bounds=(0.0, 0.9999),
        doc="0: the bundle holds the last weights; else their running mean over episodes",
    )
    sampling: str = setting(
        "stochastic",
        choices=("stochastic", "deterministic"),
        doc="whether the finished policy draws its actions or takes the middle",
        source="digest B.4 [E2]: evaluation also stochastic",
    )
    threads: int = setting(1, bounds=(1, 256), doc="threads of torch")
    device: str = setting("cpu", doc="where the learner computes: cpu, cuda or cuda:<n>")
    name: str = setting("", doc="name of the bundle; made from the other settings if empty")

    def __post_init__(self) -> None:
        if type(self) is TrainingSettings:
            validate(self)

    @property
    def copies(self) -> int:
        """Further transitions stored for each step."""
        return self.goal_copies or (MIRRORS if self.mirror_copies else 0)


@dataclass(frozen=True)
class TrainingConfig(TrainingSettings):
    """A training run: the plain settings, the learner's, and options of the environment.

    Attributes:
        learner: settings of the algorithm.
        env: further keyword arguments of the environment, checked by it.
    """

    learner: LearnerConfig = field(default_factory=SacConfig)
    env: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plain = {item.name: getattr(self, item.name) for item in fields(TrainingSettings)}
        TrainingSettings(**plain)
        check_combination(self)
        object.__setattr__(self, "env", dict(self.env))

    @property
    def choices(self) -> TaskChoices:
        """What goes together in this task."""
        return CHOICES[self.task]

    @property
    def residual(self) -> bool:
        """Whether the policy corrects a base controller."""
        return self.base_controller != "none"

    @property
    def bundle_name(self) -> str:
        """Name of the policy that comes out."""
        if self.name:
            return self.name
        if self.task == "blocks":
            return "residual_blocks" if self.residual else f"pure_{self.algorithm}_blocks"
        kind = "residual" if self.residual else "pure"
        if self.demos:
            kind = "lfd" if not self.residual else "residual_lfd"
        signal = "state" if self.reward == "dense" else self.reward
        return f"{kind}_{self.algorithm}_{signal}_{self.connector}"

    def episode_seed(self, episode: int) -> int:
        """Seed of a training episode; never one of an evaluation or of tuning."""
        return SEED_BASE + self.seed * SEED_STRIDE + episode


def check_combination(config: TrainingSettings) -> None:
    """Refuse settings that do not go together; the message lists what does.

    Raises:
        UnknownNameError: a name that is in no registry.
        ConfigError: names that are known but do not go together.
    """
    if config.algorithm not in ALGORITHMS:
        raise UnknownNameError("algorithm", config.algorithm, ALGORITHMS)
    choices = CHOICES[config.task]
    if config.reward not in choices.rewards:
        raise UnknownNameError(f"reward of task {config.task}", config.reward, choices.rewards)
    if config.base_controller not in BASE_CONTROLLERS:
        raise UnknownNameError("base controller", config.base_controller, BASE_CONTROLLERS)
    if config.observation not in OBSERVATIONS:
        raise UnknownNameError("observation", config.observation, OBSERVATIONS)
    if config.observation not in choices.observations:
        raise ConfigError("observation", config.observation, combinations(config.task))
    critic = config.critic_observation
    if critic and critic not in OBSERVATIONS:
        raise UnknownNameError("critic observation", critic, OBSERVATIONS)
    if critic and (critic not in choices.observations or "image" in OBSERVATIONS[critic]):
        raise ConfigError("critic_observation", critic, "a preset of this task without a picture")
    updates = config.representation_updates_per_step
    if updates and not (critic and "image" in OBSERVATIONS[config.observation]):
        without = "0 without a picture and a critic_observation"
        raise ConfigError("representation_updates_per_step", updates, without)
    _check_copies(config)
    if config.demos and not choices.demos:
        raise ConfigError("demos", config.demos, f"none for task {config.task}")
    if config.base_policy and not (choices.base_policy and config.base_controller != "none"):
        allowed = [name for name in TASKS if CHOICES[name].base_policy]
        raise ConfigError(
            "base_policy", config.base_policy, f"task {', '.join(allowed)} with a base controller"
        )
    learner = getattr(config, "learner", None)
    if learner is not None and not isinstance(learner, config_class(config.algorithm)):
        wanted = config_class(config.algorithm).__name__
        raise ConfigError("learner", type(learner).__name__, f"{wanted} for {config.algorithm}")
    if learner is not None and learner.encoder.decoupled and not updates:
        needs = "false without representation_updates_per_step: nothing would train the encoder"
        raise ConfigError("learner.encoder.decoupled", True, needs)


def _check_copies(config: TrainingSettings) -> None:
    if config.goal_copies and not (
        config.task == "insertion"
        and config.base_controller != "none"
        and "goal_error" in OBSERVATIONS[config.observation]
    ):
        without = "0 but for insertion with a base controller and an observation with goal_error"
        raise ConfigError("goal_copies", config.goal_copies, without)
    if config.mirror_copies and config.task != "blocks":
        raise ConfigError("mirror_copies", True, "false but for task blocks, the symmetric one")
    bias = getattr(config, "env", {}).get("control_mu", 0.0)
    if config.mirror_copies and (bias or config.base_policy):
        what = f"env.control_mu = {bias}" if bias else f"base_policy = {config.base_policy}"
        raise ConfigError("mirror_copies", True, f"false with {what}, which no mirror turns round")
    if config.copies and config.n_step > 1:
        raise ConfigError("n_step", config.n_step, "1 with goal_copies or mirror_copies")


def training_config(values: Mapping[str, Any]) -> TrainingConfig:
    """Config from a mapping, nested or with dotted names.

    ``learner.<key>`` are settings of the algorithm, ``env.<key>`` go to the environment. What is
    left out takes its default; those of ``observation``, ``action_scale_m``, ``sampling`` and the
    scaling of rewards depend on the reward, the base controller and the algorithm.

    Raises:
        UnknownNameError: a key or name that does not exist; gives the nearest.
        ConfigError: a value that is not allowed, or names that do not go together.
    """
    plain, learner, env = _split(values)
    task = plain.setdefault("task", "insertion")
    if task not in CHOICES:
        raise UnknownNameError("task", task, TASKS)
    choices = CHOICES[task]
    reward = plain.setdefault("reward", choices.rewards[0] if task == "blocks" else "dense")
    base = plain.setdefault("base_controller", "p_controller")
    seen = {
        **choices.observation_of_reward,
        **(choices.residual_observation if base != "none" else {}),
    }
    if "observation" not in plain and reward in seen:
        plain["observation"] = seen[reward]
    if "action_scale_m" not in plain and base in choices.action_scale_m:
        plain["action_scale_m"] = choices.action_scale_m[base]
    for key, value in choices.shaping.get(reward, {}).items():
        plain.setdefault(key, value)
    if task == "insertion":
        insertion_defaults(plain, learner)
    if plain.get("algorithm") == "td3":  # its policy has no spread
        plain.setdefault("sampling", "deterministic")
    settings = from_mapping(TrainingSettings, plain)
    check_combination(settings)
    made = from_mapping(config_class(settings.algorithm), learner, "learner.")
    return TrainingConfig(**asdict(settings), learner=made, env={**choices.env, **env})


def _split(
    values: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {"": {}, "learner": {}, "env": {}}
    for key, value in values.items():
        head, _, rest = str(key).partition(".")
        if head in ("learner", "env") and rest:
            groups[head][rest] = value
        elif head in ("learner", "env"):
            if not isinstance(value, Mapping):
                raise ConfigError(head, value, "a group of settings")
            groups[head].update(value)
        else:
            groups[""][str(key)] = value
    return groups[""], groups["learner"], groups["env"]


def config_mapping(config: TrainingConfig) -> dict[str, Any]:
    """Plain nested mapping, the inverse of :func:`training_config`."""
    return asdict(config)
