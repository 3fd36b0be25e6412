"""Loading of launch files written in Python."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
from types import ModuleType

from launch.launch_description import LaunchDescription
from launch.launch_description_source import LaunchDescriptionSource
from launch.some_substitutions_type import SomeSubstitutionsType


class InvalidLaunchFileError(Exception):
    """A file is no launch file."""


class InvalidPythonLaunchFileError(InvalidLaunchFileError):
    """A Python file is no launch file."""


def load_python_launch_file_as_module(python_launch_file_path: str) -> ModuleType:
    """Import a launch file, whatever its name."""
    if not os.path.isfile(python_launch_file_path):
        raise FileNotFoundError(f"launch file '{python_launch_file_path}' does not exist")
    name = f"python_launch_file_{abs(hash(python_launch_file_path)):x}"
    loader = importlib.machinery.SourceFileLoader(name, python_launch_file_path)
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def get_launch_description_from_python_launch_file(
    python_launch_file_path: str,
) -> LaunchDescription:
    """Return what ``generate_launch_description()`` of a file returns."""
    module = load_python_launch_file_as_module(python_launch_file_path)
    function = getattr(module, "generate_launch_description", None)
    if function is None:
        raise InvalidPythonLaunchFileError(
            f"launch file '{python_launch_file_path}' does not contain the required function "
            "'generate_launch_description()'"
        )
    description = function()
    if not isinstance(description, LaunchDescription):
        raise InvalidPythonLaunchFileError(
            f"generate_launch_description() of '{python_launch_file_path}' returned "
            f"{description!r}, expected a LaunchDescription"
        )
    return description


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file written in Python."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        """Load ``launch_file_path`` when it is needed."""
        super().__init__(None, launch_file_path, "interpreted python launch file")

    def _load(self, path: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(path)


class AnyLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file; this runtime knows those written in Python."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        """Load ``launch_file_path`` when it is needed."""
        super().__init__(None, launch_file_path, "any launch file")

    def _load(self, path: str) -> LaunchDescription:
        if not path.endswith(".py"):
            raise InvalidLaunchFileError(
                f"'{path}': only launch files written in Python (*.launch.py) can be read here"
            )
        return get_launch_description_from_python_launch_file(path)
