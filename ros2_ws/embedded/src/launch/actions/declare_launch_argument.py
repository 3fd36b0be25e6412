"""Action: declare an argument of a launch file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class DeclareLaunchArgument(Action):
    """Makes a launch configuration an argument with default, description and choices."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Declare ``name``; without a default it has to be given."""
        super().__init__(**kwargs)
        self._name = name
        self._default = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value)
        )
        self._choices = None if choices is None else [str(choice) for choice in choices]
        if self._choices is not None and not self._choices:
            raise ValueError(f"DeclareLaunchArgument '{name}': choices must not be empty")
        if description is None:
            self._description = "no description given"
        elif not isinstance(description, str):
            raise TypeError(f"DeclareLaunchArgument '{name}': description is {description!r}")
        else:
            self._description = description
        if self._choices is not None:
            self._description += f". Valid choices are: {self._choices}"
        self._conditionally_included = False

    @property
    def name(self) -> str:
        """Return the name of the argument."""
        return self._name

    @property
    def default_value(self) -> Sequence[Any] | None:
        """Return the default as a list of substitutions, or None."""
        return self._default

    @property
    def description(self) -> str:
        """Return the description, the choices included."""
        return self._description

    @property
    def choices(self) -> list[str] | None:
        """Return the allowed values, or None where all are."""
        return self._choices

    def describe(self) -> str:
        """Return a readable form of the action."""
        return f"DeclareLaunchArgument('{self._name}')"

    def check(self, value: str) -> None:
        """Refuse a value that is not one of the choices."""
        if self._choices is None or value in self._choices:
            return
        near = difflib.get_close_matches(value, self._choices, n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise RuntimeError(
            f'Argument "{self._name}" provided value "{value}" is not valid. '
            f"Valid options are: {self._choices}{hint}"
        )

    def execute(self, context: LaunchContext) -> None:
        """Set the launch configuration to its default unless it is set, and check it."""
        if self._name not in context.launch_configurations:
            if self._default is None:
                raise RuntimeError(
                    f"Required launch argument '{self._name}' (description: "
                    f"'{self._description}') was not provided"
                )
            value = perform_substitutions(context, self._default)
            context.launch_configurations[self._name] = value
        self.check(str(context.launch_configurations[self._name]))
