"""Common part of the handlers of events about an action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.event import Event
from launch.event_handler import BaseEventHandler, SomeEntities
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.utilities import normalize_entities

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

ActionMatcher = Action | Callable[[Action], bool] | None
Reaction = SomeEntities | Callable[[Any, Any], SomeEntities]


class OnActionEventBase(BaseEventHandler):
    """Reacts to events of one type about one action, about picked ones or about any."""

    def __init__(
        self,
        *,
        action_matcher: ActionMatcher,
        on_event: Reaction,
        target_event_cls: type[Any],
        target_action_cls: type[Any] = Action,
        handle_once: bool = False,
    ) -> None:
        """Check the arguments; ``on_event`` is entities or a function (event, context)."""
        name = type(self).__name__
        is_matcher = callable(action_matcher) and not isinstance(action_matcher, Action)
        if not (
            action_matcher is None or is_matcher or isinstance(action_matcher, target_action_cls)
        ):
            raise TypeError(
                f"{name}: target_action is {action_matcher!r}, expected a "
                f"{target_action_cls.__name__}, a function or None"
            )
        self._target = action_matcher
        self._event_class = target_event_cls
        self._function: Callable[[Any, Any], SomeEntities] | None = None
        self._entities: list[LaunchDescriptionEntity] = []
        if callable(on_event) and not isinstance(on_event, LaunchDescriptionEntity):
            self._function = on_event
        else:
            self._entities = normalize_entities(on_event, name)
        super().__init__(matcher=self._matches, handle_once=handle_once)

    def _matches(self, event: Any) -> bool:
        if not isinstance(event, self._event_class):
            return False
        if self._target is None:
            return True
        if isinstance(self._target, Action):
            return bool(event.action is self._target)
        return bool(self._target(event.action))

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
        return normalize_entities(self._function(event, context), type(self).__name__)
