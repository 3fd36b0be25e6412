"""All event handlers."""

from __future__ import annotations

from launch.event_handlers.on_action_event_base import OnActionEventBase
from launch.event_handlers.on_execution_complete import OnExecutionComplete
from launch.event_handlers.on_process import OnProcessExit, OnProcessIO, OnProcessStart
from launch.event_handlers.on_shutdown import OnShutdown

__all__ = [
    "OnActionEventBase",
    "OnExecutionComplete",
    "OnProcessExit",
    "OnProcessIO",
    "OnProcessStart",
    "OnShutdown",
]
