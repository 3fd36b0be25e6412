"""Substitutions that look into installed packages."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution, SubstitutionFailure
from launch.substitutions.path import PathSubstitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class FindPackage(PathSubstitution):
    """Common part of the package substitutions; extendable with ``/``."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        """Keep the name of the package."""
        super().__init__(package)
        self._package = normalize_to_list_of_substitutions(package)

    @property
    def package(self) -> list[Substitution]:
        """Return the name of the package."""
        return self._package

    def find(self, package_name: str) -> str:
        """Return the wanted folder of a package."""
        raise NotImplementedError

    def describe(self) -> str:
        """Return a readable form of the substitution."""
        inner = " + ".join(sub.describe() for sub in self._package)
        return f"{type(self).__name__}(pkg={inner})"

    def perform(self, context: LaunchContext) -> str:
        """Return the folder."""
        return self.find(perform_substitutions(context, self._package))


class FindPackagePrefix(FindPackage):
    """The installation prefix of a package."""

    def find(self, package_name: str) -> str:
        """Return the prefix."""
        return get_package_prefix(package_name)


class FindPackageShare(FindPackage):
    """The share folder of a package."""

    def find(self, package_name: str) -> str:
        """Return the share folder."""
        return get_package_share_directory(package_name)


def list_executables(package_name: str) -> dict[str, str]:
    """Return the executables of a package, by file name."""
    folder = os.path.join(get_package_prefix(package_name), "lib", package_name)
    found: dict[str, str] = {}
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(root, name)
            if os.access(path, os.X_OK):
                found.setdefault(name, path)
    return found


def find_executable(package_name: str, executable: str) -> str:
    """Return the path of an executable of a package; the error lists what there is."""
    direct = os.path.join(get_package_prefix(package_name), "lib", package_name, executable)
    if os.path.isfile(direct) and os.access(direct, os.X_OK):
        return str(direct)
    executables = list_executables(package_name)
    if executable in executables:
        return executables[executable]
    near = difflib.get_close_matches(executable, executables, n=1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    raise SubstitutionFailure(
        f"executable '{executable}' not found in package '{package_name}'{hint}; "
        f"available: {', '.join(executables) or 'none'}"
    )


class ExecutableInPackage(FindPackagePrefix):
    """The path of an executable in ``<prefix>/lib/<package>``."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        """Keep the names."""
        super().__init__(package)
        self._executable = normalize_to_list_of_substitutions(executable)

    @property
    def executable(self) -> list[Substitution]:
        """Return the name of the executable."""
        return self._executable

    def perform(self, context: LaunchContext) -> str:
        """Return the path."""
        package = perform_substitutions(context, self.package)
        return find_executable(package, perform_substitutions(context, self._executable))


__all__ = [
    "ExecutableInPackage",
    "FindPackagePrefix",
    "FindPackageShare",
    "find_executable",
    "list_executables",
]
