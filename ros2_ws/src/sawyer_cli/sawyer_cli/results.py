"""Results of episodes: reading them, summing them up, showing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sawyer_cli.errors import CommandError

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class EpisodeRow:
    """What the tables and the JSON say about one episode."""

    index: int
    seed: int
    success: bool
    valid: bool
    reason: str
    steps: int
    time_s: float
    peak_force_n: float
    final_distance_mm: float
    wall_s: float
    steps_wall_s: float = math.nan  # the control periods alone, without preparing and reset


def row_from(index: int, values: dict[str, Any]) -> EpisodeRow:
    """Build a row from one entry of ``episodes.json``.

    Raises:
        CommandError: a field is missing or is no number.
    """
    try:
        return EpisodeRow(
            index=int(values.get("index", index)),
            seed=int(values["seed"]),
            success=bool(values["success"]),
            valid=bool(values.get("valid", True)),
            reason=str(values["reason"]),
            steps=int(values["steps"]),
            time_s=_number(values["time_s"]),
            peak_force_n=_number(values["peak_force_n"]),
            final_distance_mm=_number(values["final_distance_mm"]),
            wall_s=_number(values.get("wall_s", 0.0)),
            steps_wall_s=_number(values.get("steps_wall_s")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"episode {index}: bad or missing field {error}", status=1) from error


def _number(value: Any) -> float:
    """Return a float; JSON has no NaN, so null stands for a number that is not there."""
    return math.nan if value is None else float(value)


def read_episodes(folder: Path) -> list[EpisodeRow]:
    """Read the results that the session left in its output folder.

    Raises:
        CommandError: there are none, or they are malformed.
    """
    from sawyer_core.errors import RecordingError
    from sawyer_datasets.sessions import read_session

    try:
        session = read_session(folder)
    except RecordingError as error:
        raise CommandError(f"the session left no usable results: {error}", status=1) from error
    return [row_from(i, dict(row)) for i, row in enumerate(session.rows)]


def episode_table(rows: Sequence[EpisodeRow], title: str) -> Table:
    """Return the table that ends a demo."""
    from rich.table import Table

    table = Table(title=title)
    for heading in ("episode", "success", "time (s)", "peak force (N)", "distance (mm)"):
        table.add_column(heading, justify="right")
    table.add_column("ended by")
    for row in rows:
        word = "[green]yes[/]" if row.success else "[red]no[/]"
        table.add_row(
            str(row.index),
            word if row.valid else "[yellow]not valid[/]",
            f"{row.time_s:.1f}",
            f"{row.peak_force_n:.1f}",
            f"{row.final_distance_mm:.2f}",
            row.reason,
        )
    return table
