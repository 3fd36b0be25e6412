"""Learning curves: the episodes of a training in a few bins, and the mean over trainings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import RecordingError

BINS: Final = 40  # of a training's environment steps; ours
SMOOTHED_BINS: Final = 3  # in pictures; ours
QUANTITIES: Final = ("final_distance_m", "success", "return")

Floats = npt.NDArray[np.float64]


def binned(rows: Sequence[Mapping[str, Any]], steps: int, bins: int = BINS) -> dict[str, Any]:
    """Return the mean of each quantity over the episodes that ended in each bin of steps.

    A bin in which no whole episode ended holds null. Episodes that came to no verdict, such as
    the last one that the budget of steps cut off, are left out.

    Args:
        rows: lines of ``metrics.jsonl``, with ``env_steps`` at the end of each episode.
        steps: environment steps of the training.
        bins: number of bins.
    """
    edges = np.linspace(0.0, float(steps), bins + 1)
    sums: dict[str, list[list[float]]] = {name: [[] for _ in range(bins)] for name in QUANTITIES}
    for row in rows:
        if row.get("final_distance_m") is None:
            continue
        place = min(bins - 1, max(0, math.ceil(row["env_steps"] / steps * bins) - 1))
        for name in QUANTITIES:
            if row.get(name) is not None:
                sums[name][place].append(float(row[name]))
    curve: dict[str, Any] = {"env_steps": [round(float(edge)) for edge in edges[1:]]}
    for name, groups in sums.items():
        curve[name] = [float(f"{np.mean(g):.5g}") if g else None for g in groups]
    return curve


@dataclass(frozen=True)
class Band:
    """Mean and spread of a quantity over trainings, at the same environment steps."""

    env_steps: Floats
    mean: Floats
    low: Floats
    high: Floats
    trainings: int


def band(curves: Sequence[Mapping[str, Any]], quantity: str) -> Band:
    """Return the mean over trainings with the smallest and largest of them.

    Raises:
        RecordingError: there are no curves, or they have not the same bins.
    """
    if not curves:
        raise RecordingError("no learning curve to draw")
    steps = [list(curve["env_steps"]) for curve in curves]
    if any(other != steps[0] for other in steps[1:]):
        raise RecordingError("learning curves of different lengths cannot share a band")
    values = np.array([[_number(v) for v in curve[quantity]] for curve in curves])
    known = ~np.all(np.isnan(values), axis=0)
    values = values[:, known]
    return Band(
        env_steps=np.asarray(steps[0], dtype=np.float64)[known],
        mean=np.nanmean(values, axis=0),
        low=np.nanmin(values, axis=0),
        high=np.nanmax(values, axis=0),
        trainings=len(curves),
    )


def smooth(data: Band, width: int = SMOOTHED_BINS) -> Band:
    """Return the running mean over an odd number of bins, fewer at the two ends."""

    def running(values: Floats) -> Floats:
        half = width // 2
        parts = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
        return np.array([part.mean() for part in parts])

    return replace(data, mean=running(data.mean), low=running(data.low), high=running(data.high))


def steps_until(curve: Mapping[str, Any], success_rate: float, bins: int = 3) -> int | None:
    """Return the environment steps after which a training succeeds and goes on succeeding.

    The first bin from which on the mean success of this and the next bins (``bins`` in all)
    reaches the rate; None where no bin does. The steps are those at the end of the bin.
    """
    success = [_number(value) for value in curve["success"]]
    for first in range(len(success) - bins + 1):
        window = [value for value in success[first : first + bins] if not math.isnan(value)]
        if window and sum(window) / len(window) >= success_rate:
            return int(curve["env_steps"][first])
    return None


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
