"""Errors of the workspace installer."""

from __future__ import annotations

from collections.abc import Sequence


class WorkspaceError(Exception):
    """One or more packages of the workspace cannot be installed."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        """Keep every problem; the message has one line for each."""
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))
