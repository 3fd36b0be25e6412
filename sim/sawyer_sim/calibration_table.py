"""The six-cell calibration: the P-controller alone against the real robot's published numbers.

``python -m sawyer_sim.calibration_table --episodes 100 --seed 0 --out docs/results``
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sawyer_controllers.episode import EpisodeResult
from sawyer_sim.connectors import CONNECTOR_NAMES, load_connector
from sawyer_sim.evaluation import evaluate_gym

TOLERANCE_POINTS = 10.0

# Success of the human P-controller, percent of 25 runs: thesis chapter 9, tables 3 and 4.
TARGETS_PERCENT: dict[tuple[str, float], float] = {
    ("usb", 0.0): 100.0,
    ("usb", 1.0): 60.0,
    ("dsub", 0.0): 100.0,
    ("dsub", 1.0): 44.0,
    ("model_e", 0.0): 52.0,
    ("model_e", 1.0): 24.0,
}
_TARGET_RUNS = 25


@dataclass(frozen=True)
class Cell:
    """One cell of the table."""

    connector: str
    noise_mm: float
    episodes: int
    successes: int
    target_percent: float

    @property
    def percent(self) -> float:
        """Success in percent."""
        return 100.0 * self.successes / self.episodes

    @property
    def within(self) -> bool:
        """Within the tolerance of the published number."""
        return abs(self.percent - self.target_percent) <= TOLERANCE_POINTS


def wilson_percent(successes: int, runs: int) -> tuple[float, float]:
    """95 % Wilson interval in percent.

    >>> [round(value, 1) for value in wilson_percent(50, 100)]
    [40.4, 59.6]
    """
    z = 1.959964
    share = successes / runs
    centre = share + z * z / (2 * runs)
    spread = z * math.sqrt(share * (1 - share) / runs + z * z / (4 * runs * runs))
    scale = 1 + z * z / runs
    return 100 * max(centre - spread, 0.0) / scale, 100 * min((centre + spread) / scale, 1.0)


def measure(episodes: int, seed: int, workers: int) -> tuple[list[Cell], list[dict[str, Any]]]:
    """Run all cells; returns them with the details that go into the JSON file."""
    cells: list[Cell] = []
    details: list[dict[str, Any]] = []
    for (connector, noise_mm), target in TARGETS_PERCENT.items():
        started = time.monotonic()
        results = evaluate_gym(
            connector, "p_controller", noise_mm, episodes, seed, workers=workers
        )
        cell = Cell(connector, noise_mm, episodes, sum(r.success for r in results), target)
        cells.append(cell)
        details.append(_detail(cell, results, time.monotonic() - started))
    return cells, details


def _detail(cell: Cell, results: Sequence[EpisodeResult], wall_s: float) -> dict[str, Any]:
    reasons = sorted({result.reason for result in results})
    return {
        "connector": cell.connector,
        "noise_mm": cell.noise_mm,
        "episodes": cell.episodes,
        "successes": cell.successes,
        "success_percent": cell.percent,
        "ci95_percent": wilson_percent(cell.successes, cell.episodes),
        "target_percent": cell.target_percent,
        "within_tolerance": cell.within,
        "reasons": {name: sum(r.reason == name for r in results) for name in reasons},
        "mean_steps": sum(r.steps for r in results) / len(results),
        "success_by_episode": [r.success for r in results],
        "steps": [r.steps for r in results],
        "peak_force_n": [round(r.peak_force_n, 2) for r in results],
        "final_distance_mm": [round(1e3 * r.final_distance_m, 3) for r in results],
        "wall_s": round(wall_s, 1),
    }


def markdown(cells: Sequence[Cell], seed: int, command: str) -> str:
    """The table as Markdown."""
    lines = [
        "# Six-cell calibration of the twin",
        "",
        "P-controller alone (eq. 50), success = electrical contact held for 0.5 s within 50 steps",
        f"at 10 Hz, seeds from {seed}. Robot: thesis chapter 9, tables 3 and 4, 25 runs each.",
        "",
        "| connector | goal | twin | 95 % interval | robot | difference | within 10 points |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        low, high = wilson_percent(cell.successes, cell.episodes)
        goal = "exact" if cell.noise_mm == 0 else f"±{cell.noise_mm:g} mm"
        lines.append(
            f"| {load_connector(cell.connector).title} | {goal} "
            f"| {cell.successes}/{cell.episodes} = {cell.percent:.0f} % "
            f"| {low:.0f} to {high:.0f} % | {cell.target_percent:.0f} % "
            f"| {cell.percent - cell.target_percent:+.0f} | {'yes' if cell.within else 'no'} |"
        )
    return "\n".join([*lines, "", f"Made with `{command}`.", ""])


def picture(cells: Sequence[Cell], path: Path) -> None:
    """The table as bars."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    labels = []
    for index, cell in enumerate(cells):
        low, high = wilson_percent(cell.successes, cell.episodes)
        error = [[cell.percent - low], [high - cell.percent]]
        axes.bar(index - 0.2, cell.percent, 0.38, color="#2f6db3", yerr=error, capsize=3)
        low, high = wilson_percent(round(cell.target_percent / 100 * _TARGET_RUNS), _TARGET_RUNS)
        error = [[cell.target_percent - low], [high - cell.target_percent]]
        axes.bar(
            index + 0.2,
            cell.target_percent,
            0.38,
            color="#c9c9c9",
            yerr=error,
            capsize=3,
            ecolor="#666666",
        )
        tolerance = (
            cell.target_percent - TOLERANCE_POINTS,
            cell.target_percent + TOLERANCE_POINTS,
        )
        axes.hlines(
            [min(value, 100.0) for value in tolerance],
            index - 0.42,
            index + 0.42,
            color="#b03030",
            linestyles="dotted",
        )
        axes.annotate(f"{cell.percent:.0f}", (index - 0.2, 3), ha="center", color="white")
        axes.annotate(f"{cell.target_percent:.0f}", (index + 0.2, 3), ha="center")
        goal = "exact goal" if cell.noise_mm == 0 else f"±{cell.noise_mm:g} mm"
        labels.append(f"{load_connector(cell.connector).title}\n{goal}")
    axes.set_xticks(range(len(cells)), labels)
    axes.set_ylabel("success, %")
    axes.set_ylim(0, 108)
    axes.bar([0], [0], color="#2f6db3", label=f"twin, {cells[0].episodes} episodes")
    axes.bar([0], [0], color="#c9c9c9", label=f"robot, {_TARGET_RUNS} runs (published)")
    axes.plot([], [], color="#b03030", linestyle="dotted", label="±10 points around the robot")
    axes.legend(loc="upper right", fontsize=8)
    axes.set_title("P-controller alone: twin against the published robot runs")
    figure.savefig(path, dpi=130)


def write_atomically(path: Path, text: str) -> None:
    """Write to a temporary name in the same folder, then rename."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, 0o644)
    Path(name).replace(path)


def run(
    *,
    episodes: int = 100,
    seed: int = 0,
    workers: int = 1,
    out: Path | None = None,
    json_path: Path | None = None,
) -> dict[str, Any]:
    """Measure the six cells and write JSON, Markdown and picture.

    Args:
        episodes: episodes per cell.
        seed: seed of the first episode of each cell.
        workers: processes.
        out: folder for ``calibration.json``, ``calibration.md`` and ``calibration.png``.
        json_path: another place for the JSON alone.
    """
    started = time.monotonic()
    cells, details = measure(episodes, seed, workers)
    data = {
        "policy": "p_controller",
        "seed": seed,
        "tolerance_points": TOLERANCE_POINTS,
        "connectors": list(CONNECTOR_NAMES),
        "cells": details,
        "all_within_tolerance": all(cell.within for cell in cells),
        "wall_s": round(time.monotonic() - started, 1),
    }
    command = f"python -m sawyer_sim.calibration_table --episodes {episodes} --seed {seed}"
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / "calibration.json", json.dumps(data, indent=1) + "\n")
        write_atomically(out / "calibration.md", markdown(cells, seed, command))
        picture(cells, out / "calibration.png")
    if json_path is not None:
        write_atomically(json_path, json.dumps(data, indent=1) + "\n")
    data["markdown"] = markdown(cells, seed, command)
    return data


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=100, help="episodes per cell")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first episode")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--out", type=Path, default=None, help="folder for JSON, table, picture")
    parser.add_argument("--json", type=Path, default=None, help="file for the JSON alone")
    chosen = parser.parse_args(arguments)
    data = run(
        episodes=chosen.episodes,
        seed=chosen.seed,
        workers=chosen.workers,
        out=chosen.out,
        json_path=chosen.json,
    )
    print(data["markdown"])
    return 0 if data["all_within_tolerance"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
