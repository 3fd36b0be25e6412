"""Base class of events."""

from __future__ import annotations


class Event:
    """Something that happened or was asked for while launching."""

    name = "launch.Event"
