"""Arguments of launch files: finding all of them, showing them, refusing unknown ones."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    PopLaunchConfigurations,
    PushLaunchConfigurations,
    SetLaunchConfiguration,
)
from launch.launch_description_entity import LaunchDescriptionEntity

from embedded_ros2cli.errors import CliError, unknown

LAUNCH_SUFFIXES = (".launch.py", "_launch.py", ".py")


def find_launch_file(package: str, file_name: str) -> str:
    """Return the path of a launch file of a package."""
    try:
        share = get_package_share_directory(package)
    except (PackageNotFoundError, ValueError) as error:
        raise CliError(str(error)) from None
    found: list[str] = []
    known: set[str] = set()
    for folder, subfolders, files in os.walk(share, followlinks=True):
        subfolders[:] = [name for name in subfolders if not name.startswith((".", "__"))]
        if file_name in files:
            found.append(os.path.join(folder, file_name))
        known.update(name for name in files if name.endswith(LAUNCH_SUFFIXES[:2]))
    if not found:
        raise unknown(f"package '{package}': launch file", file_name, known)
    if len(found) > 1:
        raise CliError(f"'{file_name}' is in package '{package}' more than once: {found}")
    return found[0]


def parse_arguments(words: Iterable[str]) -> dict[str, str]:
    """Return names and values of ``name:=value`` words."""
    result: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition(":=")
        if not separator or not name:
            raise CliError(
                f"malformed launch argument '{word}', expected format '<name>:=<value>'"
            )
        result[name] = value  # the last one of a name counts
    return result


class Declared:
    """The arguments of a launch file and of the files that it includes."""

    def __init__(self) -> None:
        """Start empty."""
        self.arguments: dict[str, DeclareLaunchArgument] = {}
        self.conditional: set[str] = set()
        self.unresolved: list[str] = []


def collect(
    entities: Iterable[LaunchDescriptionEntity],
    context: LaunchContext,
    declared: Declared,
    conditional: bool = False,
) -> None:
    """Walk through all entities, with the configurations as they will be as far as is known."""
    for entity in entities:
        is_conditional = conditional or getattr(entity, "condition", None) is not None
        if isinstance(entity, DeclareLaunchArgument):
            _declare(entity, context, declared, is_conditional)
        elif isinstance(
            entity, (SetLaunchConfiguration, PushLaunchConfigurations, PopLaunchConfigurations)
        ):
            if not is_conditional:
                _try(entity, context)
        elif isinstance(entity, IncludeLaunchDescription):
            _include(entity, context, declared, is_conditional)
        else:
            collect(entity.describe_sub_entities(), context, declared, is_conditional)
            for _, inner in entity.describe_conditional_sub_entities():
                collect(inner, context, declared, True)


def _declare(
    argument: DeclareLaunchArgument, context: LaunchContext, declared: Declared, conditional: bool
) -> None:
    if argument.name not in declared.arguments:
        declared.arguments[argument.name] = argument
        if conditional:
            declared.conditional.add(argument.name)
    elif not conditional:
        declared.conditional.discard(argument.name)
    if argument.name not in context.launch_configurations and argument.default_value is not None:
        _try(SetLaunchConfiguration(argument.name, argument.default_value), context)


def _include(
    include: IncludeLaunchDescription,
    context: LaunchContext,
    declared: Declared,
    conditional: bool,
) -> None:
    try:
        description = include.launch_description_source.get_launch_description(context)
        path = include.launch_description_source.path_in(context)
    except (RuntimeError, KeyError, OSError, ValueError) as error:
        declared.unresolved.append(str(error))
        return
    outer = context.launch_file_path
    context._push_launch_configurations()
    for name, value in include.launch_arguments:
        _try(SetLaunchConfiguration(name, value), context)
    context.extend_locals({"current_launch_file_path": path or outer})
    collect([description], context, declared, conditional)
    context.extend_locals({"current_launch_file_path": outer})
    context._pop_launch_configurations()


def _try(action: Any, context: LaunchContext) -> None:
    """Execute an action that sets configurations; what is not known yet stays unset."""
    try:
        action.execute(context)
    except (RuntimeError, KeyError, OSError, ValueError):
        return


def collect_from_file(path: str, given: dict[str, str]) -> tuple[Any, Declared]:
    """Load a launch file; returns its description and its arguments."""
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    source = AnyLaunchDescriptionSource(path)
    context = LaunchContext()
    context.launch_configurations.update(given)
    context.extend_locals({"current_launch_file_path": os.path.abspath(path)})
    description = source.get_launch_description(context)
    declared = Declared()
    collect([description], context, declared)
    return source, declared


def check(given: dict[str, str], declared: Declared) -> None:
    """Refuse unknown names, values that are no choice, and missing arguments."""
    for name, value in given.items():
        if name not in declared.arguments and not declared.unresolved:
            raise unknown("launch argument", name, declared.arguments)
        argument = declared.arguments.get(name)
        if argument is not None and name not in declared.conditional:
            try:
                argument.check(value)
            except RuntimeError as error:
                raise CliError(str(error)) from None


def show(declared: Declared) -> str:
    """Return the arguments in the form of ``ros2 launch --show-args``."""
    if not declared.arguments:
        return "Arguments (pass arguments as '<name>:=<value>'):\n\n  No arguments."
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    for name, argument in declared.arguments.items():
        lines += ["", f"    '{name}':", f"        {argument.description}"]
        if argument.default_value is not None:
            default = " + ".join(sub.describe() for sub in argument.default_value)
            lines.append(f"        (default: {default})")
        if name in declared.conditional:
            lines.append("        (declared under a condition)")
    return "\n".join(lines)
