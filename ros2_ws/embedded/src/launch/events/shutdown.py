"""Event: the launch is to end."""

from __future__ import annotations

from launch.event import Event


class Shutdown(Event):
    """Everything is to be shut down."""

    name = "launch.events.Shutdown"

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        """Keep the reason."""
        self.reason = reason
        self.due_to_sigint = due_to_sigint
