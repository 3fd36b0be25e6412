"""Reading of the ament resource index: one file per resource, sorted by resource type."""

from __future__ import annotations

import os

from ament_index_python.constants import RESOURCE_INDEX_SUBFOLDER
from ament_index_python.search_paths import get_search_paths


class InvalidResourceTypeNameError(Exception):
    """The name of a resource type has a path separator in it."""


class InvalidResourceNameError(Exception):
    """The name of a resource has a path separator in it."""


def name_is_invalid(resource_name: str) -> bool:
    """Say whether a resource (type) name would leave its folder."""
    return "/" in resource_name or "\\" in resource_name


def _check(resource_type: str, resource_name: str | None = None) -> None:
    if not resource_type:
        raise ValueError("The resource type must not be empty")
    if name_is_invalid(resource_type):
        raise InvalidResourceTypeNameError(
            f"Resource type {resource_type!r} has a path separator in it"
        )
    if resource_name is None:
        return
    if not resource_name:
        raise ValueError("The resource name must not be empty")
    if name_is_invalid(resource_name):
        raise InvalidResourceNameError(
            f"Resource name {resource_name!r} has a path separator in it"
        )


def _file_of(prefix: str, resource_type: str, resource_name: str) -> str:
    return os.path.join(prefix, RESOURCE_INDEX_SUBFOLDER, resource_type, resource_name)


def get_resource(resource_type: str, resource_name: str) -> tuple[str, str]:
    """Return the content of a resource and the prefix it was found in."""
    _check(resource_type, resource_name)
    for prefix in get_search_paths():
        path = _file_of(prefix, resource_type, resource_name)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as stream:
                return stream.read(), prefix
    raise LookupError(
        f"Could not find the resource {resource_name!r} of type {resource_type!r}, "
        f"searched in {get_search_paths()}"
    )


def get_resources(resource_type: str) -> dict[str, str]:
    """Return the prefix of every resource of a type; the first prefix that has it wins."""
    _check(resource_type)
    found: dict[str, str] = {}
    for prefix in get_search_paths():
        folder = os.path.join(prefix, RESOURCE_INDEX_SUBFOLDER, resource_type)
        if not os.path.isdir(folder):
            continue
        for name in sorted(os.listdir(folder)):
            if not name.startswith(".") and os.path.isfile(os.path.join(folder, name)):
                found.setdefault(name, prefix)
    return found


def get_resource_types() -> dict[str, set[str]]:
    """Return every resource type with the prefixes that hold some of it."""
    types: dict[str, set[str]] = {}
    for prefix in get_search_paths():
        folder = os.path.join(prefix, RESOURCE_INDEX_SUBFOLDER)
        if not os.path.isdir(folder):
            continue
        for name in os.listdir(folder):
            if not name.startswith(".") and os.path.isdir(os.path.join(folder, name)):
                types.setdefault(name, set()).add(prefix)
    return types


def has_resource(resource_type: str, resource_name: str) -> str | bool:
    """Return the prefix of a resource, or False where there is none."""
    _check(resource_type, resource_name)
    for prefix in get_search_paths():
        if os.path.isfile(_file_of(prefix, resource_type, resource_name)):
            return prefix
    return False
