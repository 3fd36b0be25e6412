"""Handlers of events about processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch.actions.execute_local import ExecuteLocal
from launch.event_handler import SomeEntities
from launch.event_handlers.on_action_event_base import (
    ActionMatcher,
    OnActionEventBase,
    Reaction,
)
from launch.events.process import ProcessExited, ProcessIO, ProcessStarted


class OnProcessStart(OnActionEventBase):
    """Reacts to the start of a process."""

    def __init__(
        self,
        *,
        target_action: ActionMatcher = None,
        on_start: Reaction,
        handle_once: bool = False,
    ) -> None:
        """React with ``on_start``: entities or a function (event, context)."""
        super().__init__(
            action_matcher=target_action,
            on_event=on_start,
            target_event_cls=ProcessStarted,
            target_action_cls=ExecuteLocal,
            handle_once=handle_once,
        )


class OnProcessExit(OnActionEventBase):
    """Reacts to the end of a process."""

    def __init__(
        self,
        *,
        target_action: ActionMatcher = None,
        on_exit: Reaction,
        handle_once: bool = False,
    ) -> None:
        """React with ``on_exit``: entities or a function (event, context)."""
        super().__init__(
            action_matcher=target_action,
            on_event=on_exit,
            target_event_cls=ProcessExited,
            target_action_cls=ExecuteLocal,
            handle_once=handle_once,
        )


class OnProcessIO(OnActionEventBase):
    """Reacts to what a process writes."""

    def __init__(
        self,
        *,
        target_action: ActionMatcher = None,
        on_stdin: Callable[[ProcessIO], SomeEntities] | None = None,
        on_stdout: Callable[[ProcessIO], SomeEntities] | None = None,
        on_stderr: Callable[[ProcessIO], SomeEntities] | None = None,
        handle_once: bool = False,
    ) -> None:
        """React with functions of the event, one for each stream."""
        reactions = {0: on_stdin, 1: on_stdout, 2: on_stderr}

        def react(event: Any, context: Any) -> SomeEntities:
            reaction = reactions[event.fd]
            return None if reaction is None else reaction(event)

        super().__init__(
            action_matcher=target_action,
            on_event=react,
            target_event_cls=ProcessIO,
            target_action_cls=ExecuteLocal,
            handle_once=handle_once,
        )
