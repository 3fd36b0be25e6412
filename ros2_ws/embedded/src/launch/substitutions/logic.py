"""Substitutions that compare and combine truth values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure
from launch.utilities import perform_text, text_to_bool

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


def _truth(context: LaunchContext, value: Any, what: str) -> bool:
    text = _plain_text(context, value)
    try:
        return text_to_bool(text, what)
    except ValueError as error:
        raise SubstitutionFailure(str(error)) from None


def _plain_text(context: LaunchContext, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return perform_text(context, value)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _equal(left: str, right: str) -> bool:
    if left == right:
        return True
    truths = ("true", "false", "1", "0")
    if left.lower() in truths and right.lower() in truths:
        return text_to_bool(left, "left") == text_to_bool(right, "right")
    try:
        return math.isclose(float(left), float(right))
    except ValueError:
        return False


class EqualsSubstitution(Substitution):
    """``true`` where two values are equal, as texts, truth values or numbers."""

    def __init__(self, left: Any, right: Any) -> None:
        """Keep both sides."""
        self.left, self.right = left, right

    def perform(self, context: LaunchContext) -> str:
        """Return ``true`` or ``false``."""
        return _word(_equal(_plain_text(context, self.left), _plain_text(context, self.right)))


class NotEqualsSubstitution(EqualsSubstitution):
    """``true`` where two values differ."""

    def perform(self, context: LaunchContext) -> str:
        """Return ``true`` or ``false``."""
        return _word(super().perform(context) == "false")


class NotSubstitution(Substitution):
    """The opposite of a truth value."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        """Keep the value."""
        self.value = value

    def perform(self, context: LaunchContext) -> str:
        """Return ``true`` or ``false``."""
        return _word(not _truth(context, self.value, "NotSubstitution: value"))


class AndSubstitution(Substitution):
    """``true`` where both sides are."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        """Keep both sides."""
        self.left, self.right = left, right

    def perform(self, context: LaunchContext) -> str:
        """Return ``true`` or ``false``."""
        left = _truth(context, self.left, "AndSubstitution: left")
        right = _truth(context, self.right, "AndSubstitution: right")
        return _word(left and right)


class OrSubstitution(Substitution):
    """``true`` where one side is."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        """Keep both sides."""
        self.left, self.right = left, right

    def perform(self, context: LaunchContext) -> str:
        """Return ``true`` or ``false``."""
        left = _truth(context, self.left, "OrSubstitution: left")
        right = _truth(context, self.right, "OrSubstitution: right")
        return _word(left or right)


class AnySubstitution(Substitution):
    """``true`` where one of the values is."""

    def __init__(self, *args: SomeSubstitutionsType) -> None:
        """Keep the values."""
        self.args = args

    def perform(self, context: LaunchContext) -> str:
        """Return ``true`` or ``false``."""
        return _word(any([_truth(context, a, type(self).__name__) for a in self.args]))


class AllSubstitution(AnySubstitution):
    """``true`` where all of the values are."""

    def perform(self, context: LaunchContext) -> str:
        """Return ``true`` or ``false``."""
        return _word(all([_truth(context, a, type(self).__name__) for a in self.args]))


class IfElseSubstitution(Substitution):
    """One value where a condition is true, another where it is not."""

    def __init__(
        self,
        condition: SomeSubstitutionsType,
        if_value: SomeSubstitutionsType = "",
        else_value: SomeSubstitutionsType = "",
    ) -> None:
        """Keep the condition and both values."""
        if if_value == else_value == "":
            raise RuntimeError("IfElseSubstitution: neither if_value nor else_value is given")
        self.condition, self.if_value, self.else_value = condition, if_value, else_value

    def perform(self, context: LaunchContext) -> str:
        """Return one of the values."""
        chosen = _truth(context, self.condition, "IfElseSubstitution: condition")
        return perform_text(context, self.if_value if chosen else self.else_value)
