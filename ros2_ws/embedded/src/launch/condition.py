"""Base class of conditions of actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class Condition:
    """Decides whether an action is executed."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool] | None = None) -> None:
        """Use ``predicate(context)`` as the decision."""
        self._predicate = predicate

    def describe(self) -> str:
        """Return a readable form of the condition."""
        return repr(self)

    def evaluate(self, context: LaunchContext) -> bool:
        """Return the decision in the given context."""
        return self._predicate(context) if self._predicate is not None else True
