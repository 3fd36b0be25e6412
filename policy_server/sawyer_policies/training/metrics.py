"""Figures of a run: one JSON line per episode, and the same in TensorBoard's format."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sawyer_policies.training.disk import AppendedFile, PatientWriter
from sawyer_policies.training.tensorboard import header, scalars

METRICS_FILE = "metrics.jsonl"
EVENTS_FILE = "tensorboard/events.out.tfevents.sawyer"


class MetricsLog:
    """Appends to both files; a run that goes on cuts them back to its checkpoint first.

    Args:
        folder: of the run.
        writer: waits where the disk is full.
        kept: lengths in bytes, as :meth:`sizes` gave them.
    """

    def __init__(
        self, folder: Path, writer: PatientWriter, kept: Mapping[str, int] | None = None
    ) -> None:
        kept = kept or {}
        self._writer = writer
        (folder / EVENTS_FILE).parent.mkdir(parents=True, exist_ok=True)
        self._lines = AppendedFile(folder / METRICS_FILE, kept.get(METRICS_FILE, 0))
        self._events = AppendedFile(folder / EVENTS_FILE, kept.get(EVENTS_FILE, 0))
        if self._events.size_bytes == 0:
            first = header(time.time())
            writer.run(lambda: self._events.append(first), EVENTS_FILE)

    def write(self, row: Mapping[str, Any]) -> None:
        """Add the figures of one episode."""
        plain = {name: _plain(value) for name, value in row.items()}
        line = json.dumps(plain, allow_nan=False).encode() + b"\n"
        self._writer.run(lambda: self._lines.append(line), METRICS_FILE)
        event = scalars(_scalars(plain), int(row["env_steps"]), time.time())
        self._writer.run(lambda: self._events.append(event), EVENTS_FILE)

    def sizes(self) -> dict[str, int]:
        """Lengths in bytes, for :class:`MetricsLog` of the run that goes on."""
        self._lines.sync()
        self._events.sync()
        return {METRICS_FILE: self._lines.size_bytes, EVENTS_FILE: self._events.size_bytes}

    def close(self) -> None:
        """Close both files."""
        self._lines.close()
        self._events.close()


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Rows of a run; a last line that a kill cut short is left out."""
    path = folder / METRICS_FILE
    if not path.is_file():
        return []
    rows = []
    for line in path.read_bytes().split(b"\n"):
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def _plain(value: Any) -> Any:
    """JSON has no NaN: a figure that is not finite becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _scalars(row: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= _scalars(value, f"{prefix}{name}/")
        elif isinstance(value, (bool, int, float)) and name != "env_steps":
            found[prefix + name if prefix else f"episode/{name}"] = float(value)
    return found
