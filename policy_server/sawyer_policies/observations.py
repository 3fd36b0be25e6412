"""What a learned policy sees: the one path from named arrays to network inputs.

Training in process, training on the graph and serving all encode with this code, so a policy
meets the numbers it was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sawyer_core import ConfigError, PolicyInput, ShapeError, UnknownNameError, setting, validate
from sawyer_core.specs import (
    EE_POSITION,
    FORCE,
    GOAL_POSITION,
    IMAGE_32,
    OBJECT_STATE,
    ArraySpec,
    ObservationSpec,
)

Encoded: TypeAlias = dict[str, npt.NDArray[Any]]
"""``state`` (n,) float32 and ``image`` (32, 32) uint8, each only where the policy has it."""

# feature: (length in the state vector, arrays it is made of)
FEATURES: dict[str, tuple[int, tuple[str, ...]]] = {
    "ee_position": (3, ("ee_position",)),
    "force_z": (1, ("force",)),
    "force": (3, ("force",)),
    "goal_error": (3, ("ee_position", "goal_position")),
    "object_state": (10, ("object_state",)),
    "image": (0, ("image",)),
}

PRESETS: dict[str, tuple[str, ...]] = {
    # thesis chapter 9: (x_t, f_z) with the sparse reward, the picture alone in the visual setting
    "state": ("ee_position", "force_z"),
    "image32": ("image",),
    # ours: with the offset to the commanded goal, which is what the base controller acts on
    "state_goal": ("ee_position", "force_z", "goal_error"),
    # ours: sideways forces, too, which tell a plug that wedges
    "state_full": ("ee_position", "force", "goal_error"),
    "image32_goal": ("image", "goal_error"),
    "image32_state": ("image", "ee_position", "force_z"),
    # residual_insertion_daib A.2: end effector relative to the goal, both standing blocks
    "blocks": ("goal_error", "object_state"),
}
PRESET_SCALES: dict[str, dict[str, Any]] = {"blocks": {"goal_error_scale_m": (0.02, 0.02, 0.02)}}
"""Scales of a preset that differ from the defaults (ours): the way down is 8 cm long."""

_ARRAYS: dict[str, ArraySpec] = {
    spec.name: spec for spec in (EE_POSITION, GOAL_POSITION, FORCE, IMAGE_32, OBJECT_STATE)
}


@dataclass(frozen=True)
class LearnerSpaces:
    """Sizes of a learner's inputs and output.

    Attributes:
        state_dim: length of the state vector.
        image_shape: (H, W) of the picture, None without one.
        action_dim: length of the action.
        privileged_dim: the last so many numbers of the state vector are for the critics alone,
            who then see the whole vector and no picture; 0: actor and critics see the same.
    """

    state_dim: int
    image_shape: tuple[int, int] | None
    action_dim: int = 3
    privileged_dim: int = 0

    def of_policy(self) -> LearnerSpaces:
        """Sizes of what the policy sees."""
        return LearnerSpaces(
            self.state_dim - self.privileged_dim, self.image_shape, self.action_dim
        )


@dataclass(frozen=True)
class ObservationConfig:
    """Which features a policy sees and how they are scaled."""

    features: tuple[str, ...] = setting(doc="names of FEATURES, in the order of the state vector")
    position_reference_m: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0),
        length=3,
        unit="m",
        bounds=(-2.0, 2.0),
        doc="subtracted from ee_position: the task's nominal goal",
    )
    position_scale_m: tuple[float, ...] = setting(
        (0.001, 0.001, 0.01),
        length=3,
        unit="m",
        bounds=(1e-6, 10.0),
        doc="ee_position is divided by it (ours): sideways the last millimetre decides",
    )
    goal_error_scale_m: tuple[float, ...] = setting(
        (0.001, 0.001, 0.01),
        length=3,
        unit="m",
        bounds=(1e-6, 10.0),
        doc="goal_error is divided by it (ours)",
    )
    force_scale_n: float = setting(
        20.0, unit="N", bounds=(1e-3, 1000.0), doc="force and force_z are divided by it (ours)"
    )
    object_position_scale_m: float = setting(
        0.005, unit="m", bounds=(1e-6, 10.0), doc="positions of blocks are divided by it (ours)"
    )
    object_angle_scale_rad: float = setting(
        0.2, unit="rad", bounds=(1e-6, 10.0), doc="yaw and tilt are divided by it (ours)"
    )
    privileged: tuple[str, ...] = setting(
        (),
        doc="features that only the critics see, while training (ours: asymmetric critics judge a "
        "policy that acts on the picture alone by what the arm itself measures)",
    )
    state_limit: float = setting(
        10.0, bounds=(1.0, 1e6), doc="scaled numbers are clipped to +- this (ours)"
    )

    def __post_init__(self) -> None:
        validate(self)
        if not self.features:
            raise ConfigError("features", self.features, "at least one of " + ", ".join(FEATURES))
        for name in self.features:
            if name not in FEATURES:
                raise UnknownNameError("feature", name, FEATURES)
        if len(set(self.features)) != len(self.features):
            raise ConfigError("features", self.features, "each feature once")
        vectors = [name for name, (length, _) in FEATURES.items() if length]
        for name in self.privileged:
            if name not in vectors:
                raise UnknownNameError("privileged feature", name, vectors)

    def for_policy(self) -> ObservationConfig:
        """The same without what only the critics see: what a bundle holds."""
        return replace(self, privileged=())


def preset(
    name: str,
    position_reference_m: npt.ArrayLike = (0.0, 0.0, 0.0),
    *,
    critic: str = "",
) -> ObservationConfig:
    """Observation by preset name; ``critic`` names the preset of the critics' own, if any.

    Raises:
        UnknownNameError: no such preset.
    """
    for wanted in (name, critic or name):
        if wanted not in PRESETS:
            raise UnknownNameError("observation", wanted, PRESETS)
    reference = tuple(float(value) for value in np.asarray(position_reference_m).tolist())
    scales = PRESET_SCALES.get(name, {})
    privileged = PRESETS[critic] if critic else ()
    return ObservationConfig(
        PRESETS[name], position_reference_m=reference, privileged=privileged, **scales
    )


class ObservationEncoder:
    """Named arrays in, network inputs out; stateless."""

    def __init__(self, config: ObservationConfig) -> None:
        self.config = config
        self._reference = np.array(config.position_reference_m, dtype=np.float64)
        self._position_scale = np.array(config.position_scale_m, dtype=np.float64)
        self._error_scale = np.array(config.goal_error_scale_m, dtype=np.float64)
        self._parts = [name for name in config.features if FEATURES[name][0]]
        self._parts += config.privileged
        self._sees = "image" in config.features

    @property
    def needs_image(self) -> bool:
        """Whether the policy sees the picture."""
        return self._sees

    @property
    def spaces(self) -> LearnerSpaces:
        """Sizes for the learner."""
        length = sum(FEATURES[name][0] for name in self._parts)
        privileged = sum(FEATURES[name][0] for name in self.config.privileged)
        return LearnerSpaces(length, (32, 32) if self._sees else None, privileged_dim=privileged)

    def observation_spec(self) -> ObservationSpec:
        """The arrays to send, by name."""
        wanted = {array for name in self.config.features for array in FEATURES[name][1]}
        return ObservationSpec(tuple(_ARRAYS[name] for name in _ARRAYS if name in wanted))

    def encode(self, arrays: Mapping[str, npt.ArrayLike] | PolicyInput) -> Encoded:
        """Network inputs.

        Raises:
            ShapeError: an array is missing or has another shape.
        """
        if isinstance(arrays, PolicyInput):
            arrays = _named(arrays)
        encoded: Encoded = {}
        if self._parts:
            values = np.concatenate([self._feature(name, arrays) for name in self._parts])
            limit = self.config.state_limit
            encoded["state"] = np.clip(values, -limit, limit).astype(np.float32)
        if self._sees:
            image = np.asarray(_array(arrays, "image"))
            encoded["image"] = IMAGE_32.check(image)
        return encoded

    def _feature(self, name: str, arrays: Mapping[str, npt.ArrayLike]) -> npt.NDArray[Any]:
        config = self.config
        if name == "force":
            return _vector(arrays, "force", 3) / config.force_scale_n
        if name == "force_z":
            return _vector(arrays, "force", 3)[2:] / config.force_scale_n
        if name == "object_state":
            length, angle = config.object_position_scale_m, config.object_angle_scale_rad
            scale = np.array([*[length] * 3, angle, angle] * 2)
            blocks: npt.NDArray[np.float64] = _vector(arrays, "object_state", scale.size) / scale
            return blocks
        position = _vector(arrays, "ee_position", 3)
        if name == "ee_position":
            return (position - self._reference) / self._position_scale
        return (position - _vector(arrays, "goal_position", 3)) / self._error_scale


def _named(seen: PolicyInput) -> dict[str, npt.ArrayLike]:
    named: dict[str, npt.ArrayLike] = {
        "ee_position": seen.ee_position_m,
        "goal_position": seen.goal_position_m,
        "force": seen.force_n,
    }
    if seen.image is not None:
        named["image"] = seen.image
    if seen.object_state is not None:
        named["object_state"] = seen.object_state
    return named


def _array(arrays: Mapping[str, npt.ArrayLike], name: str) -> npt.ArrayLike:
    try:
        return arrays[name]
    except KeyError:
        raise ShapeError(name, "missing", _ARRAYS[name].shape) from None


def _vector(
    arrays: Mapping[str, npt.ArrayLike], name: str, length: int
) -> npt.NDArray[np.float64]:
    vector = np.asarray(_array(arrays, name), dtype=np.float64)
    if vector.shape != (length,):
        raise ShapeError(name, vector.shape, (length,))
    return vector
