"""Event: an action has been carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launch.event import Event

if TYPE_CHECKING:
    from launch.action import Action


class ExecutionComplete(Event):
    """An action, with all it waits for, is done."""

    name = "launch.events.ExecutionComplete"

    def __init__(self, *, action: Action) -> None:
        """Keep the action."""
        self.action = action
