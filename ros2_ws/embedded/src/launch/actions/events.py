"""Actions around events: emit one, end the launch, add and remove handlers, log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.actions.scope import capture_scope, in_scope
from launch.event import Event
from launch.event_handler import BaseEventHandler
from launch.events.shutdown import Shutdown as ShutdownEvent
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.logging import get_logger
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        """Keep the event."""
        super().__init__(**kwargs)
        if not isinstance(event, Event):
            raise TypeError(f"EmitEvent: event is {event!r}, expected an Event")
        self._event = event

    @property
    def event(self) -> Event:
        """Return the event."""
        return self._event

    def execute(self, context: LaunchContext) -> None:
        """Emit it."""
        context.emit_event_sync(self._event)


class Shutdown(EmitEvent):
    """Ends the launch."""

    def __init__(self, *, reason: str = "reason not given", **kwargs: Any) -> None:
        """Keep the reason."""
        super().__init__(event=ShutdownEvent(reason=reason), **kwargs)

    def execute(self, context: LaunchContext) -> None:
        """Emit the shutdown event; where a process's end asked for it, say which."""
        event = context.get_locals_as_dict().get("event")
        name = getattr(event, "process_name", None)
        if name is not None:
            get_logger(name).debug("process's end shuts the launch down")
        super().execute(context)


class _Scoped(BaseEventHandler):
    """An event handler whose entities see the scope that it was registered in."""

    def __init__(self, inner: BaseEventHandler, scope: Any) -> None:
        super().__init__(matcher=inner.matches)
        self.inner = inner
        self._scope = scope

    def handle(
        self, event: Event, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        # The inner handler takes itself off where it handles once; it is us who are registered.
        if self.inner.handle_once:
            context.unregister_event_handler(self)
            context.register_event_handler(self.inner)
        return in_scope(self._scope, self.inner.handle(event, context) or [])


class RegisterEventHandler(Action):
    """Adds an event handler."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        """Keep the handler."""
        super().__init__(**kwargs)
        if not isinstance(event_handler, BaseEventHandler):
            raise TypeError(
                f"RegisterEventHandler: event_handler is {event_handler!r}, "
                "expected an event handler"
            )
        self._event_handler = event_handler

    @property
    def event_handler(self) -> BaseEventHandler:
        """Return the handler."""
        return self._event_handler

    def describe_conditional_sub_entities(
        self,
    ) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return the handler's entities."""
        words, entities = self._event_handler.describe()
        return [(words, entities)] if entities else []

    def execute(self, context: LaunchContext) -> None:
        """Add it."""
        handler = self._event_handler
        scope = capture_scope(context)
        context.register_event_handler(handler if scope[0] is None else _Scoped(handler, scope))


class UnregisterEventHandler(Action):
    """Removes an event handler."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        """Keep the handler."""
        super().__init__(**kwargs)
        self._event_handler = event_handler

    @property
    def event_handler(self) -> BaseEventHandler:
        """Return the handler."""
        return self._event_handler

    def execute(self, context: LaunchContext) -> None:
        """Remove it."""
        for handler in list(context._event_handlers):
            if isinstance(handler, _Scoped) and handler.inner is self._event_handler:
                context.unregister_event_handler(handler)
                return
        context.unregister_event_handler(self._event_handler)


class LogInfo(Action):
    """Logs a message."""

    def __init__(self, *, msg: SomeSubstitutionsType, **kwargs: Any) -> None:
        """Keep the message."""
        super().__init__(**kwargs)
        self._msg = normalize_to_list_of_substitutions(msg)

    @property
    def msg(self) -> list[Any]:
        """Return the message."""
        return self._msg

    def execute(self, context: LaunchContext) -> None:
        """Log it."""
        get_logger("launch.user").info(perform_substitutions(context, self._msg))
