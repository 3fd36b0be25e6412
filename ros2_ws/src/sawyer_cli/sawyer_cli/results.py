"""Results of episodes: reading them, summing them up, showing them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sawyer_cli.errors import CommandError

if TYPE_CHECKING:
    from rich.table import Table

Z_95 = 1.959963984540054  # 97.5 % point of the standard normal distribution


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
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"episode {index}: bad or missing field {error}", status=1) from error


def _number(value: Any) -> float:
    """Return a float; JSON has no NaN, so null stands for a number that is not there."""
    return math.nan if value is None else float(value)


def read_episodes(path: Path) -> list[EpisodeRow]:
    """Read the session's ``episodes.json``.

    Raises:
        CommandError: the file is missing or malformed.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandError(f"{path} was not written: the session did not end", status=1) from None
    except json.JSONDecodeError as error:
        raise CommandError(f"{path} is not JSON: {error}", status=1) from error
    entries = data["episodes"] if isinstance(data, dict) and "episodes" in data else data
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise CommandError(f"{path}: expected a list of episode results", status=1)
    return [row_from(i, entry) for i, entry in enumerate(entries)]


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a success rate.

    It stays inside [0, 1] and is of use at 0 and at 100 %, where the normal interval has no
    width (E. B. Wilson, 1927).

    >>> [round(x, 4) for x in wilson_interval(60, 100)]
    [0.502, 0.6906]
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    rate = successes / trials
    shrink = 1.0 + Z_95**2 / trials
    centre = (rate + Z_95**2 / (2 * trials)) / shrink
    half = Z_95 / shrink * math.sqrt(rate * (1 - rate) / trials + Z_95**2 / (4 * trials**2))
    lower = 0.0 if successes == 0 else max(0.0, centre - half)
    upper = 1.0 if successes == trials else min(1.0, centre + half)
    return lower, upper


def episode_table(rows: Sequence[EpisodeRow], title: str) -> Table:
    """Return the table that ends a demo."""
    from rich.table import Table

    table = Table(title=title)
    for heading in ("episode", "success", "time (s)", "peak force (N)", "final distance (mm)"):
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
