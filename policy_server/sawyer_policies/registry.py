"""Registry of served policies: name to spec and factory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sawyer_core import ActionSpec, ConfigError, PolicyInput, PolicySpec, UnknownNameError
from sawyer_core.specs import EE_POSITION, FORCE, GOAL_POSITION, ObservationSpec

RATE_HZ = 10.0
"""Rate of all policies here (thesis chapter 9: actions at up to 10 Hz)."""


class Policy(Protocol):
    """A policy as the serving core uses it; one object per session."""

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode; all randomness comes from ``rng``."""

    def action(self, observation: PolicyInput) -> npt.NDArray[np.float64]:
        """Displacement (3,) m in base axes for one control period."""


@dataclass(frozen=True)
class RegisteredPolicy:
    """A policy's spec and how to make a fresh one."""

    spec: PolicySpec
    factory: Callable[[], Policy]


class PolicyRegistry:
    """Policies by name; an unknown name lists the choices."""

    def __init__(self) -> None:
        self._policies: dict[str, RegisteredPolicy] = {}

    def register(self, spec: PolicySpec, factory: Callable[[], Policy]) -> None:
        """Add a policy; names are unique."""
        if spec.name in self._policies:
            raise ConfigError("policy name", spec.name, "a name that is not registered yet")
        self._policies[spec.name] = RegisteredPolicy(spec, factory)

    def get(self, name: str) -> RegisteredPolicy:
        """The policy called ``name``.

        Raises:
            UnknownNameError: no such policy.
        """
        try:
            return self._policies[name]
        except KeyError:
            raise UnknownNameError("policy", name, sorted(self._policies)) from None

    def specs(self) -> list[PolicySpec]:
        """All specs, by name."""
        return [self._policies[name].spec for name in sorted(self._policies)]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._policies))

    def __contains__(self, name: object) -> bool:
        return name in self._policies


class ZeroPolicy:
    """Adds nothing to its base controller."""

    def reset(self, rng: np.random.Generator) -> None:
        """Nothing to forget."""

    def action(self, observation: PolicyInput) -> npt.NDArray[np.float64]:
        """Zero displacement."""
        return np.zeros(3)


def _spec(name: str, *, base: str, description: str) -> PolicySpec:
    return PolicySpec(
        name=name,
        observation=ObservationSpec((EE_POSITION, GOAL_POSITION, FORCE)),
        action=ActionSpec(),
        rate_hz=RATE_HZ,
        base_controller=base,
        description=description,
    )


def default_registry() -> PolicyRegistry:
    """The policies this package serves out of the box."""
    registry = PolicyRegistry()
    registry.register(
        _spec(
            "p_controller",
            base="p_controller",
            description="the hand-designed P-controller alone (eq. 50), learned action zero",
        ),
        ZeroPolicy,
    )
    return registry
