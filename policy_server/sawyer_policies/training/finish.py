"""What a finished run leaves: the policy's bundle, the learning curve, the result."""

from __future__ import annotations

import io
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sawyer_core.errors import ConfigError
from sawyer_policies.bundles import save_bundle
from sawyer_policies.observations import ObservationConfig
from sawyer_policies.training.config import TrainingConfig, config_mapping
from sawyer_policies.training.disk import PatientWriter, replace_file
from sawyer_policies.training.metrics import read_metrics
from sawyer_policies.training.origin import origin_commit
from sawyer_policies.training.served import served_info

RESULT_FILE = "result.json"
CURVE_FILE = "curve.png"
LAST = 20


@dataclass(frozen=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        folder: of the run.
        finished: False where it was stopped before its last step; no bundle then.
        bundle: folder of the policy, empty without one.
        env_steps: done.
        episodes: done.
        updates: gradient updates done.
        wall_s: time in episodes and updates, over all parts of an interrupted run.
        success_rate_20: of the last 20 training episodes, exploration included.
        final_distance_m: median of the same.
        git_commit: of the code that the run was begun with.
        note: why a finished run has no policy that could be served; empty where it has.
    """

    folder: str
    finished: bool
    bundle: str
    env_steps: int
    episodes: int
    updates: int
    wall_s: float
    success_rate_20: float
    final_distance_m: float
    git_commit: str
    note: str = ""


def why_no_bundle(config: TrainingConfig) -> str:
    """Why what is learned cannot be served by itself; empty where it can.

    >>> why_no_bundle(TrainingConfig())
    ''
    """
    if not config.base_policy:
        return ""
    return (
        f"no bundle: the policy was learned on top of the frozen policy {config.base_policy}, "
        "which a bundle does not hold, and would act without it; its weights are in the checkpoint"
    )


def write_bundle(
    folder: Path,
    config: TrainingConfig,
    observation: ObservationConfig,
    policy: tuple[Mapping[str, Any], Mapping[str, Any]],
    env_steps: int,
) -> Path:
    """Write the policy as a bundle into ``folder/bundle/<name>``; returns its path.

    Raises:
        ConfigError: the policy cannot be served by itself, see :func:`why_no_bundle`.
    """
    if why_no_bundle(config):
        raise ConfigError("base_policy", config.base_policy, "none, in a policy that is served")
    network, weights = policy
    info = served_info(
        config,
        observation,
        network,
        training={"steps": env_steps, "config": config_mapping(config)},
        git_commit=origin_commit(folder),
    )
    return save_bundle(folder / "bundle" / config.bundle_name, info, weights)


def make_result(
    folder: Path, *, finished: bool, bundle: str, updates: int, wall_s: float, note: str = ""
) -> TrainingResult:
    """Result from the metrics of a run."""
    rows = read_metrics(folder)
    last = [row for row in rows if row["final_distance_m"] is not None][-LAST:]
    distances = [float(row["final_distance_m"]) for row in last]
    successes = [bool(row["success"]) for row in last]
    return TrainingResult(
        folder=str(folder),
        finished=finished,
        bundle=bundle,
        env_steps=int(rows[-1]["env_steps"]) if rows else 0,
        episodes=len(rows),
        updates=updates,
        wall_s=wall_s,
        success_rate_20=sum(successes) / len(successes) if successes else 0.0,
        final_distance_m=statistics.median(distances) if distances else math.nan,
        git_commit=origin_commit(folder),
        note=note,
    )


def write_result(
    folder: Path, config: TrainingConfig, result: TrainingResult, writer: PatientWriter
) -> None:
    """Write ``result.json`` and ``curve.png``."""
    values: dict[str, Any] = asdict(result)
    values["folder"] = Path(result.folder).name  # true wherever the folder is moved
    values["bundle"] = str(Path(result.bundle).relative_to(folder)) if result.bundle else ""
    values |= {
        "config": config_mapping(config),
        "written": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
    }
    if not math.isfinite(result.final_distance_m):
        values["final_distance_m"] = None
    text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    writer.run(lambda: replace_file(folder / RESULT_FILE, text.encode()), RESULT_FILE)
    picture = curve_png(read_metrics(folder), config.bundle_name)
    writer.run(lambda: replace_file(folder / CURVE_FILE, picture), CURVE_FILE)


def curve_png(rows: Sequence[Mapping[str, Any]], title: str) -> bytes:
    """Learning curve: final distance and success of training episodes over environment steps."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    whole = [row for row in rows if row["final_distance_m"] is not None]
    steps = [row["env_steps"] for row in whole]
    figure = Figure(figsize=(7.0, 5.0), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    distance, success = figure.subplots(2, 1, sharex=True)
    millimetres = [row["final_distance_m"] * 1e3 for row in whole]
    distance.plot(steps, millimetres, ".", color="#9aa5b1", markersize=3, label="episode")
    distance.plot(steps, _running(millimetres), color="#1f5fa8", label=f"mean of {LAST}")
    distance.set_ylabel("final distance (mm)")
    distance.set_ylim(bottom=0.0)
    distance.legend(frameon=False)
    rates = _running([100.0 * row["success"] for row in whole])
    success.plot(steps, rates, color="#2a7d3f")
    success.set_ylabel(f"success, mean of {LAST} (%)")
    success.set_ylim(-3.0, 103.0)
    success.set_xlabel("environment steps")
    distance.set_title(title)
    for axes in (distance, success):
        axes.grid(alpha=0.3)
        warmup = [row["env_steps"] for row in whole if row["warming_up"]]
        if warmup:
            axes.axvspan(0, warmup[-1], color="#000000", alpha=0.05)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _running(values: Sequence[float]) -> list[float]:
    """Mean of the last ``LAST`` values at each place."""
    means = []
    for index in range(len(values)):
        window = values[max(0, index + 1 - LAST) : index + 1]
        means.append(sum(window) / len(window))
    return means
