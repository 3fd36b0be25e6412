"""The session's results file: written anew, atomically, after every episode."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sawyer_interfaces.msg import EpisodeResult

from sawyer_core import RecordingError

FILE_NAME = "episodes.json"

_FIELDS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("index", int),
    ("seed", int),
    ("connector", str),
    ("policy", str),
    ("noise_mm", float),
    ("valid", bool),
    ("success", bool),
    ("reason", str),
    ("evidence", str),
    ("steps", int),
    ("time_s", float),
    ("peak_force_n", float),
    ("final_distance_mm", float),
    ("reward_name", str),
    ("reward_sum", float),
    ("reward_last", float),
    ("policy_version", str),
    ("late_policy_replies", int),
    ("clipped_commands", int),
    ("reset_attempts", int),
    ("robot_s", float),
    ("wall_s", float),
    ("steps_wall_s", float),
    ("error_code", int),
    ("error_msg", str),
)


def result_row(message: EpisodeResult) -> dict[str, Any]:
    """Plain values of a result; a number that is not finite becomes None."""
    row: dict[str, Any] = {}
    for name, kind in _FIELDS:
        value = kind(getattr(message, name))
        row[name] = None if isinstance(value, float) and not math.isfinite(value) else value
    return row


class SessionLog:
    """Collects the results and keeps the file up to date.

    Args:
        folder: made if it is not there.
        asked: what the session was asked to do, stored beside the results.
        resume: keep the results that are in the file.

    Raises:
        RecordingError: the folder cannot be made, or the file to go on with cannot be read.
    """

    def __init__(self, folder: Path, asked: dict[str, Any], *, resume: bool = False) -> None:
        self.path = folder / FILE_NAME
        self._asked = asked
        self._rows: list[dict[str, Any]] = []
        self._began = time.monotonic()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _failed(f"cannot make output_dir {folder}", error) from error
        if resume and self.path.is_file():
            self._rows = _rows_of(self.path)

    @property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """Results so far."""
        return tuple(self._rows)

    def add(self, message: EpisodeResult) -> None:
        """Append one result and write the file."""
        self._rows.append(result_row(message))
        self.write(complete=False)

    def write(self, *, complete: bool) -> None:
        """Write to a temporary name, then rename: a reader never sees half a file.

        Raises:
            RecordingError: the file cannot be written.
        """
        content = {
            **self._asked,
            "complete": complete,
            "wall_s": time.monotonic() - self._began,
            "sim_s": math.fsum(row["robot_s"] or 0.0 for row in self._rows),
            "episodes": self._rows,
        }
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
        try:
            temporary.write_text(text, "utf-8")
            temporary.replace(self.path)
        except OSError as error:
            raise _failed(f"cannot write {self.path}", error) from error


def _rows_of(path: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(path.read_text("utf-8"))["episodes"])
    except OSError as error:
        raise _failed(f"cannot read {path}", error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path} is not the results file of a session: {error}") from error


def _failed(what: str, error: OSError) -> RecordingError:
    return RecordingError(f"{what}: {error.strerror or error}", errno=error.errno)
