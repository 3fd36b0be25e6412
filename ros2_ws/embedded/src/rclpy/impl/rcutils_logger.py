"""Loggers."""

from __future__ import annotations

import sys
import time
from types import FrameType
from typing import Any

from rclpy.impl._log_output import output
from rclpy.impl.logging_severity import LoggingSeverity

_FEATURES = frozenset(
    ("throttle_duration_sec", "throttle_time_source_type", "skip_first", "once", "name")
)


class _CallSite:
    """What a place in the code that logs with filters has done so far."""

    __slots__ = ("features", "last_ns", "logged", "severity", "skipped")

    def __init__(self, severity: int, features: tuple[str, ...]) -> None:
        self.severity = severity
        self.features = features
        self.last_ns: int | None = None
        self.skipped = False
        self.logged = False

    def passes(self, features: dict[str, Any]) -> bool:
        """Apply the filters in the order throttle, skip first, once."""
        duration_s = features.get("throttle_duration_sec")
        if duration_s is not None:
            clock = features.get("throttle_time_source_type")
            now_ns = time.monotonic_ns() if clock is None else clock.now().nanoseconds
            last_ns = self.last_ns
            # A clock that went back (simulated time) starts the throttle afresh.
            if last_ns is not None and 0 <= now_ns - last_ns < duration_s * 1e9:
                return False
            self.last_ns = now_ns
        if features.get("skip_first") and not self.skipped:
            self.skipped = True
            return False
        if features.get("once"):
            if self.logged:
                return False
            self.logged = True
        return True


class RcutilsLogger:
    """A named logger. Names are hierarchical, with dots between the levels.

    The logging methods take these keyword arguments, which apply to the line of code that
    calls them: ``throttle_duration_sec`` (at most one message in that time),
    ``throttle_time_source_type`` (a Clock for it; default is steady time), ``skip_first``
    and ``once``. ``name`` overrides the logger's name. They return whether the message was
    written.
    """

    def __init__(self, name: str = "") -> None:
        """Make a logger; use :func:`rclpy.logging.get_logger` instead."""
        self.name = name
        self._sites: dict[tuple[str, int, int], _CallSite] = {}

    def __repr__(self) -> str:
        return f"RcutilsLogger(name={self.name!r})"

    def get_child(self, name: str) -> RcutilsLogger:
        """Make the logger ``<this name>.<name>``.

        Raises:
            ValueError: The name is empty.
        """
        if not name:
            raise ValueError("Child logger name must not be empty.")
        return RcutilsLogger(f"{self.name}.{name}" if self.name else name)

    def set_level(self, level: LoggingSeverity) -> None:
        """Set the lowest severity that is written."""
        output.set_level(self.name, LoggingSeverity(level))

    def get_effective_level(self) -> LoggingSeverity:
        """The level that applies: this logger's, or the nearest ancestor's."""
        return LoggingSeverity(output.effective_level(self.name))

    def is_enabled_for(self, severity: LoggingSeverity) -> bool:
        """Say whether messages of a severity are written."""
        return int(severity) >= output.effective_level(self.name)

    def log(self, message: str, severity: LoggingSeverity, **kwargs: Any) -> bool:
        """Log a message with the severity given.

        Raises:
            TypeError: A keyword argument is not known.
            ValueError: The same line of code logged with another severity or other filters.
        """
        return self._log(message, LoggingSeverity(severity), sys._getframe(1), kwargs)

    def _log(
        self, message: object, severity: int, frame: FrameType, features: dict[str, Any]
    ) -> bool:
        name = self.name
        if features:
            name = features.pop("name", None) or name
            if features and not self._passes(severity, frame, features):
                return False
        if severity < output.effective_level(name):
            return False
        output.emit(int(severity), name, str(message), frame)
        return True

    def _passes(self, severity: int, frame: FrameType, features: dict[str, Any]) -> bool:
        unknown = [name for name in features if name not in _FEATURES]
        if unknown:
            raise TypeError(
                f"logger got unexpected keyword arguments {unknown}, "
                f"allowed are {sorted(_FEATURES)}"
            )
        if "throttle_time_source_type" in features and "throttle_duration_sec" not in features:
            raise TypeError('required parameter "throttle_duration_sec" not specified')
        if severity < output.effective_level(self.name):
            return False
        used = tuple(sorted(features))
        key = (frame.f_code.co_filename, frame.f_lineno, frame.f_lasti)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = _CallSite(severity, used)
        if site.severity != severity:
            raise ValueError("Logger severity cannot be changed between calls.")
        if site.features != used:
            raise ValueError(f"Logger filters cannot be changed between calls: {used}")
        return site.passes(features)

    def debug(self, message: str, **kwargs: Any) -> bool:
        """Log a message of severity DEBUG."""
        return self._log(message, LoggingSeverity.DEBUG, sys._getframe(1), kwargs)

    def info(self, message: str, **kwargs: Any) -> bool:
        """Log a message of severity INFO."""
        return self._log(message, LoggingSeverity.INFO, sys._getframe(1), kwargs)

    def warning(self, message: str, **kwargs: Any) -> bool:
        """Log a message of severity WARN."""
        return self._log(message, LoggingSeverity.WARN, sys._getframe(1), kwargs)

    def warn(self, message: str, **kwargs: Any) -> bool:
        """Log a message of severity WARN; an older name of :meth:`warning`."""
        return self._log(message, LoggingSeverity.WARN, sys._getframe(1), kwargs)

    def error(self, message: str, **kwargs: Any) -> bool:
        """Log a message of severity ERROR."""
        return self._log(message, LoggingSeverity.ERROR, sys._getframe(1), kwargs)

    def fatal(self, message: str, **kwargs: Any) -> bool:
        """Log a message of severity FATAL."""
        return self._log(message, LoggingSeverity.FATAL, sys._getframe(1), kwargs)
