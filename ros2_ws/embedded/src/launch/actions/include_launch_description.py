"""Action: include another launch description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.actions.configurations import SetLaunchConfiguration
from launch.actions.opaque_function import OpaqueFunction
from launch.launch_description import LaunchDescription
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.launch_description_source import LaunchDescriptionSource
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

SomeArguments = Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]]


class IncludeLaunchDescription(Action):
    """Visits the entities of another launch description, with arguments for it.

    As in ROS 2 the arguments stay set afterwards; wrap the action in a ``GroupAction`` to
    keep them in.
    """

    def __init__(
        self,
        launch_description_source: LaunchDescriptionSource
        | LaunchDescription
        | SomeSubstitutionsType,
        *,
        launch_arguments: SomeArguments | None = None,
        **kwargs: Any,
    ) -> None:
        """Include a source; ``launch_arguments`` are (name, value) pairs (``dict.items()``)."""
        super().__init__(**kwargs)
        if isinstance(launch_description_source, LaunchDescription):
            launch_description_source = LaunchDescriptionSource(launch_description_source)
        elif not isinstance(launch_description_source, LaunchDescriptionSource):
            from launch.launch_description_sources import AnyLaunchDescriptionSource

            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self._source = launch_description_source
        if isinstance(launch_arguments, dict):
            launch_arguments = launch_arguments.items()
        self._arguments = [
            (normalize_to_list_of_substitutions(name), value)
            for name, value in launch_arguments or ()
        ]

    @property
    def launch_description_source(self) -> LaunchDescriptionSource:
        """Return the source."""
        return self._source

    @property
    def launch_arguments(self) -> Sequence[tuple[Any, Any]]:
        """Return the arguments."""
        return self._arguments

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the included description if it is known already."""
        loaded = self._source.loaded
        return [] if loaded is None or self.condition is not None else [loaded]

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Load the description, check its arguments and return what is to be visited."""
        outer_path = context.launch_file_path
        description = self._source.get_launch_description(context)
        path = self._source.path_in(context)
        given = {perform_substitutions(context, name) for name, _ in self._arguments}
        for argument in description.get_launch_arguments():
            missing = argument.default_value is None and argument.name not in given
            if missing and argument.name not in context.launch_configurations:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(sorted(given))}]"
                )
        values = [
            (perform_substitutions(context, name), normalize_to_list_of_substitutions(value))
            for name, value in self._arguments
        ]
        return [
            *(SetLaunchConfiguration(name, value) for name, value in values),
            _entering(path if path is not None else outer_path),
            description,
            _entering(outer_path),
        ]


def _entering(path: str | None) -> OpaqueFunction:
    """Return an action that makes ``path`` the current launch file."""

    def enter(context: LaunchContext) -> None:
        context.extend_locals({"current_launch_file_path": path})

    return OpaqueFunction(function=enter)
