"""Plain text as a substitution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launch.substitution import Substitution

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class TextSubstitution(Substitution):
    """A text that is known beforehand."""

    def __init__(self, *, text: str) -> None:
        """Keep the text."""
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution: text is {text!r}, expected a str")
        self._text = text

    @property
    def text(self) -> str:
        """Return the text."""
        return self._text

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return repr(self._text)

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
        return self._text
