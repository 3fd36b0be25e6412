"""Base class of all values that are worked out while launching."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class Substitution:
    """A text that is only known at launch time."""

    def perform(self, context: LaunchContext) -> str:
        """Return the text in the given context."""
        raise NotImplementedError(f"{type(self).__name__} does not implement perform()")

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return repr(self)


class SubstitutionFailure(RuntimeError):
    """A substitution cannot be worked out."""
