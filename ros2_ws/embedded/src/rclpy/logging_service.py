"""Services that read and set the levels of loggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.logging import get_logger_effective_level, get_logger_level, set_logger_level

if TYPE_CHECKING:
    from rclpy.node import Node


class LoggingService:
    """Serves ``~/get_logger_levels`` and ``~/set_logger_levels``."""

    def __init__(self, node: Node) -> None:
        """Create the services of ``node``."""
        from rcl_interfaces import srv

        node.create_service(srv.GetLoggerLevels, "~/get_logger_levels", self._get)
        node.create_service(srv.SetLoggerLevels, "~/set_logger_levels", self._set)

    def _get(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import LoggerLevel

        levels = []
        for name in request.names:
            level = get_logger_level(name) or get_logger_effective_level(name)
            levels.append(LoggerLevel(name=name, level=int(level)))
        response.levels = levels
        return response

    def _set(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import SetLoggerLevelsResult

        results = []
        for wanted in request.levels:
            result = SetLoggerLevelsResult(successful=True)
            try:
                set_logger_level(wanted.name, LoggingSeverity(wanted.level))
            except ValueError:
                allowed = ", ".join(f"{s.value} ({s.name})" for s in LoggingSeverity)
                result.successful = False
                result.reason = f"level {wanted.level} is none of {allowed}"
            results.append(result)
        response.results = results
        return response
