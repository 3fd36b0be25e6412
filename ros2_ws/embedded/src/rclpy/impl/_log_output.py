"""Where log messages go: levels per logger, console format, sinks for ``/rosout``."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NamedTuple

from rclpy.impl.logging_severity import LoggingSeverity

DEFAULT_LEVEL = LoggingSeverity.INFO
DEFAULT_FORMAT = "[{severity}] [{time}] [{name}]: {message}"
_COLOURS = {10: "\x1b[32m", 20: "\x1b[0m", 30: "\x1b[33m", 40: "\x1b[31m", 50: "\x1b[35m"}
_RESET = "\x1b[0m"
_NAMES = {int(severity): severity.name for severity in LoggingSeverity}
_TOKEN = re.compile(r"\{(\w+)\}")
_ESCAPES = {r"\a": "\a", r"\b": "\b", r"\n": "\n", r"\r": "\r", r"\t": "\t"}


class LogRecord(NamedTuple):
    """One log message."""

    stamp_ns: int
    severity: int
    name: str
    message: str
    file_name: str
    function_name: str
    line_number: int


Sink = Callable[[LogRecord], None]


def _date_time(record: LogRecord) -> str:
    local = time.localtime(record.stamp_ns // 10**9)
    milliseconds = record.stamp_ns // 10**6 % 1000
    return time.strftime("%Y-%m-%d %H:%M:%S", local) + f".{milliseconds:03d}"


_FIELDS: dict[str, Callable[[LogRecord], str]] = {
    "severity": lambda r: _NAMES.get(r.severity, str(r.severity)),
    "name": lambda r: r.name,
    "message": lambda r: r.message,
    "function_name": lambda r: r.function_name,
    "file_name": lambda r: r.file_name,
    "line_number": lambda r: str(r.line_number),
    "time": lambda r: f"{r.stamp_ns // 10**9}.{r.stamp_ns % 10**9:09d}",
    "time_as_nanoseconds": lambda r: str(r.stamp_ns),
    "date_time_with_ms": _date_time,
}


def _environment_flag(name: str) -> bool | None:
    value = os.environ.get(name, "")
    if value in ("", "0", "1"):
        return None if value == "" else value == "1"
    raise ValueError(f"environment variable {name} is '{value}', allowed are '0' and '1'")


class LogOutput:
    """Levels and outputs of all loggers of the process."""

    def __init__(self) -> None:
        self._levels: dict[str, int] = {}
        self._effective: dict[str, int] = {}
        self._sinks: dict[str, Sink] = {}
        self._lock = threading.RLock()
        self._format = ""
        self._use_stdout = False
        self._colour: bool | None = None
        self.console_enabled = True

    def set_level(self, name: str, level: int) -> None:
        """Set the level of a logger; ``''`` is the default of all."""
        self._levels[name] = int(level)
        self._effective = {}

    def clear(self) -> None:
        """Forget every level and read the environment again at the next message."""
        self._levels = {}
        self._effective = {}
        self._format = ""
        self.console_enabled = True

    def level(self, name: str) -> int:
        """The level set for a logger itself (UNSET if none is)."""
        return self._levels.get(name, int(LoggingSeverity.UNSET))

    def effective_level(self, name: str) -> int:
        """The level that applies to a logger: its own, or the nearest ancestor's."""
        found = self._effective.get(name)
        if found is None:
            found = self._find_level(name)
            self._effective[name] = found
        return found

    def _find_level(self, name: str) -> int:
        while name:
            level = self._levels.get(name)
            if level:
                return level
            name = name.rpartition(".")[0]
        return self._levels.get("") or int(DEFAULT_LEVEL)

    def add_sink(self, name: str, sink: Sink) -> bool:
        """Send messages of a logger and its children to ``sink``; False if one is there."""
        with self._lock:
            if name in self._sinks:
                return False
            self._sinks = {**self._sinks, name: sink}
            return True

    def remove_sink(self, name: str, sink: Sink) -> None:
        """Undo :meth:`add_sink`; without effect if another sink has the name."""
        with self._lock:
            if self._sinks.get(name) == sink:
                self._sinks = {key: other for key, other in self._sinks.items() if key != name}

    def emit(self, severity: int, name: str, message: str, frame: FrameType) -> None:
        """Write a message of an enabled severity."""
        code = frame.f_code
        record = LogRecord(
            time.time_ns(), severity, name, message, code.co_filename, code.co_name, frame.f_lineno
        )
        if self.console_enabled:
            self._write(record)
        if self._sinks:
            while name:
                sink = self._sinks.get(name)
                if sink is not None:
                    sink(record)
                    break
                name = name.rpartition(".")[0]

    def _configure(self) -> None:
        self._use_stdout = bool(_environment_flag("RCUTILS_LOGGING_USE_STDOUT"))
        self._colour = _environment_flag("RCUTILS_COLORIZED_OUTPUT")
        text = os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT", "") or DEFAULT_FORMAT
        for escape, character in _ESCAPES.items():
            text = text.replace(escape, character)
        self._format = text

    def _write(self, record: LogRecord) -> None:
        if not self._format:
            self._configure()
        stream = sys.stdout if self._use_stdout else sys.stderr

        def field(match: re.Match[str]) -> str:
            make = _FIELDS.get(match.group(1))
            return match.group(0) if make is None else make(record)

        line = _TOKEN.sub(field, self._format)
        # A closed terminal must not stop the robot: a lost log line is all that it costs.
        with self._lock, contextlib.suppress(OSError, ValueError):
            if stream.isatty() if self._colour is None else self._colour:
                line = f"{_COLOURS.get(record.severity, '')}{line}{_RESET}"
            stream.write(line + "\n")
            stream.flush()


output = LogOutput()
