"""Errors of the command line; each ends in one clear message and a non-zero status.

CommandError
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class CommandError(Exception):
    """A command cannot do what was asked; the text says what is allowed."""

    def __init__(self, message: str, *, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def require_choice(kind: str, name: str, choices: Sequence[str]) -> str:
    """Return ``name`` if it is one of ``choices``.

    Raises:
        CommandError: it is not; the message lists the choices and the nearest one.
    """
    if name in choices:
        return name
    nearest = difflib.get_close_matches(name.lower(), choices, n=1, cutoff=0.4)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    raise CommandError(f"unknown {kind} '{name}'; choose from: {', '.join(choices)}.{hint}")
