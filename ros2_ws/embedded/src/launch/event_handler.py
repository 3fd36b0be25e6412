"""Base class of event handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from launch.event import Event
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.utilities import normalize_entities

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

SomeEntities = LaunchDescriptionEntity | Iterable[LaunchDescriptionEntity] | None


class BaseEventHandler:
    """Picks events with a matcher."""

    def __init__(self, *, matcher: Callable[[Any], bool], handle_once: bool = False) -> None:
        """Handle events for which ``matcher(event)`` is true, at most one if ``handle_once``."""
        self._matcher = matcher
        self._handle_once = handle_once

    @property
    def handle_once(self) -> bool:
        """Say whether the handler leaves after the first match."""
        return self._handle_once

    @property
    def handler_description(self) -> str:
        """Return the handler in words."""
        return type(self).__name__

    @property
    def matcher_description(self) -> str:
        """Return the matcher in words."""
        return getattr(self._matcher, "__name__", repr(self._matcher))

    def matches(self, event: Event) -> bool:
        """Say whether the event is one of this handler's."""
        return self._matcher(event)

    def describe(self) -> tuple[str, Sequence[LaunchDescriptionEntity]]:
        """Return the handler in words and the entities that it is known to bring."""
        return f"{self.handler_description}(matcher='{self.matcher_description}')", []

    def handle(
        self, event: Event, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        """Act on a matching event; returns the entities to be visited."""
        context.extend_locals({"event": event})
        if self._handle_once:
            context.unregister_event_handler(self)
        return None


class FunctionHandler(BaseEventHandler):
    """Calls a function of an action; not part of the public interface of ROS 2."""

    def __init__(
        self,
        matcher: Callable[[Any], bool],
        function: Callable[[Any, LaunchContext], Sequence[LaunchDescriptionEntity] | None],
    ) -> None:
        """Call ``function(event, context)`` for the entities."""
        super().__init__(matcher=matcher)
        self._function = function

    def handle(
        self, event: Event, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        """Return what the function gives."""
        super().handle(event, context)
        return self._function(event, context)


class EventHandler(BaseEventHandler):
    """Brings entities when an event matches."""

    def __init__(
        self,
        *,
        matcher: Callable[[Any], bool],
        entities: SomeEntities = None,
        handle_once: bool = False,
    ) -> None:
        """Visit ``entities`` on each event for which ``matcher(event)`` is true."""
        super().__init__(matcher=matcher, handle_once=handle_once)
        self._entities = normalize_entities(entities, "EventHandler")

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """Return what is visited on a match."""
        return self._entities

    def describe(self) -> tuple[str, Sequence[LaunchDescriptionEntity]]:
        """Return the handler in words and its entities."""
        return super().describe()[0], self._entities

    def handle(
        self, event: Event, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        """Return the entities."""
        super().handle(event, context)
        return self._entities
