"""Parameters of nodes in launch files: values with types, named ones, files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_bool, perform_text
from launch_ros.parameter_values import ParameterValue

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

_SUBSTITUTION = re.compile(r"\$\((var|env|find-pkg-share|find-pkg-prefix|dirname)\s*([^()]*)\)")


class Parameter:
    """One named parameter."""

    def __init__(
        self,
        name: SomeSubstitutionsType,
        value: Any,
        *,
        value_type: Any = None,
        description: str = "",
    ) -> None:
        """Keep name, value and type."""
        self.name = normalize_to_list_of_substitutions(name)
        self.value = ParameterValue(value, value_type=value_type)
        self.description = description

    def evaluate(self, context: LaunchContext) -> tuple[str, Any]:
        """Return the name and the typed value."""
        name = perform_text(context, self.name)
        return name, self.value.evaluate(context, name)


class ParameterFile:
    """A file of parameters, optionally with ``$(var ...)`` and the like in it."""

    def __init__(
        self,
        param_file: SomeSubstitutionsType | os.PathLike[str],
        *,
        allow_substs: bool | SomeSubstitutionsType = False,
    ) -> None:
        """Keep the path; ``allow_substs`` has the substitutions in the file performed."""
        self.param_file = param_file
        self.allow_substs = allow_substs

    def evaluate(self, context: LaunchContext, folder: Path) -> str:
        """Return the path of the file to be read, written to ``folder`` if substituted."""
        source: Any = self.param_file
        path = perform_text(context, source)
        if not os.path.isfile(path):
            raise RuntimeError(f"parameter file '{path}' is not a file")
        if not perform_bool(context, self.allow_substs, "ParameterFile: allow_substs"):
            return path
        text = Path(path).read_text(encoding="utf-8")
        text = _SUBSTITUTION.sub(lambda match: _perform(context, match, path), text)
        number = len(list(folder.iterdir()))
        target = folder / f"{number}_{os.path.basename(path)}"
        target.write_text(text, encoding="utf-8")
        return str(target)


def _perform(context: LaunchContext, match: re.Match[str], path: str) -> str:
    """Return the value of one ``$(kind arguments)``."""
    from launch.substitutions import EnvironmentVariable, LaunchConfiguration
    from launch_ros.substitutions import FindPackagePrefix, FindPackageShare

    kind, arguments = match.group(1), match.group(2).split()
    if kind == "dirname":
        return os.path.dirname(os.path.abspath(path))
    if not arguments:
        raise RuntimeError(f"{path}: $({kind}) needs a name")
    name = arguments[0]
    default = arguments[1] if len(arguments) > 1 else None
    if kind == "var":
        return LaunchConfiguration(name, default=default).perform(context)
    if kind == "env":
        return EnvironmentVariable(name, default_value=default).perform(context)
    finder = FindPackageShare if kind == "find-pkg-share" else FindPackagePrefix
    return finder(name).perform(context)


__all__ = ["Parameter", "ParameterFile", "ParameterValue"]
