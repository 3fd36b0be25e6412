"""Screen and file output of a launch."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

_ROOT = "launch"
CARRIAGE_RETURN = "\r"  # a pseudo terminal ends lines with one as well
DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR


class LaunchConfig:
    """Log folder, log file and screen of the launches of this process."""

    def __init__(self) -> None:
        """Nothing is created before something is written."""
        self._log_dir: Path | None = None
        self._file: TextIO | None = None
        self._file_failed = False
        self._own_files: dict[str, TextIO] = {}
        self._screen_broken = False
        self.on_screen_broken: Callable[[], None] | None = None
        self.level = logging.INFO

    @property
    def log_dir(self) -> str:
        """Return the folder of this launch's log files."""
        if self._log_dir is None:
            stamp = time.strftime("%Y-%m-%d-%H-%M-%S")
            micros = int(time.time() * 1e6) % 1_000_000
            name = f"{stamp}-{micros:06d}-{socket.gethostname()}-{os.getpid()}"
            self._log_dir = _base_log_dir() / name
            self._log_dir.mkdir(parents=True, exist_ok=True)
        return str(self._log_dir)

    @log_dir.setter
    def log_dir(self, value: str | os.PathLike[str]) -> None:
        self.close()
        self._log_dir = Path(value)
        self._log_dir.mkdir(parents=True, exist_ok=True)

    def get_log_file_path(self, file_name: str = "launch.log") -> str:
        """Return the path of a file in the log folder."""
        return os.path.join(self.log_dir, file_name)

    def write_screen(self, text: str) -> None:
        """Write whole lines to standard output."""
        if self._screen_broken:
            return
        try:
            try:
                sys.stdout.write(text)
            except UnicodeEncodeError:
                encoding = sys.stdout.encoding
                sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):  # closed by the reader, or by ourselves
            self._screen_broken = True
            if self.on_screen_broken is not None:
                self.on_screen_broken()

    def write_log(self, text: str) -> None:
        """Append whole lines to the launch's log file."""
        if self._file_failed:
            return
        try:
            if self._file is None:
                self._file = self._open("launch.log")
            self._file.write(text)
        except OSError as error:
            self._give_up_files(error)

    def _open(self, name: str) -> TextIO:
        path = self.get_log_file_path(name)
        return open(path, "a", encoding="utf-8", errors="replace", buffering=1)

    def _give_up_files(self, error: OSError) -> None:
        """Go on without log files: a full disk must not end what runs."""
        self._file_failed = True
        self.write_screen(f"[WARNING] [launch]: no log files from here on: {error}\n")

    def write_own_log(self, name: str, text: str) -> None:
        """Append whole lines to a log file of a process's own."""
        if self._file_failed:
            return
        try:
            if name not in self._own_files:
                self._own_files[name] = self._open(name)
            self._own_files[name].write(text)
        except OSError as error:
            self._give_up_files(error)

    def close(self) -> None:
        """Close the files; the next launch of this process gets a new folder."""
        for stream in [self._file, *self._own_files.values()]:
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    self._file_failed = True
        self._file = None
        self._own_files.clear()
        self._log_dir = None
        self._file_failed = False
        self._screen_broken = False


def _base_log_dir() -> Path:
    log_dir = os.environ.get("ROS_LOG_DIR")
    if log_dir:
        return Path(log_dir).expanduser()
    return Path(os.environ.get("ROS_HOME") or "~/.ros").expanduser() / "log"


launch_config = LaunchConfig()


class _Handler(logging.Handler):
    """Sends records to the screen and to the log file."""

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name.removeprefix(f"{_ROOT}.")
        line = f"[{record.levelname}] [{name}]: {record.getMessage()}\n"
        if record.levelno >= launch_config.level:
            launch_config.write_screen(line)
        launch_config.write_log(f"{record.created:.7f} {line}")


def get_logger(name: str | None = None) -> logging.Logger:
    """Return the logger of a process, or of the launch itself."""
    root = logging.getLogger(_ROOT)
    if not root.handlers:
        root.addHandler(_Handler())
        root.setLevel(logging.DEBUG)
        root.propagate = False
    if name is None or name == _ROOT:
        return root
    return logging.getLogger(f"{_ROOT}.{name}")


_PRESETS: dict[str, dict[str, set[str]]] = {
    "screen": {"stdout": {"screen"}, "stderr": {"screen"}},
    "log": {"stdout": {"log"}, "stderr": {"log", "screen"}},
    "both": {"stdout": {"log", "screen"}, "stderr": {"log", "screen"}},
    "own_log": {"stdout": {"own_log"}, "stderr": {"own_log"}},
    "full": {"stdout": {"screen", "log", "own_log"}, "stderr": {"screen", "log", "own_log"}},
}
_SINKS = ("screen", "log", "own_log")


def resolve_output(output: Any) -> dict[str, set[str]]:
    """Return the sinks of standard output and error for an ``output`` argument."""
    if isinstance(output, str):
        if output not in _PRESETS:
            raise ValueError(f"output is {output!r}, allowed: {', '.join(_PRESETS)}")
        return _PRESETS[output]
    if not isinstance(output, dict):
        raise TypeError(f"output is {output!r}, expected a text or a dictionary")
    unknown = set(output) - {"stdout", "stderr", "both"}
    if unknown:
        raise ValueError(f"output has {sorted(unknown)}, allowed: stdout, stderr, both")
    result: dict[str, set[str]] = {}
    for stream in ("stdout", "stderr"):
        sinks = {*_as_set(output.get(stream, ())), *_as_set(output.get("both", ()))}
        wrong = sinks - set(_SINKS)
        if wrong:
            raise ValueError(f"output[{stream!r}] has {sorted(wrong)}, allowed: {_SINKS}")
        result[stream] = sinks
    return result


def _as_set(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


class ProcessOutput:
    """Writes the lines of one process to where its ``output`` says."""

    def __init__(self, name: str, sinks: dict[str, set[str]], line_format: str) -> None:
        """Write lines as ``line_format``, which may have ``{name}`` and ``{line}``."""
        self._name = name
        self._sinks = sinks
        self._format = line_format
        self._partial = {"stdout": b"", "stderr": b""}

    def write(self, stream: str, data: bytes) -> None:
        """Take a piece of output; whole lines are passed on."""
        data = self._partial[stream] + data
        complete, newline, rest = data.rpartition(b"\n")
        self._partial[stream] = rest
        if newline:
            self._write_lines(stream, complete)

    def flush(self) -> None:
        """Pass on what has no line end."""
        for stream, rest in self._partial.items():
            if rest:
                self._partial[stream] = b""
                self._write_lines(stream, rest)

    def _write_lines(self, stream: str, data: bytes) -> None:
        lines = data.decode("utf-8", "replace").split("\n")
        sinks = self._sinks[stream]
        text = "".join(
            f"{self._format.format(name=self._name, line=line.removesuffix(CARRIAGE_RETURN))}\n"
            for line in lines
        )
        if "screen" in sinks:
            launch_config.write_screen(text)
        if "log" in sinks:
            launch_config.write_log(f"{time.time():.7f} {text}")
        if "own_log" in sinks:
            launch_config.write_own_log(f"{self._name}-{stream}.log", text)
            launch_config.write_own_log(f"{self._name}.log", text)
