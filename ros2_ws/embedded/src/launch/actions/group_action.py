"""Action: a group of actions, with a scope of its own if wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.actions.configurations import (
    PopLaunchConfigurations,
    PushLaunchConfigurations,
    ResetLaunchConfigurations,
    SetLaunchConfiguration,
)
from launch.actions.environment import PopEnvironment, PushEnvironment, ResetEnvironment
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_entities

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class GroupAction(Action):
    """Executes actions together; ``scoped`` ones leave no configuration behind."""

    def __init__(
        self,
        actions: Iterable[Action],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        """Group ``actions``.

        Args:
            actions: What to execute.
            scoped: Restore launch configurations and environment afterwards.
            forwarding: Let the group see the configurations set outside (needs ``scoped``).
            launch_configurations: Configurations set, or kept, inside the group.
            **kwargs: Arguments of ``Action``.
        """
        super().__init__(**kwargs)
        if not scoped and not forwarding:
            raise ValueError("GroupAction: forwarding=False needs scoped=True")
        self._actions = normalize_entities(actions, "GroupAction")
        self._scoped = scoped
        self._forwarding = forwarding
        self._configurations = dict(launch_configurations or {})

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return all that is visited in the group's place."""
        if not self._scoped:
            return [*self._settings(), *self._actions]
        inner: list[LaunchDescriptionEntity] = (
            self._settings()
            if self._forwarding
            else [ResetEnvironment(), ResetLaunchConfigurations(self._configurations)]
        )
        return [
            PushLaunchConfigurations(),
            PushEnvironment(),
            *inner,
            *self._actions,
            PopEnvironment(),
            PopLaunchConfigurations(),
        ]

    def _settings(self) -> list[LaunchDescriptionEntity]:
        return [SetLaunchConfiguration(k, v) for k, v in self._configurations.items()]

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return what an unconditional group holds."""
        return self.get_sub_entities() if self.condition is None else []

    def describe_conditional_sub_entities(
        self,
    ) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return what a conditional group holds."""
        return [] if self.condition is None else [("Conditionally", self.get_sub_entities())]

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Return the group's content to be visited."""
        return self.get_sub_entities()
