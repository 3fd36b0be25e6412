"""Protocol and registry of the hand-written policies."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

import numpy as np

from sawyer_core.errors import UnknownNameError
from sawyer_core.specs import (
    EE_POSITION,
    FORCE,
    GOAL_POSITION,
    ActionSpec,
    ObservationSpec,
    PolicySpec,
)
from sawyer_core.types import Array, PolicyInput


class PolicyProtocol(Protocol):
    """What every policy is to the episode loop."""

    def reset(self, rng: np.random.Generator) -> None:
        """Start an episode; ``rng`` is the only source of chance."""

    def action(self, observation: PolicyInput) -> Array:
        """(3,) m displacement of this step, base axes."""


_PACKAGE = "sawyer_controllers.scripted"

# name: (module, class, base controller, description)
SCRIPTED_POLICIES: dict[str, tuple[str, str, str, str]] = {
    "p_controller": (
        f"{_PACKAGE}.p_only",
        "BasePolicy",
        "p_controller",
        "base P-controller of eq. (50) alone: the learned action is zero",
    ),
    "straight_down": (
        f"{_PACKAGE}.straight_down",
        "StraightDown",
        "none",
        "descend from the start pose in equal steps",
    ),
    "random_search": (
        f"{_PACKAGE}.random_search",
        "RandomSearch",
        "none",
        "descend to contact, then visit random positions under downward pressure",
    ),
    "spiral_search": (
        f"{_PACKAGE}.spiral_search",
        "SpiralSearch",
        "none",
        "descend to contact, then trace a spiral under downward pressure",
    ),
}


def make_scripted(name: str, **config: Any) -> PolicyProtocol:
    """Policy by name; ``config`` are settings of its config class.

    Raises:
        UnknownNameError: lists the names.
    """
    if name not in SCRIPTED_POLICIES:
        raise UnknownNameError("policy", name, SCRIPTED_POLICIES)
    module, cls, _, _ = SCRIPTED_POLICIES[name]
    policy: PolicyProtocol = getattr(importlib.import_module(module), cls).from_settings(config)
    return policy


def scripted_spec(name: str, rate_hz: float = 10.0) -> PolicySpec:
    """What a hand-written policy reads and gives."""
    if name not in SCRIPTED_POLICIES:
        raise UnknownNameError("policy", name, SCRIPTED_POLICIES)
    _, _, base, description = SCRIPTED_POLICIES[name]
    return PolicySpec(
        name=name,
        observation=ObservationSpec((EE_POSITION, GOAL_POSITION, FORCE)),
        action=ActionSpec(),
        rate_hz=rate_hz,
        base_controller=base,
        description=description,
    )
