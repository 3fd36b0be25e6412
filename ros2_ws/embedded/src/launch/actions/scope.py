"""Scopes for what is executed later than the group it was written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class _Restore(Action):
    def __init__(self, configurations: dict[str, Any], local: dict[str, Any]) -> None:
        super().__init__()
        self._configurations, self._locals = configurations, local

    def execute(self, context: LaunchContext) -> None:
        context.launch_configurations = dict(self._configurations)
        context.extend_locals(self._locals)


def capture_scope(context: LaunchContext) -> Any:
    """Remember the scope that entities executed later are to see; see ``in_scope``."""
    path = context.launch_file_path
    local = {} if path is None else {"current_launch_file_path": path}
    configurations = dict(context.launch_configurations) if context._is_scoped else None
    return configurations, local


def in_scope(
    scope: Any, entities: Sequence[LaunchDescriptionEntity]
) -> list[LaunchDescriptionEntity]:
    """Return entities that see what ``capture_scope`` saw and leave nothing behind.

    Entities that were not in a scoped group see and change the configurations of their time.
    """
    from launch.actions.configurations import PopLaunchConfigurations, PushLaunchConfigurations

    configurations, local = scope
    if configurations is None or not entities:
        return list(entities)
    return [
        PushLaunchConfigurations(),
        _Restore(configurations, local),
        *entities,
        PopLaunchConfigurations(),
    ]
