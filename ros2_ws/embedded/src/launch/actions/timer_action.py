"""Action: do something after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.actions.scope import capture_scope, in_scope
from launch.event import Event
from launch.event_handler import BaseEventHandler
from launch.events.shutdown import Shutdown
from launch.events.timer_event import TimerEvent
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_entities, perform_float

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class _TimerHandler(BaseEventHandler):
    def __init__(self, timer: TimerAction) -> None:
        super().__init__(
            matcher=lambda event: (
                isinstance(event, Shutdown)
                or (isinstance(event, TimerEvent) and event.timer_action is timer)
            )
        )
        self._timer = timer

    def handle(
        self, event: Event, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        super().handle(event, context)
        context.unregister_event_handler(self)
        if isinstance(event, Shutdown):
            self._timer.cancel()
            return None
        return self._timer._entities_now()


class TimerAction(Action):
    """Executes actions once, a period after it was executed itself, unless cancelled."""

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool = True,
        **kwargs: Any,
    ) -> None:
        """Wait for ``period`` seconds; the end of the launch always cancels it."""
        super().__init__(**kwargs)
        self._period = period
        self._actions = normalize_entities(actions, "TimerAction")
        self._handle: asyncio.TimerHandle | None = None
        self._completed: asyncio.Future[None] | None = None
        self._scope: Any = (None, {})

    @property
    def period(self) -> float | SomeSubstitutionsType:
        """Return the period as it was given."""
        return self._period

    @property
    def actions(self) -> list[LaunchDescriptionEntity]:
        """Return what is executed."""
        return self._actions

    def describe_conditional_sub_entities(
        self,
    ) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return what is executed later."""
        return [(f"After {self._period} second(s)", self._actions)]

    def cancel(self) -> None:
        """Do not execute the actions if that has not happened yet."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._completed is not None and not self._completed.done():
            self._completed.set_result(None)

    def reset(self) -> None:
        """Forget the last run, so that the action can be executed again."""
        self.cancel()
        self._completed = None

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Start the time."""
        if context.is_shutdown:
            return None
        period_s = perform_float(context, self._period, "TimerAction: period")
        if not period_s >= 0.0:
            raise ValueError(f"TimerAction: period is {period_s}, allowed: 0 or more seconds")
        loop = asyncio.get_running_loop()
        self._scope = capture_scope(context)
        self._completed = loop.create_future()
        context.add_completion_future(self._completed)
        context.register_event_handler(_TimerHandler(self))
        self._handle = loop.call_later(
            period_s, context.emit_event_sync, TimerEvent(timer_action=self)
        )
        return None

    def _entities_now(self) -> Sequence[LaunchDescriptionEntity]:
        if self._handle is None:
            return []
        self.cancel()
        return in_scope(self._scope, self._actions)

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Return the future of the time being up."""
        return self._completed
