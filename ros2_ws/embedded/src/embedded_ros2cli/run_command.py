"""``ros2 run``."""

from __future__ import annotations

import argparse
import os
import shlex

from embedded_ros2cli.errors import CliError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ros2 run``."""
    parser.add_argument(
        "--prefix", help="command to run the executable with, such as 'gdb --args'"
    )
    parser.add_argument("package_name", help="package")
    parser.add_argument("executable_name", help="executable of the package")
    parser.add_argument("argv", nargs=argparse.REMAINDER, help="arguments of the executable")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Become the executable."""
    from ament_index_python.packages import PackageNotFoundError
    from launch.substitution import SubstitutionFailure
    from launch_ros.substitutions import find_executable

    try:
        path = find_executable(options.package_name, options.executable_name)
    except (PackageNotFoundError, ValueError, SubstitutionFailure) as error:
        raise CliError(str(error)) from None
    command = [*shlex.split(options.prefix or ""), path, *options.argv]
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise CliError(f"cannot run {command[0]!r}: {error}") from error
