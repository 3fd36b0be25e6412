"""Handler of the completion of actions."""

from __future__ import annotations

from launch.event_handlers.on_action_event_base import (
    ActionMatcher,
    OnActionEventBase,
    Reaction,
)
from launch.events.execution_complete import ExecutionComplete


class OnExecutionComplete(OnActionEventBase):
    """Reacts to an action having been carried out."""

    def __init__(
        self,
        *,
        target_action: ActionMatcher = None,
        on_completion: Reaction,
        handle_once: bool = False,
    ) -> None:
        """React with ``on_completion``: entities or a function (event, context)."""
        super().__init__(
            action_matcher=target_action,
            on_event=on_completion,
            target_event_cls=ExecutionComplete,
            handle_once=handle_once,
        )
