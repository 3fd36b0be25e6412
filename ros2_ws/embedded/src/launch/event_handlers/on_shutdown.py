"""Handler of the shutdown event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from launch.event import Event
from launch.event_handler import BaseEventHandler, SomeEntities
from launch.events.shutdown import Shutdown
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.utilities import normalize_entities

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class OnShutdown(BaseEventHandler):
    """Reacts to the beginning of the shutdown."""

    def __init__(
        self,
        *,
        on_shutdown: SomeEntities | Callable[[Any, Any], SomeEntities],
        handle_once: bool = False,
    ) -> None:
        """React with ``on_shutdown``: entities or a function (event, context)."""
        super().__init__(
            matcher=lambda event: isinstance(event, Shutdown), handle_once=handle_once
        )
        self._function = (
            on_shutdown
            if callable(on_shutdown) and not isinstance(on_shutdown, LaunchDescriptionEntity)
            else None
        )
        self._entities = (
            [] if self._function is not None else normalize_entities(on_shutdown, "OnShutdown")
        )

    def describe(self) -> tuple[str, Sequence[LaunchDescriptionEntity]]:
        """Return the handler in words and its entities."""
        return super().describe()[0], self._entities

    def handle(
        self, event: Event, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        """Return the entities, or what the function gives."""
        super().handle(event, context)
        if self._function is None:
            return self._entities
        return normalize_entities(self._function(event, context), "OnShutdown")
