"""A list of entities to be launched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from launch.launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from launch.actions.declare_launch_argument import DeclareLaunchArgument
    from launch.launch_context import LaunchContext


class LaunchDescription(LaunchDescriptionEntity):
    """What is to be launched, in order."""

    def __init__(
        self,
        initial_entities: Iterable[LaunchDescriptionEntity] | None = None,
        *,
        deprecated_reason: str | None = None,
    ) -> None:
        """Begin with some entities."""
        self._entities: list[LaunchDescriptionEntity] = []
        self._deprecated_reason = deprecated_reason
        for entity in initial_entities or ():
            self.add_action(entity)

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities."""
        return self._entities

    @property
    def deprecated(self) -> bool:
        """Say whether the description should no longer be used."""
        return self._deprecated_reason is not None

    @property
    def deprecated_reason(self) -> str | None:
        """Return why it should no longer be used."""
        return self._deprecated_reason

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        """Append an entity."""
        if not isinstance(entity, LaunchDescriptionEntity):
            raise TypeError(f"a LaunchDescription cannot hold {entity!r}, expected actions")
        self._entities.append(entity)

    def add_action(self, action: LaunchDescriptionEntity) -> None:
        """Append an action."""
        self.add_entity(action)

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Return the entities to be visited."""
        if self._deprecated_reason is not None:
            from launch.logging import get_logger

            get_logger("launch").warning(
                f"this launch description is deprecated: {self._deprecated_reason}"
            )
        return self._entities

    def describe(self) -> str:
        """Return a readable form of the description."""
        return f"LaunchDescription({len(self._entities)} entities)"

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities."""
        return self._entities

    def get_launch_arguments(
        self, conditional_inclusion: bool = False
    ) -> list[DeclareLaunchArgument]:
        """Return the arguments declared here and in what is known to be included.

        Those behind conditions are in the list if ``conditional_inclusion`` is set. A second
        declaration of a name is left out.
        """
        from launch.actions.declare_launch_argument import DeclareLaunchArgument

        found: dict[str, DeclareLaunchArgument] = {}

        def search(entities: Iterable[LaunchDescriptionEntity]) -> None:
            for entity in entities:
                if isinstance(entity, DeclareLaunchArgument):
                    if entity.condition is None or conditional_inclusion:
                        found.setdefault(entity.name, entity)
                    continue
                search(entity.describe_sub_entities())
                if conditional_inclusion:
                    for _, conditional in entity.describe_conditional_sub_entities():
                        search(conditional)

        search(self._entities)
        return list(found.values())
