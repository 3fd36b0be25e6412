"""Errors that end the command with a message and no traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MAX_LISTED = 20  # ours


class CliError(Exception):
    """The command cannot do what it was asked for."""

    def __init__(self, message: str, status: int = 1) -> None:
        """Keep the message and the exit status."""
        super().__init__(message)
        self.status = status


def unknown(what: str, name: str, known: Iterable[str]) -> CliError:
    """Return the error for a name that is not among the known ones."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=MAX_LISTED, cutoff=0.5)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    if len(names) > MAX_LISTED:
        shown = [*near, *(n for n in names if n not in near)][:MAX_LISTED]
        listed = f"; among the {len(names)} available: {', '.join(shown)}"
    else:
        listed = f"; available: {', '.join(names)}" if names else "; there are none"
    return CliError(f"{what} '{name}' not found{hint}{listed}")
