"""Conditions of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launch.condition import Condition
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import (
    normalize_to_list_of_substitutions,
    perform_substitutions,
    text_to_bool,
)

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class InvalidConditionExpressionError(Exception):
    """The text of a condition is neither true nor false."""


def evaluate_condition_expression(
    context: LaunchContext, expression: SomeSubstitutionsType
) -> bool:
    """Return the truth of an expression such as ``true`` or ``0``."""
    text = perform_substitutions(context, normalize_to_list_of_substitutions(expression))
    try:
        return text_to_bool(text, "condition expression")
    except ValueError as error:
        raise InvalidConditionExpressionError(str(error)) from None


class IfCondition(Condition):
    """True where the expression is."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        """Keep the expression: true, false, 1 or 0 when performed."""
        self._expression = normalize_to_list_of_substitutions(predicate_expression)
        super().__init__(predicate=self._evaluate)

    def _evaluate(self, context: LaunchContext) -> bool:
        return evaluate_condition_expression(context, self._expression)

    def describe(self) -> str:
        """Return a readable form of the condition."""
        inner = " + ".join(sub.describe() for sub in self._expression)
        return f"{type(self).__name__}({inner})"


class UnlessCondition(IfCondition):
    """True where the expression is not."""

    def _evaluate(self, context: LaunchContext) -> bool:
        return not super()._evaluate(context)


class LaunchConfigurationEquals(Condition):
    """True where a launch configuration has a value (or, with None, does not exist)."""

    def __init__(
        self, launch_configuration_name: str, expected_value: SomeSubstitutionsType | None
    ) -> None:
        """Keep the name and what is expected."""
        self._name = launch_configuration_name
        self._expected = (
            None if expected_value is None else normalize_to_list_of_substitutions(expected_value)
        )
        super().__init__(predicate=self._evaluate)

    def _evaluate(self, context: LaunchContext) -> bool:
        value = context.launch_configurations.get(self._name)
        if self._expected is None:
            return value is None
        return value is not None and value == perform_substitutions(context, self._expected)

    def describe(self) -> str:
        """Return a readable form of the condition."""
        return f"{type(self).__name__}({self._name!r})"


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """The opposite of LaunchConfigurationEquals."""

    def _evaluate(self, context: LaunchContext) -> bool:
        return not super()._evaluate(context)


__all__ = [
    "IfCondition",
    "InvalidConditionExpressionError",
    "LaunchConfigurationEquals",
    "LaunchConfigurationNotEquals",
    "UnlessCondition",
    "evaluate_condition_expression",
]
