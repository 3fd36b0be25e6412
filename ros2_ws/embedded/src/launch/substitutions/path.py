"""Substitutions for paths and files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure
from launch.utilities import (
    normalize_to_list_of_substitutions,
    perform_substitutions,
    perform_text,
)

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class PathSubstitution(Substitution):
    """A path that can be extended with ``/``."""

    def __init__(self, path: SomeSubstitutionsType) -> None:
        """Keep the path."""
        self._path = normalize_to_list_of_substitutions(path)

    def perform(self, context: LaunchContext) -> str:
        """Return the path as a text."""
        return perform_substitutions(context, self._path)

    def __truediv__(self, other: SomeSubstitutionsType) -> PathJoinSubstitution:
        return PathJoinSubstitution([self, other])


class PathJoinSubstitution(Substitution):
    """Parts joined with the path separator."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        """Keep the parts; a part may itself be a sequence, which is concatenated."""
        if isinstance(substitutions, (str, Substitution)):
            substitutions = [substitutions]
        self._parts = [normalize_to_list_of_substitutions(part) for part in substitutions]

    @property
    def substitutions(self) -> list[list[Substitution]]:
        """Return the parts."""
        return self._parts

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        parts = [" + ".join(sub.describe() for sub in part) for part in self._parts]
        return f"PathJoin({', '.join(parts)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the joined path."""
        return os.path.join(*[perform_substitutions(context, part) for part in self._parts])

    def __truediv__(self, other: SomeSubstitutionsType) -> PathJoinSubstitution:
        return PathJoinSubstitution([self, other])


class StringJoinSubstitution(Substitution):
    """Parts joined with a delimiter."""

    def __init__(
        self, substitutions: Iterable[SomeSubstitutionsType], delimiter: SomeSubstitutionsType = ""
    ) -> None:
        """Keep the parts and what stands between them."""
        self._parts = [normalize_to_list_of_substitutions(part) for part in substitutions]
        self._delimiter = normalize_to_list_of_substitutions(delimiter)

    def perform(self, context: LaunchContext) -> str:
        """Return the joined text."""
        delimiter = perform_substitutions(context, self._delimiter)
        return delimiter.join(perform_substitutions(context, part) for part in self._parts)


class FileContent(Substitution):
    """The content of a text file."""

    def __init__(self, path: SomeSubstitutionsType) -> None:
        """Keep the path."""
        self._path = path

    def perform(self, context: LaunchContext) -> str:
        """Return the content."""
        path = perform_text(context, self._path)
        try:
            return Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise SubstitutionFailure(f"FileContent: cannot read {path!r}: {error}") from error


class FindExecutable(Substitution):
    """The absolute path of an executable on PATH."""

    def __init__(self, *, name: SomeSubstitutionsType) -> None:
        """Keep the name."""
        self._name = normalize_to_list_of_substitutions(name)

    @property
    def name(self) -> list[Substitution]:
        """Return the name of the executable."""
        return self._name

    def perform(self, context: LaunchContext) -> str:
        """Return the path."""
        import shutil

        name = perform_substitutions(context, self._name)
        found = shutil.which(name, path=context.environment.get("PATH"))
        if found is None:
            raise SubstitutionFailure(f"executable '{name}' not found on the PATH")
        return os.path.abspath(found)
