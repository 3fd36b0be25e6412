"""Substitutions that look things up in the launch context."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Any

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class LaunchConfiguration(Substitution):
    """The value of a launch configuration (an argument, mostly)."""

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: Any = None) -> None:
        """Look up ``variable_name``; ``default`` stands in where it does not exist."""
        self._variable_name = normalize_to_list_of_substitutions(variable_name)
        self._default = (
            None if default is None else normalize_to_list_of_substitutions(_as_text(default))
        )

    @property
    def variable_name(self) -> list[Substitution]:
        """Return the name."""
        return self._variable_name

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return f"LaunchConfig({' + '.join(sub.describe() for sub in self._variable_name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the value as a text."""
        name = perform_substitutions(context, self._variable_name)
        if name in context.launch_configurations:
            value = context.launch_configurations[name]
            return value if isinstance(value, str) else str(value)
        if self._default is not None:
            return perform_substitutions(context, self._default)
        near = difflib.get_close_matches(name, context.launch_configurations, n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise SubstitutionFailure(f"launch configuration '{name}' does not exist{hint}")


def _as_text(value: Any) -> SomeSubstitutionsType:
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    text: SomeSubstitutionsType = value
    return text


class EnvironmentVariable(Substitution):
    """The value of an environment variable."""

    def __init__(
        self, name: SomeSubstitutionsType, *, default_value: SomeSubstitutionsType | None = None
    ) -> None:
        """Look up ``name``; ``default_value`` stands in where it is not set."""
        self._name = normalize_to_list_of_substitutions(name)
        self._default = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value)
        )

    @property
    def name(self) -> list[Substitution]:
        """Return the name of the variable."""
        return self._name

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return f"EnvVar({' + '.join(sub.describe() for sub in self._name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the value."""
        name = perform_substitutions(context, self._name)
        value = context.environment.get(name)
        if value is not None:
            return value
        if self._default is not None:
            return perform_substitutions(context, self._default)
        raise SubstitutionFailure(f"environment variable '{name}' does not exist")


class LocalSubstitution(Substitution):
    """An expression over the context's local variables, such as ``event.reason``."""

    def __init__(self, expression: str, description: str | None = None) -> None:
        """Keep the dotted expression."""
        self._expression = expression
        self._description = description

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return self._description or f"Local('{self._expression}')"

    def perform(self, context: LaunchContext) -> str:
        """Return the value of the expression as a text."""
        value: Any = context.locals
        for part in self._expression.split("."):
            value = getattr(value, part)
        return str(value)


class ThisLaunchFile(Substitution):
    """The path of the launch file being visited."""

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return "ThisLaunchFile()"

    def perform(self, context: LaunchContext) -> str:
        """Return the path."""
        path = context.launch_file_path
        if path is None:
            raise SubstitutionFailure("ThisLaunchFile used outside of a launch file")
        return path


class ThisLaunchFileDir(ThisLaunchFile):
    """The folder of the launch file being visited."""

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return "ThisLaunchFileDir()"

    def perform(self, context: LaunchContext) -> str:
        """Return the folder."""
        return os.path.dirname(super().perform(context))


class AnonName(Substitution):
    """A name made unique; the same id gives the same name within a launch."""

    def __init__(self, name: SomeSubstitutionsType) -> None:
        """Keep the base of the name."""
        self._name = normalize_to_list_of_substitutions(name)

    @property
    def name(self) -> list[Substitution]:
        """Return the base of the name."""
        return self._name

    def perform(self, context: LaunchContext) -> str:
        """Return the base followed by host, process id and a random number."""
        name = perform_substitutions(context, self._name)
        key = f"anon{name}"
        if key not in context.launch_configurations:
            import random
            import socket

            host = socket.gethostname().replace(".", "_").replace("-", "_").replace(":", "_")
            number = random.SystemRandom().randint(0, 2**63 - 1)
            context.launch_configurations[key] = f"{name}_{host}_{os.getpid()}_{number}"
        return str(context.launch_configurations[key])
