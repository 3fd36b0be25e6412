"""``sawyer eval insertion``: many episodes, a success rate with its interval, a JSON file."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sawyer_cli.choices import (
    BACKENDS,
    require_connector,
    require_policy,
    require_range,
)
from sawyer_cli.domains import own_domain
from sawyer_cli.errors import CommandError, require_choice
from sawyer_cli.quiet import chatter_elsewhere, import_quietly
from sawyer_cli.results import EpisodeRow, read_episodes

if TYPE_CHECKING:
    from rich.table import Table

MAX_NOISE_MM = 10.0  # the bound of sawyer_controllers.episode.EpisodeSpec
MAX_EPISODES = 100_000  # ours
MAX_SEED = 2**31 - 1  # the bound of EpisodeSpec; seeds count up from the first episode's
LAUNCH_START_S = 120.0  # ours: time allowed for start-up and shutdown of the graph
EPISODE_WALL_S = 60.0  # ours: time allowed per episode


@dataclass(frozen=True)
class EvaluationRequest:
    """What is evaluated; ``noise_mm`` is the half width of the uniform goal noise."""

    connector: str
    policy: str
    noise_mm: float
    episodes: int
    seed: int
    backend: str
    workers: int = 1

    def checked(self) -> EvaluationRequest:
        """Return self, or raise ``CommandError`` with what is allowed."""
        require_connector(self.connector)
        require_policy(self.policy)
        require_choice("backend", self.backend, BACKENDS)
        require_range("--noise-mm", self.noise_mm, 0.0, MAX_NOISE_MM)
        require_range("--episodes", self.episodes, 1, MAX_EPISODES)
        require_range("--seed", self.seed, 0, MAX_SEED - self.episodes)
        require_range("--workers", self.workers, 1, 256)
        return self


def evaluate(request: EvaluationRequest, folder: Path | None = None) -> dict[str, Any]:
    """Run the episodes and return the summary that goes into the JSON file.

    Args:
        request: what to run.
        folder: where the graph writes (back end ``ros`` only).
    """
    started = time.monotonic()
    if request.backend == "gym":
        rows = run_gym(request)
    elif folder is not None:
        rows = run_ros(request, folder)
    else:
        raise ValueError("the ros back end needs a folder")
    return summary(request, rows, wall_s=time.monotonic() - started)


def run_gym(request: EvaluationRequest) -> list[EpisodeRow]:
    """Run the episodes in this process (or in worker processes)."""
    import_quietly("pybullet")
    from sawyer_policies import default_registry
    from sawyer_policies.serving.threads import limit_threads
    from sawyer_sim.evaluation import evaluate_gym

    limit_threads(1)  # of a learned policy: the processes share the cores already

    with chatter_elsewhere():
        results = evaluate_gym(
            request.connector,
            default_registry().get(request.policy),
            noise_mm=request.noise_mm,
            episodes=request.episodes,
            seed=request.seed,
            workers=request.workers,
        )
    return [row_of(i, result) for i, result in enumerate(results)]


def row_of(index: int, result: Any) -> EpisodeRow:
    """Return the row of a result of the gym back end."""
    return EpisodeRow(
        index=index,
        seed=int(result.seed),
        success=bool(result.success),
        valid=bool(result.valid),
        reason=str(result.reason),
        steps=int(result.steps),
        time_s=float(result.time_s),
        peak_force_n=float(result.peak_force_n),
        final_distance_mm=float(result.final_distance_m) * 1e3,
        wall_s=0.0,
    )


def run_ros(request: EvaluationRequest, folder: Path) -> list[EpisodeRow]:
    """Run the episodes on the graph."""
    from sawyer_cli.launching import launch_command, log_tail, run_launch

    command = launch_command(
        {
            "connector": request.connector,
            "policy": request.policy,
            "episodes": request.episodes,
            "seed": request.seed,
            "noise_mm": request.noise_mm,
            "record": False,
            "output_dir": folder,
        }
    )
    log = folder / "launch.log"
    with own_domain() as domain:
        outcome = run_launch(
            command,
            log,
            timeout_s=LAUNCH_START_S + EPISODE_WALL_S * request.episodes,
            environment={"ROS_DOMAIN_ID": domain},
        )
    if not outcome.clean:
        raise CommandError(
            f"the graph did not end well (exit {outcome.status}); {log} ends with:\n"
            f"{log_tail(log)}",
            status=1,
        )
    return read_episodes(folder)


def summary(
    request: EvaluationRequest, rows: Sequence[EpisodeRow], *, wall_s: float
) -> dict[str, Any]:
    """Return the summary; an episode that is not valid counts neither way.

    Raises:
        CommandError: results are missing, or no episode is valid.
    """
    from sawyer_core.errors import ConfigError
    from sawyer_datasets.evaluation import EvalResult

    if len(rows) != request.episodes:
        raise CommandError(f"{len(rows)} results for {request.episodes} episodes", status=1)
    try:
        result = EvalResult.from_outcomes(
            rows,
            connector=request.connector,
            policy=request.policy,
            noise_mm=request.noise_mm,
            seed=request.seed,
            backend=request.backend,
            wall_s=wall_s,
            sim_s=sum(row.time_s for row in rows),
        )
    except ConfigError as error:
        raise CommandError(f"nothing to count: {error}", status=1) from error
    invalid = sum(not row.valid for row in rows)
    return {
        **result.to_dict(),
        "invalid": invalid,
        "results": [asdict(row) for row in rows],
    }


def summary_table(result: dict[str, Any]) -> Table:
    """Return a table with the success rate and its 95 % interval."""
    from rich.table import Table

    low, high = result["ci95"]
    table = Table(
        title=f"{result['connector']}, {result['policy']}, noise {result['noise_mm']:g} mm, "
        f"back end {result['backend']}",
        show_header=False,
    )
    table.add_row("success", f"{result['successes']} of {result['episodes']}")
    rate = f"{100 * result['success_rate']:.0f} %"
    table.add_row("rate, 95 % interval", f"{rate}, {100 * low:.0f} to {100 * high:.0f} %")
    if result["invalid"]:
        asked = result["invalid"] + result["episodes"]
        table.add_row("not valid, not counted", f"{result['invalid']} of {asked}")
    table.add_row("mean steps", f"{result['mean_steps']:.1f}")
    table.add_row("median final distance", f"{_median(result['final_distance_mm']):.2f} mm")
    table.add_row("median peak force", f"{_median(result['peak_force_n']):.1f} N")
    speed = result["sim_s"] / result["wall_s"]
    table.add_row(
        "robot time, wall time",
        f"{result['sim_s']:.1f} s, {result['wall_s']:.1f} s ({speed:.1f} x real time)",
    )
    return table


def _median(values: Sequence[float]) -> float:
    import statistics

    finite = [value for value in values if math.isfinite(value)]
    return statistics.median(finite) if finite else math.nan


def json_text(result: dict[str, Any]) -> str:
    """Return strict JSON (a number that is not finite becomes null)."""

    def plain(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return value

    return json.dumps(plain(result), indent=2, allow_nan=False) + "\n"
