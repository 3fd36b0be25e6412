"""Quiet start-up: a process that is told to end while it still imports ends without a traceback.

Imports here are those of the standard library only; everything slow is imported under the guard.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Startup:
    """Whether somebody asked the process to end in the meantime."""

    def __init__(self) -> None:
        self.ended = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal: an exception could come out of any import, as anything."""
        self.ended = True


@contextmanager
def quiet_startup() -> Iterator[Startup]:
    """Note SIGINT and SIGTERM instead of acting on them; the handlers come back at the end."""
    startup = Startup()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, startup.note) for number in numbers}
    try:
        yield startup
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
