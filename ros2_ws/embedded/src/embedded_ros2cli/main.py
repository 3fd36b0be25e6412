"""Entry point of ``ros2``: hands over to a real ROS 2 or to one of our commands."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

COMMANDS = {
    "action": "Various action related sub-commands",
    "bag": "Various rosbag related sub-commands",
    "doctor": "Check the set-up for potential issues",
    "interface": "Show information about interfaces",
    "launch": "Run a launch file",
    "lifecycle": "Various lifecycle related sub-commands",
    "node": "Various node related sub-commands",
    "param": "Various param related sub-commands",
    "pkg": "Various package related sub-commands",
    "run": "Run a package specific executable",
    "service": "Various service related sub-commands",
    "topic": "Various topic related sub-commands",
}
SIGINT_STATUS = 2  # as the original


def _usage() -> str:
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: ros2 [-h] <command> ...",
            "",
            "ros2 of the embedded runtime",
            "",
            "Commands:",
            *lines,
            "",
            "  Call `ros2 <command> -h` for more detailed usage.",
        ]
    )


def _main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0
    name = arguments[0]
    from embedded_ros2cli.errors import CliError, unknown

    try:
        if name not in COMMANDS:
            raise unknown("command", name, COMMANDS)
        module: Any = importlib.import_module(f"embedded_ros2cli.{name}_command")
        parser = argparse.ArgumentParser(prog=f"ros2 {name}", description=COMMANDS[name])
        add_arguments: Callable[[argparse.ArgumentParser], None] = module.add_arguments
        add_arguments(parser)
        # Options of a command without verbs may stand anywhere between its words.
        parse = parser.parse_intermixed_args if name == "launch" else parser.parse_args
        options = parse(arguments[1:])
        status: int | None = options.function(options)
        return status or 0
    except CliError as error:
        print(f"ros2 {name}: {error}", file=sys.stderr)
        return error.status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if os.environ.get("AMENT_PREFIX_PATH") or os.environ.get("PYTHONPATH"):
        from embedded_ws.step_aside import exec_real_ros2

        exec_real_ros2(arguments)
    try:
        status = _main(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return SIGINT_STATUS
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nothing is left to be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
