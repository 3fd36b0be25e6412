"""Where a launch description comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from launch.launch_description import LaunchDescription
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class LaunchDescriptionSource:
    """A launch description, given or to be loaded from a file."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = "",
        method: str = "unspecified mechanism from a script",
    ) -> None:
        """Keep the description, or the location to load it from."""
        self._description = launch_description
        self._loaded_path: str | None = None
        self._location: list[Substitution] = normalize_to_list_of_substitutions(location)
        self._method = method

    @property
    def loaded(self) -> LaunchDescription | None:
        """Return the description if it is known already."""
        return self._description

    @property
    def location(self) -> str:
        """Return the location in words."""
        return " + ".join(part.describe() for part in self._location)

    @property
    def method(self) -> str:
        """Return in words how the description is loaded."""
        return self._method

    def path_in(self, context: LaunchContext) -> str | None:
        """Return the absolute path of the file, or None where there is none."""
        text = perform_substitutions(context, self._location)
        return os.path.abspath(text) if text else None

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description; a file is loaded when its path is met for the first time."""
        path = self.path_in(context)
        if self._description is None or path != self._loaded_path:
            if path is None:
                raise ValueError("the location of the included launch description is empty")
            self._description = self._load(path)
            self._loaded_path = path
        return self._description

    def _load(self, path: str) -> LaunchDescription:
        raise NotImplementedError(f"{type(self).__name__} cannot load {path!r}")
