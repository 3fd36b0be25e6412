"""Event: a timer action's time is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launch.event import Event

if TYPE_CHECKING:
    from launch.actions.timer_action import TimerAction


class TimerEvent(Event):
    """The time of a timer action is up."""

    name = "launch.events.TimerEvent"

    def __init__(self, *, timer_action: TimerAction) -> None:
        """Keep the action."""
        self.timer_action = timer_action
