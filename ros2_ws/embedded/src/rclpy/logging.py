"""Logging."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rclpy.impl._log_output import output
from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.impl.rcutils_logger import RcutilsLogger

if TYPE_CHECKING:
    from pathlib import Path

    from rclpy._ros_args import RosArguments

_root_logger = RcutilsLogger()

__all__ = [
    "LoggingSeverity",
    "RcutilsLogger",
    "clear_config",
    "get_logger",
    "get_logger_effective_level",
    "get_logger_level",
    "get_logging_directory",
    "get_logging_severity_from_string",
    "initialize",
    "set_logger_level",
    "shutdown",
]


def get_logger(name: str) -> RcutilsLogger:
    """Make a logger.

    Raises:
        ValueError: The name is empty.
    """
    if not name:
        raise ValueError("Logger name must not be empty.")
    return _root_logger.get_child(name)


def initialize() -> None:
    """Prepare logging; there is nothing that needs it."""


def shutdown() -> None:
    """End logging: levels go back to their defaults."""
    output.clear()


def clear_config() -> None:
    """Forget every level and what was read from the environment."""
    output.clear()


def set_logger_level(name: str, level: int, detailed_error: bool = False) -> None:
    """Set the level of a logger and of those below it that have none of their own.

    Args:
        name: Name of the logger; ``''`` is the default of all.
        level: Lowest severity that is written.
        detailed_error: Accepted; errors are detailed anyway.

    Raises:
        ValueError: There is no such severity.
    """
    output.set_level(name, LoggingSeverity(level))


def get_logger_level(name: str) -> LoggingSeverity:
    """The level set for the logger itself; UNSET if none is."""
    return LoggingSeverity(output.level(name))


def get_logger_effective_level(name: str) -> LoggingSeverity:
    """The level that applies to the logger: its own, or the nearest ancestor's."""
    return LoggingSeverity(output.effective_level(name))


def get_logging_severity_from_string(log_severity: str) -> LoggingSeverity:
    """Turn the name of a severity into the severity.

    Raises:
        RuntimeError: There is no severity of that name.
    """
    try:
        return LoggingSeverity[log_severity.upper()]
    except KeyError:
        names = ", ".join(severity.name for severity in LoggingSeverity)
        raise RuntimeError(f"unknown log severity '{log_severity}', allowed: {names}") from None


def get_logging_directory() -> Path:
    """Where log files belong: ROS_LOG_DIR, else ROS_HOME/log, else ~/.ros/log."""
    from pathlib import Path

    log_dir = os.environ.get("ROS_LOG_DIR", "")
    if log_dir:
        return Path(log_dir).expanduser()
    home = os.environ.get("ROS_HOME", "") or os.path.join("~", ".ros")
    return Path(home).expanduser() / "log"


def _apply_ros_args(args: RosArguments) -> None:
    """Set the levels and switches that the command line asks for."""
    if args.log_level is not None:
        output.set_level("", args.log_level)
    for name, level in args.logger_levels.items():
        output.set_level(name, level)
    output.console_enabled = args.log_switches.get("stdout-logs", True)
