"""Registry of served policies: name to spec and factory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from sawyer_controllers.scripted import (
    SCRIPTED_POLICIES,
    PolicyProtocol,
    make_scripted,
    scripted_spec,
)
from sawyer_core import BundleError, ConfigError, PolicySpec, UnknownNameError
from sawyer_policies.bundles import (
    BundleFactory,
    BundleSource,
    FoundBundle,
    find_bundles,
    search_path,
    source_of,
)

RATE_HZ = 10.0
"""Rate of all policies here (thesis chapter 9: actions at up to 10 Hz)."""

Policy: TypeAlias = PolicyProtocol
"""A policy as the serving core uses it; one object per session."""


@dataclass(frozen=True)
class RegisteredPolicy:
    """A policy's spec and how to make a fresh one.

    ``folder`` is where the bundle of a learned policy is, None for a hand-written one.
    """

    spec: PolicySpec
    factory: Callable[[], Policy]
    folder: Path | None = None


class PolicyRegistry:
    """Policies by name; an unknown name lists the choices.

    Args:
        search: folders that bundles are looked for in; once more before a name is unknown.
        device: where the networks of bundles run.
    """

    def __init__(self, search: Sequence[Path] = (), *, device: str = "cpu") -> None:
        self._device = device
        self._policies: dict[str, RegisteredPolicy] = {}
        self._refused: dict[str, FoundBundle] = {}
        self._search = tuple(search)
        self.scan()

    def register(
        self, spec: PolicySpec, factory: Callable[[], Policy], folder: Path | None = None
    ) -> None:
        """Add a policy; names are unique."""
        if spec.name in self._policies:
            raise ConfigError("policy name", spec.name, "a name that is not registered yet")
        self._policies[spec.name] = RegisteredPolicy(spec, factory, folder)

    def scan(self) -> None:
        """Look for bundles; of two with one name the first in the search path is taken."""
        self._refused.clear()
        for found in find_bundles(self._search):
            if found.spec is None:
                self._refused.setdefault(found.name, found)
            elif found.name not in self._policies:
                factory = BundleFactory(str(found.folder.absolute()))
                self.register(found.spec, factory, found.folder)

    def get(self, name: str) -> RegisteredPolicy:
        """The policy called ``name``.

        Raises:
            UnknownNameError: no such policy.
            BundleError: there is a bundle of this name that cannot be used.
        """
        if name not in self._policies:
            self.scan()
        if name in self._policies:
            return self._policies[name]
        if name in self._refused:
            refused = self._refused[name]
            raise BundleError(refused.folder, refused.problem.partition(" is refused: ")[2])
        raise UnknownNameError("policy", name, sorted(self._policies)) from None

    def source(self, name: str) -> BundleSource | None:
        """Where the weights of a learned policy come from, None for a hand-written one.

        Raises:
            UnknownNameError, BundleError: see :meth:`get`.
        """
        folder = self.get(name).folder
        return None if folder is None else source_of(folder, self._device)

    def open(self, name: str) -> tuple[PolicySpec, Policy]:
        """Spec and a fresh policy, of the newest weights where the policy is a learned one.

        Raises:
            UnknownNameError: no such policy.
            BundleError: its bundle cannot be used.
        """
        registered = self.get(name)
        source = self.source(name)
        if source is None:
            return registered.spec, registered.factory()
        spec, policy = source.open()
        if spec != registered.spec:
            spec = replace(spec, name=name)
            self._policies[name] = replace(registered, spec=spec)
        return spec, policy

    def specs(self) -> list[PolicySpec]:
        """All specs, by name."""
        return [self._policies[name].spec for name in sorted(self._policies)]

    def problems(self) -> list[str]:
        """Bundles that were found and cannot be used, and newer versions that were refused."""
        found = [refused.problem for _, refused in sorted(self._refused.items())]
        for name in sorted(self._policies):
            folder = self._policies[name].folder
            if folder is not None and (problem := source_of(folder, self._device).problem):
                found.append(problem)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._policies))

    def __contains__(self, name: object) -> bool:
        return name in self._policies


def default_registry(
    folders: Sequence[str | os.PathLike[str]] = (), *, device: str = "cpu"
) -> PolicyRegistry:
    """The hand-written policies and every bundle that is found; loads no weights.

    Args:
        folders: bundles, or folders of bundles, that go before ``SAWYER_POLICY_PATH`` and the
            shipped ones.
        device: where the networks of bundles run, ``cpu`` or ``cuda``.
    """
    registry = PolicyRegistry(search_path(folders), device=device)
    for name in SCRIPTED_POLICIES:
        registry.register(scripted_spec(name, RATE_HZ), partial(make_scripted, name))
    return registry
