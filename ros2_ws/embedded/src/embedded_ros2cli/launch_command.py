"""``ros2 launch``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from embedded_ros2cli.errors import CliError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ros2 launch``."""
    parser.usage = "ros2 launch [options] (<package> <launch file> | <path>) [<name>:=<value> ...]"
    parser.add_argument(
        "-n", "--noninteractive", action="store_true", help="run without a user at the terminal"
    )
    parser.add_argument("-d", "--debug", action="store_true", help="show tracebacks")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "-p", "--print", "--print-description", action="store_true", dest="print_description",
        help="print the launch description and do not run it",
    )  # fmt: skip
    group.add_argument(
        "-s", "--show-args", "--show-arguments", action="store_true", dest="show_arguments",
        help="show the arguments of the launch file and do not run it",
    )  # fmt: skip
    parser.add_argument(
        "-a", "--show-all-subprocesses-output", action="store_true",
        help="show all output of all processes",
    )  # fmt: skip
    parser.add_argument("--launch-prefix", help="run every executable with this prefix")
    parser.add_argument(
        "--fail-on-process-error",
        action="store_true",
        help="exit with status 3 if a process failed before the shutdown (not in the original)",
    )
    parser.add_argument("package_name", help="package, or path of a launch file")
    parser.add_argument("words", nargs="*", help="launch file, then <name>:=<value> arguments")
    parser.set_defaults(function=run)


PROCESS_ERROR_STATUS = 3


def _resolve(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the path of the launch file and the words behind it."""
    from embedded_ros2cli.launch_arguments import LAUNCH_SUFFIXES, find_launch_file

    name, words = options.package_name, list(options.words)
    looks_like_path = os.path.sep in name or name.endswith(LAUNCH_SUFFIXES)
    if os.path.isfile(name) and (looks_like_path or not words or ":=" in words[0]):
        return os.path.abspath(name), words
    if looks_like_path:
        raise CliError(f"launch file '{name}' does not exist")
    if not words or ":=" in words[0]:
        raise CliError(f"the name of a launch file of package '{name}' is missing")
    return find_launch_file(name, words[0]), words[1:]


def run(options: argparse.Namespace) -> int:
    """Run, print or show the arguments of a launch file."""
    from embedded_ros2cli import launch_arguments

    path, words = _resolve(options)
    given = launch_arguments.parse_arguments(words)
    try:
        source, declared = launch_arguments.collect_from_file(path, given)
    except CliError:
        raise
    except Exception as error:
        if options.debug:
            raise
        raise CliError(f"{path}: {type(error).__name__}: {error}") from error
    if options.show_arguments:
        print(launch_arguments.show(declared))
        return 0
    launch_arguments.check(given, declared)
    for problem in declared.unresolved:
        print(f"ros2 launch: cannot look into an included file: {problem}", file=sys.stderr)
    if options.print_description:
        print("\n".join(_describe([source.loaded], 0)))
        return 0
    return _launch(options, source, given)


def _launch(options: argparse.Namespace, source: object, given: dict[str, str]) -> int:
    from launch import LaunchDescription, LaunchService
    from launch.actions import IncludeLaunchDescription, SetLaunchConfiguration
    from launch.logging import get_logger, launch_config

    if options.show_all_subprocesses_output:
        os.environ["OVERRIDE_LAUNCH_PROCESS_OUTPUT"] = "both"
    logger = get_logger("launch")
    try:
        logger.info(f"All log files can be found below {launch_config.log_dir}")
    except OSError as error:
        logger.warning(f"no log folder: {error}")
    logger.info("Default logging verbosity is set to INFO")
    service = LaunchService(
        argv=[f"{name}:={value}" for name, value in given.items()],
        noninteractive=options.noninteractive,
        debug=options.debug,
    )
    description = LaunchDescription()
    if options.launch_prefix:
        description.add_action(SetLaunchConfiguration("launch-prefix", options.launch_prefix))
    include = IncludeLaunchDescription(source, launch_arguments=given.items())
    description.add_action(include)
    service.include_launch_description(description)
    status: int = service.run()
    if status == 0 and options.fail_on_process_error:
        failed = [r for r in service.process_results if r.returncode and not r.during_shutdown]
        if failed:
            return PROCESS_ERROR_STATUS
    return status


def _describe(entities: Iterable[object], depth: int) -> list[str]:
    """Return a tree of entities, one line for each."""
    from launch.launch_description_entity import LaunchDescriptionEntity

    lines: list[str] = []
    for entity in entities:
        if not isinstance(entity, LaunchDescriptionEntity):
            continue
        lines.append(f"{'  ' * depth}{entity.describe()}")
        lines += _describe(entity.describe_sub_entities(), depth + 1)
        for words, inner in entity.describe_conditional_sub_entities():
            lines.append(f"{'  ' * (depth + 1)}{words}:")
            lines += _describe(inner, depth + 2)
    return lines
