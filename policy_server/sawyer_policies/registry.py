"""Registry of served policies: name to spec and factory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from sawyer_controllers.scripted import (
    SCRIPTED_POLICIES,
    PolicyProtocol,
    make_scripted,
    scripted_spec,
)
from sawyer_core import ConfigError, PolicySpec, UnknownNameError

RATE_HZ = 10.0
"""Rate of all policies here (thesis chapter 9: actions at up to 10 Hz)."""

Policy: TypeAlias = PolicyProtocol
"""A policy as the serving core uses it; one object per session."""


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


def default_registry() -> PolicyRegistry:
    """The policies this package serves out of the box: the hand-written ones."""
    registry = PolicyRegistry()
    for name in SCRIPTED_POLICIES:
        registry.register(scripted_spec(name, RATE_HZ), partial(make_scripted, name))
    return registry
