"""Actions on the environment of the processes to come."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import perform_bool, perform_text

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class SetEnvironmentVariable(Action):
    """Sets an environment variable."""

    def __init__(
        self, name: SomeSubstitutionsType, value: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        """Set ``name`` to ``value``."""
        super().__init__(**kwargs)
        self.name, self.value = name, value

    def execute(self, context: LaunchContext) -> None:
        """Set it."""
        context.environment[perform_text(context, self.name)] = perform_text(context, self.value)


class UnsetEnvironmentVariable(Action):
    """Removes an environment variable."""

    def __init__(self, name: SomeSubstitutionsType, **kwargs: Any) -> None:
        """Remove ``name``."""
        super().__init__(**kwargs)
        self.name = name

    def execute(self, context: LaunchContext) -> None:
        """Remove it."""
        context.environment.pop(perform_text(context, self.name), None)


class AppendEnvironmentVariable(Action):
    """Appends to an environment variable that holds a list."""

    def __init__(
        self,
        name: SomeSubstitutionsType,
        value: SomeSubstitutionsType,
        prepend: bool | SomeSubstitutionsType = False,
        separator: SomeSubstitutionsType = os.pathsep,
        **kwargs: Any,
    ) -> None:
        """Append ``value`` to ``name``, or put it in front."""
        super().__init__(**kwargs)
        self.name, self.value = name, value
        self.prepend, self.separator = prepend, separator

    def execute(self, context: LaunchContext) -> None:
        """Append it; a variable that is not set becomes the value alone."""
        name, value = perform_text(context, self.name), perform_text(context, self.value)
        old = context.environment.get(name)
        if old:
            prepend = perform_bool(context, self.prepend, "AppendEnvironmentVariable: prepend")
            separator = perform_text(context, self.separator)
            value = f"{value}{separator}{old}" if prepend else f"{old}{separator}{value}"
        context.environment[name] = value


class PushEnvironment(Action):
    """Remembers the environment."""

    def execute(self, context: LaunchContext) -> None:
        """Remember it."""
        context._push_environment()


class PopEnvironment(Action):
    """Restores the environment remembered last."""

    def execute(self, context: LaunchContext) -> None:
        """Restore it."""
        context._pop_environment()


class ResetEnvironment(Action):
    """Restores the environment that the launch began with."""

    def execute(self, context: LaunchContext) -> None:
        """Restore it."""
        context._reset_environment()
