"""What a finished command leaves behind, cut down to what a record keeps."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sawyer_core.errors import RecordingError
from sawyer_datasets.studies.curves import binned

METRICS: Final = "metrics.jsonl"
RESULT: Final = "result.json"
POLICY: Final = "policy.json"


def training_outcome(folder: Path, steps: int) -> dict[str, Any]:
    """Return bundle, counts and learning curve of a finished training.

    The bundle is empty where the result says why there is none.

    Args:
        folder: what ``sawyer train`` wrote.
        steps: environment steps that were asked for.

    Raises:
        RecordingError: the training is not finished, or not of this length.
    """
    bundles = sorted(folder.glob(f"bundle/*/{POLICY}"))
    result = _json(folder / RESULT) if (folder / RESULT).is_file() else {}
    without = not bundles and bool(result.get("finished")) and bool(result.get("note"))
    if len(bundles) != 1 and not without:
        raise RecordingError(f"{folder} holds {len(bundles)} policy bundles instead of one")
    rows = read_lines(folder / METRICS)
    if not rows or int(rows[-1]["env_steps"]) < steps:
        done = int(rows[-1]["env_steps"]) if rows else 0
        raise RecordingError(f"{folder} holds {done} of {steps} environment steps")
    made: dict[str, Any] = {"bundle": "", "policy": "", "config": result.get("config", {})}
    if bundles:
        described = _json(bundles[0])
        made = {
            "bundle": bundles[0].parent.relative_to(folder).as_posix(),
            "policy": str(described.get("name", bundles[0].parent.name)),
            "config": _settings(described),
        }
    return {
        **made,
        "env_steps": int(rows[-1]["env_steps"]),
        "episodes": len(rows),
        "updates": int(rows[-1].get("updates") or 0),
        "train_wall_s": _rounded(result.get("wall_s", rows[-1].get("wall_s")), 1),
        "curve": binned(rows, steps),
    }


def evaluation_outcome(path: Path) -> dict[str, Any]:
    """Return the counts of an evaluation and its figures by episode.

    Raises:
        RecordingError: the file is not what ``sawyer eval`` writes.
    """
    values = _json(path)
    try:
        rows = list(values["results"])
        outcome: dict[str, Any] = {
            "successes": int(values["successes"]),
            "episodes": int(values["episodes"]),
            "invalid": int(values.get("invalid", 0)),
            "first_seed": int(values["seed"]),
            "backend": str(values["backend"]),
            "reasons": dict(sorted(Counter(str(row["reason"]) for row in rows).items())),
            "success": [int(bool(row["success"])) for row in rows],
            "final_distance_mm": [_rounded(row.get("final_distance_mm"), 3) for row in rows],
            "peak_force_n": [_rounded(row.get("peak_force_n"), 1) for row in rows],
            "steps": [int(row["steps"]) for row in rows],
        }
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"{path} is no result of an evaluation: {error!r}") from error
    returns = [row.get("return", row.get("episode_return")) for row in rows]
    if any(value is not None for value in returns):
        outcome["return"] = [_rounded(value, 4) for value in returns]
    return outcome


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the JSON lines of a file; a last line that was cut off is left out."""
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = []
    for line in path.read_bytes().split(b"\n"):
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if isinstance(values, dict):
            found.append(values)
    return found


def _settings(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the training's settings as its bundle holds them."""
    training = described.get("training")
    found = training.get("config") if isinstance(training, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(f"cannot read {path}: {error}") from error
    if not isinstance(values, Mapping):
        raise RecordingError(f"{path} holds no mapping")
    return dict(values)


def _rounded(value: Any, digits: int) -> float | None:
    if value is None or not math.isfinite(float(value)):
        return None
    return round(float(value), digits)
