"""All events."""

from __future__ import annotations

from launch.events import matchers, process
from launch.events.execution_complete import ExecutionComplete
from launch.events.matchers import matches_action
from launch.events.shutdown import Shutdown
from launch.events.timer_event import TimerEvent

__all__ = [
    "ExecutionComplete",
    "Shutdown",
    "TimerEvent",
    "matchers",
    "matches_action",
    "process",
]
