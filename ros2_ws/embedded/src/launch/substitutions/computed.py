"""Substitutions that run something: a Python expression or a command."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure
from launch.utilities import (
    normalize_to_list_of_substitutions,
    perform_substitutions,
    perform_text,
)

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

TIMEOUT_S = 60.0  # ours: nothing else happens in the launch while a command runs
_ON_STDERR = ("fail", "ignore", "warn", "capture")


class PythonExpression(Substitution):
    """The value of a Python expression as a text."""

    def __init__(
        self,
        expression: SomeSubstitutionsType,
        python_modules: SomeSubstitutionsType | Sequence[SomeSubstitutionsType] = ("math",),
    ) -> None:
        """Keep the expression; the names of ``python_modules`` may be used in it."""
        self._expression = normalize_to_list_of_substitutions(expression)
        modules: Any = [python_modules] if isinstance(python_modules, str) else python_modules
        self._modules = [normalize_to_list_of_substitutions(module) for module in modules]

    @property
    def expression(self) -> list[Substitution]:
        """Return the expression."""
        return self._expression

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return f"PythonExpr({' + '.join(sub.describe() for sub in self._expression)})"

    def perform(self, context: LaunchContext) -> str:
        """Evaluate the expression."""
        text = perform_substitutions(context, self._expression)
        names: dict[str, Any] = {}
        for part in self._modules:
            module = importlib.import_module(perform_substitutions(context, part))
            names[module.__name__] = module
            if module.__name__ == "math":
                names.update(vars(module))
        try:
            return str(eval(text, {}, names))
        except Exception as error:
            raise SubstitutionFailure(
                f"python expression {text!r} failed: {type(error).__name__}: {error}"
            ) from error


class Command(Substitution):
    """The standard output of a command."""

    def __init__(
        self, command: SomeSubstitutionsType, *, on_stderr: SomeSubstitutionsType = "fail"
    ) -> None:
        """Keep the command; ``on_stderr`` is one of fail, ignore, warn and capture."""
        self._command = normalize_to_list_of_substitutions(command)
        self._on_stderr = on_stderr

    @property
    def command(self) -> list[Substitution]:
        """Return the command."""
        return self._command

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        return f"Command({' + '.join(sub.describe() for sub in self._command)})"

    def perform(self, context: LaunchContext) -> str:
        """Run the command."""
        import subprocess

        on_stderr = perform_text(context, self._on_stderr)
        if on_stderr not in _ON_STDERR:
            raise SubstitutionFailure(
                f"Command: on_stderr is {on_stderr!r}, allowed: {', '.join(_ON_STDERR)}"
            )
        text = perform_substitutions(context, self._command)
        try:
            result = subprocess.run(
                shlex.split(text), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise SubstitutionFailure(f"executed command failed: {text!r}: {error}") from error
        if result.returncode != 0:
            raise SubstitutionFailure(
                f"executed command failed with status {result.returncode}: {text!r}\n"
                f"{result.stderr}"
            )
        if result.stderr:
            if on_stderr == "fail":
                raise SubstitutionFailure(
                    f"executed command wrote to stderr: {text!r}\n{result.stderr}"
                )
            if on_stderr == "warn":
                from launch.logging import get_logger

                get_logger("launch").warning(f"{text!r} wrote to stderr:\n{result.stderr}")
            if on_stderr == "capture":
                return result.stdout + result.stderr
        return result.stdout
