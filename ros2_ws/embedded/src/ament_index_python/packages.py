"""Where installed packages and their files are."""

from __future__ import annotations

import difflib
import os
import pathlib
import re

from ament_index_python.resources import get_resources, has_resource
from ament_index_python.search_paths import get_search_paths

_PACKAGE_NAME = re.compile(r"[^/\\ .][^/\\ ]*")


class PackageNotFoundError(KeyError):
    """No prefix of the ament index has the package."""

    def __str__(self) -> str:
        """Return the message without the quotes that ``KeyError`` puts round it."""
        return str(self.args[0]) if self.args else ""


def get_packages_with_prefixes() -> dict[str, str]:
    """Return every installed package with its prefix."""
    return get_resources("packages")


def get_package_prefix(package_name: str) -> str:
    """Return the installation prefix of a package."""
    if not package_name or not _PACKAGE_NAME.fullmatch(package_name):
        raise ValueError(f"{package_name!r} is not a valid package name")
    prefix = has_resource("packages", package_name)
    if not isinstance(prefix, str):
        near = difflib.get_close_matches(package_name, get_packages_with_prefixes(), n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise PackageNotFoundError(
            f"package '{package_name}' not found, searching: {get_search_paths()}{hint}"
        )
    return prefix


def get_package_share_directory(package_name: str, print_warning: bool = True) -> str:
    """Return ``<prefix>/share/<package>``."""
    path = os.path.join(get_package_prefix(package_name), "share", package_name)
    if print_warning and not os.path.exists(path):
        import warnings

        warnings.warn(f"Share directory for {package_name} ({path}) does not exist.", stacklevel=2)
    return path


def get_package_share_path(package_name: str, print_warning: bool = True) -> pathlib.Path:
    """Return ``<prefix>/share/<package>`` as a path object."""
    return pathlib.Path(get_package_share_directory(package_name, print_warning))
