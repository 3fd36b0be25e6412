"""Action: run a ROS node."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launch.actions.execute_process import ExecuteProcess
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution
from launch.utilities import perform_text
from launch_ros.parameter_descriptions import Parameter, ParameterFile
from launch_ros.parameter_values import evaluate_dict, yaml_dump
from launch_ros.substitutions import ExecutableInPackage

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

SomeRemapRules = Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]]
UNSPECIFIED_NAME = "<node_name_unspecified>"
UNSPECIFIED_NAMESPACE = ""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMESPACE = re.compile(r"(/[A-Za-z_][A-Za-z0-9_]*)+|/")


class Node(ExecuteProcess):
    """Runs an executable of a package as a node with parameters and remappings."""

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Iterable[Any] | None = None,
        remappings: SomeRemapRules | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        """Describe the node.

        Args:
            executable: Name of an executable of the package, or a path without a package.
            package: The package.
            name: Name of the node; without it the node names itself.
            namespace: Namespace of the node, below a pushed one unless it is absolute.
            exec_name: Name of the process; the executable's by default.
            parameters: Dictionaries, files, ``Parameter`` and ``ParameterFile`` in order of
                rising precedence. Texts in dictionaries are read as YAML, as in ROS 2.
            remappings: (from, to) pairs.
            ros_arguments: Arguments after ``--ros-args``.
            arguments: Arguments before it.
            **kwargs: Arguments of ``ExecuteProcess``.
        """
        command: list[Any] = [
            executable if package is None else ExecutableInPackage(executable, package)
        ]
        if isinstance(arguments, (str, Substitution)):
            raise TypeError(f"Node: arguments is {arguments!r}, expected a list")
        if isinstance(parameters, (str, Mapping)):
            raise TypeError(f"Node: parameters is {parameters!r}, expected a list")
        command += list(arguments or ())
        process_name = exec_name
        if process_name is None and package is not None:
            process_name = executable
        super().__init__(cmd=command, name=process_name, **kwargs)
        self._package, self._executable = package, executable
        self._node_name, self._node_namespace = name, namespace
        self._parameters = list(parameters or ())
        self._remappings = list(remappings or ())
        self._ros_arguments = list(ros_arguments or ())
        self._expanded_name = UNSPECIFIED_NAME
        self._expanded_namespace = UNSPECIFIED_NAMESPACE

    @property
    def node_package(self) -> SomeSubstitutionsType | None:
        """Return the package."""
        return self._package

    @property
    def node_executable(self) -> SomeSubstitutionsType:
        """Return the executable."""
        return self._executable

    @property
    def node_name(self) -> str:
        """Return the full name of the node as far as it is known once it was started."""
        namespace = self._expanded_namespace.rstrip("/")
        return f"{namespace}/{self._expanded_name}"

    def is_node_name_fully_specified(self) -> bool:
        """Say whether name and namespace are known."""
        return UNSPECIFIED_NAME not in self.node_name and bool(self._expanded_namespace)

    def prepare(self, context: LaunchContext) -> None:
        """Perform the substitutions and append the ROS arguments."""
        super().prepare(context)
        ros_arguments = [perform_text(context, argument) for argument in self._ros_arguments]
        ros_arguments += self._name_arguments(context)
        ros_arguments += self._parameter_arguments(context)
        remaps = [*context.launch_configurations.get("ros_remaps", []), *self._remappings]
        for source, target in remaps:
            rule = f"{perform_text(context, source)}:={perform_text(context, target)}"
            ros_arguments += ["-r", rule]
        if ros_arguments:
            self.process_description.final_cmd += ["--ros-args", *ros_arguments]

    def _name_arguments(self, context: LaunchContext) -> list[str]:
        result: list[str] = []
        if self._node_name is not None:
            name = perform_text(context, self._node_name)
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"Node: name is {name!r}, allowed: letters, digits and underscores, "
                    "not beginning with a digit"
                )
            self._expanded_name = name
            result += ["-r", f"__node:={name}"]
        own = "" if self._node_namespace is None else perform_text(context, self._node_namespace)
        pushed = str(context.launch_configurations.get("ros_namespace", ""))
        namespace = join_namespace(pushed, own)
        if namespace:
            if not _NAMESPACE.fullmatch(namespace):
                raise ValueError(
                    f"Node: namespace is {namespace!r}, allowed: names of letters, digits and "
                    "underscores separated by '/'"
                )
            self._expanded_namespace = namespace
            result += ["-r", f"__ns:={namespace}"]
        return result

    def _parameter_arguments(self, context: LaunchContext) -> list[str]:
        result: list[str] = []
        pending: dict[str, Any] = {}

        def write_pending() -> None:
            if pending:
                path = _write_parameters(context, pending)
                result.extend(["--params-file", path])
                pending.clear()

        for entry in [*context.launch_configurations.get("global_params", []), *self._parameters]:
            if isinstance(entry, Parameter):
                name, value = entry.evaluate(context)
                pending[name] = value
            elif isinstance(entry, Mapping):
                pending.update(evaluate_dict(context, entry))
            else:
                write_pending()
                if not isinstance(entry, ParameterFile):
                    entry = ParameterFile(entry)
                result += ["--params-file", entry.evaluate(context, _parameter_folder(context))]
        write_pending()
        return result


def join_namespace(outer: str, inner: str) -> str:
    """Return a namespace below another one; an absolute one stands by itself."""
    if inner.startswith("/"):
        joined = inner
    elif inner:
        joined = f"{outer.rstrip('/')}/{inner}"
    else:
        joined = outer
    if not joined:
        return ""
    return f"/{joined.strip('/')}"


_FOLDER_KEY = "launch_ros.parameter_folder"


def _parameter_folder(context: LaunchContext) -> Path:
    """Return the folder of generated parameter files; it goes with the launch."""
    folder = context.globals.get(_FOLDER_KEY)
    if folder is None:
        temporary = tempfile.TemporaryDirectory(prefix="launch_params_")
        folder = context.globals[_FOLDER_KEY] = Path(temporary.name)

        def remove() -> None:
            context.globals.pop(_FOLDER_KEY, None)
            temporary.cleanup()

        context._add_cleanup(remove)
    path: Path = folder
    return path


def _write_parameters(context: LaunchContext, parameters: dict[str, Any]) -> str:
    folder = _parameter_folder(context)
    path = folder / f"{len(os.listdir(folder))}.yaml"
    text = yaml_dump({"/**": {"ros__parameters": parameters}})
    path.write_text(text, encoding="utf-8")
    return str(path)
