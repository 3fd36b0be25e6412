"""``policy.json``: what a bundle says about its policy, checked against the robot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sawyer_controllers.guard import GuardConfig
from sawyer_core import (
    ActionSpec,
    ArraySpec,
    ConfigError,
    ObservationSpec,
    PolicySpec,
    UnknownNameError,
    from_mapping,
    to_mapping,
)
from sawyer_core.specs import BASE_CONTROLLERS
from sawyer_policies.observations import ObservationConfig, ObservationEncoder

FORMAT = "sawyer-policy"
FORMAT_VERSION = 1
SAMPLINGS = ("deterministic", "stochastic", "noisy", "uniform")
KINDS = ("residual", "direct")
TASKS = ("insertion", "blocks")
MAX_HOLD_STEPS = 10_000

_KEYS = (
    "format", "version", "name", "description", "kind", "robot", "task", "observation", "action",
    "rate_hz", "base_controller", "sampling", "network", "training", "git_commit", "evaluation",
    "weights_sha256", "created",
)  # fmt: skip


@dataclass(frozen=True)
class RobotLimits:
    """What the robot takes from a learned policy; a bundle that asks for other is refused."""

    robot: str = "sawyer"
    rate_hz: float = 10.0
    action_unit: str = "m"
    action_frame: str = "base"
    max_action_m: float = field(default_factory=lambda: GuardConfig().max_step_m)


SAWYER = RobotLimits()


@dataclass(frozen=True)
class BundleInfo:
    """What ``policy.json`` says, without what follows from the weights.

    Attributes:
        name: policy name, letters, digits, ``_`` and ``-``.
        observation: what the policy sees and how it is scaled.
        action_scale_m: displacement of a full action; the learned part is clipped to it.
        network: architecture, as :meth:`Learner.policy_network` gives it.
        task: ``{"name": "insertion", "connector": "usb"}`` or ``{"name": "blocks"}``.
        base_controller: ``p_controller`` (the policy is residual) or ``none`` (direct).
        sampling: whether the served policy draws from its distribution, takes its middle, adds
            noise to that, as TD3 does while it explores, or acts at random, as both do before.
        exploration_noise: sigma of that noise, actions in [-1, 1]; 0 unless ``noisy``.
        noise_hold_steps: steps for which drawn noise is kept.
        rate_hz: actions per second.
        training: the full config, algorithm, reward, steps, seed.
        evaluation: figures of the finished policy, None if there are none yet.
        git_commit: of the code that trained it.
        created: ISO 8601 time, filled in when the bundle is saved.
    """

    name: str
    observation: ObservationConfig
    action_scale_m: float
    network: Mapping[str, Any]
    task: Mapping[str, Any] = field(default_factory=lambda: {"name": "insertion"})
    base_controller: str = "p_controller"
    sampling: str = "deterministic"
    exploration_noise: float = 0.0
    noise_hold_steps: int = 1
    rate_hz: float = 10.0
    description: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] | None = None
    git_commit: str = ""
    created: str = ""
    robot: str = "sawyer"

    @property
    def kind(self) -> str:
        """``residual`` on a base controller, ``direct`` without one."""
        return "direct" if self.base_controller == "none" else "residual"

    @property
    def observation_spec(self) -> ObservationSpec:
        """The arrays to send."""
        return ObservationEncoder(self.observation).observation_spec()

    @property
    def action_spec(self) -> ActionSpec:
        """The action, in metres, with its bounds."""
        scale = float(self.action_scale_m)
        default = ActionSpec().array
        return ActionSpec(
            ArraySpec(
                name=default.name,
                shape=default.shape,
                unit="m",
                frame="base",
                low=-scale,
                high=scale,
                doc=default.doc,
            )
        )

    def policy_spec(self, version: str = "") -> PolicySpec:
        """What the policy server says about the policy."""
        what = "correction on top of " + self.base_controller
        description = self.description or f"learned {what if self.kind == 'residual' else 'alone'}"
        return PolicySpec(
            name=self.name,
            observation=self.observation_spec,
            action=self.action_spec,
            rate_hz=self.rate_hz,
            base_controller=self.base_controller,
            description=description,
            version=version,
            task=str(self.task.get("name", "")),
            connector=str(self.task.get("connector", "")),
        )


def check_info(info: BundleInfo, robot: RobotLimits = SAWYER) -> None:
    """Refuse what does not fit the robot.

    Raises:
        ConfigError, UnknownNameError: names the field, the value and what is allowed.
    """
    if not info.name or not info.name.replace("_", "").replace("-", "").isalnum():
        raise ConfigError("name", info.name, "letters, digits, _ and -")
    if info.robot != robot.robot:
        raise ConfigError("robot", info.robot, robot.robot)
    if info.base_controller not in BASE_CONTROLLERS:
        raise UnknownNameError("base controller", str(info.base_controller), BASE_CONTROLLERS)
    if info.sampling not in SAMPLINGS:
        raise UnknownNameError("sampling", str(info.sampling), SAMPLINGS)
    _number("action.exploration_noise", info.exploration_noise)
    noisy = info.sampling == "noisy"
    if not (0.0 < info.exploration_noise <= 2.0 if noisy else info.exploration_noise == 0.0):
        allowed = "above 0, at most 2" if noisy else f"0 where sampling is {info.sampling}"
        raise ConfigError("action.exploration_noise", info.exploration_noise, allowed)
    hold = info.noise_hold_steps
    if isinstance(hold, bool) or not isinstance(hold, int) or not 1 <= hold <= MAX_HOLD_STEPS:
        raise ConfigError("action.noise_hold_steps", hold, f"whole, 1 to {MAX_HOLD_STEPS}")
    _number("rate_hz", info.rate_hz)
    if info.rate_hz != robot.rate_hz:
        raise ConfigError("rate_hz", info.rate_hz, f"{robot.rate_hz:g} Hz, the robot's")
    _number("action.scale_m", info.action_scale_m)
    if not 0.0 < info.action_scale_m <= robot.max_action_m:
        raise ConfigError(
            "action.scale_m", info.action_scale_m, f"above 0, at most {robot.max_action_m:g} m"
        )
    task = info.task.get("name") if isinstance(info.task, Mapping) else None
    if task not in TASKS:
        raise UnknownNameError("task", str(task), TASKS)
    if not isinstance(info.network, Mapping) or not info.network:
        raise ConfigError("network", info.network, "an architecture")


def _number(field: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(field, value, "a number")


def to_json(info: BundleInfo, *, weights_sha256: str) -> dict[str, Any]:
    """The content of ``policy.json``."""
    action = info.action_spec.array
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "name": info.name,
        "description": info.description,
        "kind": info.kind,
        "robot": info.robot,
        "task": dict(info.task),
        "observation": {
            "config": to_mapping(info.observation),
            "arrays": [_array_json(spec) for spec in info.observation_spec.arrays],
        },
        "action": {
            **_array_json(action),
            "scale_m": float(info.action_scale_m),
            "exploration_noise": float(info.exploration_noise),
            "noise_hold_steps": info.noise_hold_steps,
        },
        "rate_hz": float(info.rate_hz),
        "base_controller": info.base_controller,
        "sampling": info.sampling,
        "network": dict(info.network),
        "training": dict(info.training),
        "git_commit": info.git_commit,
        "evaluation": None if info.evaluation is None else dict(info.evaluation),
        "weights_sha256": weights_sha256,
        "created": info.created,
    }


def from_json(data: Any, robot: RobotLimits = SAWYER) -> tuple[BundleInfo, str]:
    """Info and checksum of the weights out of a parsed ``policy.json``.

    Raises:
        ConfigError, UnknownNameError: names the field, the value and what is allowed.
    """
    if not isinstance(data, Mapping):
        raise ConfigError("policy.json", type(data).__name__, "an object")
    if data.get("format") != FORMAT:
        raise ConfigError("format", data.get("format"), FORMAT)
    if data.get("version") != FORMAT_VERSION:
        raise ConfigError("version", data.get("version"), f"{FORMAT_VERSION}")
    for key in data:
        if key not in _KEYS:
            raise UnknownNameError("key of policy.json", str(key), _KEYS)
    for key in _KEYS:
        if key not in data:
            raise ConfigError(key, None, "a value (it is missing)")
    _check_types(data)
    observation = data["observation"]
    action = data["action"]
    info = BundleInfo(
        name=data["name"],
        observation=from_mapping(ObservationConfig, observation.get("config"), "observation."),
        action_scale_m=action.get("scale_m"),
        network=data["network"],
        task=data["task"],
        base_controller=data["base_controller"],
        sampling=data["sampling"],
        exploration_noise=action.get("exploration_noise", 0.0),
        noise_hold_steps=action.get("noise_hold_steps", 1),
        rate_hz=data["rate_hz"],
        description=data["description"],
        training=data["training"],
        evaluation=data["evaluation"],
        git_commit=data["git_commit"],
        created=data["created"],
        robot=data["robot"],
    )
    _same("action.unit", action.get("unit"), robot.action_unit)
    _same("action.frame", action.get("frame"), robot.action_frame)
    check_info(info, robot)
    _same("kind", data["kind"], info.kind)
    wanted = {**_array_json(info.action_spec.array), "scale_m": info.action_scale_m}
    _same_array("action", action, wanted)
    _same_arrays(observation.get("arrays"), info.observation_spec)
    return info, data["weights_sha256"]


_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,), "description": (str,), "kind": (str,), "robot": (str,), "task": (Mapping,),
    "observation": (Mapping,), "action": (Mapping,), "base_controller": (str,),
    "sampling": (str,), "network": (Mapping,), "training": (Mapping,), "git_commit": (str,),
    "evaluation": (Mapping, type(None)), "weights_sha256": (str,), "created": (str,),
}  # fmt: skip
_WORDS = {str: "text", Mapping: "an object", type(None): "null"}


def _check_types(data: Mapping[str, Any]) -> None:
    for key, types in _TYPES.items():
        if not isinstance(data[key], types):
            raise ConfigError(key, data[key], " or ".join(_WORDS[kind] for kind in types))


def _same(field: str, value: object, wanted: object) -> None:
    if value != wanted:
        raise ConfigError(field, value, repr(wanted))


def _same_array(field: str, given: Any, wanted: Mapping[str, Any]) -> None:
    if not isinstance(given, Mapping):
        raise ConfigError(field, given, "an object")
    for key, value in wanted.items():
        _same(f"{field}.{key}", given.get(key), value)


def _same_arrays(given: Any, spec: ObservationSpec) -> None:
    """The arrays written beside the observation's config are those that follow from it."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ConfigError("observation.arrays", given, "a list of arrays")
    names = [array.get("name") if isinstance(array, Mapping) else None for array in given]
    _same("observation.arrays", names, list(spec.names()))
    for array, wanted in zip(given, spec.arrays, strict=True):
        _same_array(f"observation.{wanted.name}", array, _array_json(wanted))


def _array_json(spec: ArraySpec) -> dict[str, Any]:
    """An array's spec without its description, as JSON."""
    values = asdict(spec)
    values.pop("doc")
    return {**values, "shape": list(spec.shape)}


def check_spec(spec: PolicySpec, robot: RobotLimits = SAWYER) -> None:
    """Refuse a policy described by somebody else that does not fit the robot.

    Raises:
        ConfigError: names the field, the value and what is allowed.
    """
    action = spec.action.array
    _same("action.shape", action.shape, ActionSpec().array.shape)
    _same("action.unit", action.unit, robot.action_unit)
    _same("action.frame", action.frame, robot.action_frame)
    for name, bound in (("action.low", action.low), ("action.high", action.high)):
        if bound is not None and abs(bound) > robot.max_action_m:
            raise ConfigError(name, bound, f"at most {robot.max_action_m:g} m either way")
    if spec.rate_hz != robot.rate_hz:
        raise ConfigError("rate_hz", spec.rate_hz, f"{robot.rate_hz:g} Hz, the robot's")
