"""``sawyer eval blocks``: episodes of the block assembly, with their returns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sawyer_cli.choices import BACKENDS, require_policy, require_range
from sawyer_cli.domains import own_domain
from sawyer_cli.errors import CommandError, require_choice
from sawyer_cli.evaluate import (
    EPISODE_WALL_S,
    LAUNCH_START_S,
    MAX_EPISODES,
    MAX_SEED,
    EvaluationRequest,
    row_of,
    summary,
)
from sawyer_cli.quiet import chatter_elsewhere, import_quietly

SCENES = ("blocks", "blocks_b")
YAW_SETS = ("uniform", "discrete")
HAND = "p_controller"
DISCRETE_YAW_RAD = 0.3490658503988659  # thesis chapter 8: 20 degrees on the arm
HORIZON = 50  # the default of the episode manager


@dataclass(frozen=True)
class BlocksRequest:
    """What is evaluated; ``yaw_rad`` None: straight, or 20 degrees with the discrete set."""

    scene: str
    policy: str
    yaw_rad: float | None
    yaw_set: str
    sigma: float
    mu: float
    episodes: int
    seed: int
    backend: str
    workers: int = 1

    def checked(self) -> BlocksRequest:
        """Return self, or raise ``CommandError`` with what is allowed."""
        require_choice("scene", self.scene, SCENES)
        require_policy(self.policy)
        require_choice("yaw set", self.yaw_set, YAW_SETS)
        require_choice("backend", self.backend, BACKENDS)
        require_range("--yaw-rad", self.options["block_yaw_rad"], 0.0, 0.5)
        require_range("--noise-sigma", self.sigma, 0.0, 1.0)
        require_range("--bias-mu", self.mu, -1.0, 1.0)
        require_range("--episodes", self.episodes, 1, MAX_EPISODES)
        require_range("--seed", self.seed, 0, MAX_SEED - self.episodes)
        require_range("--workers", self.workers, 1, 256)
        return self

    @property
    def options(self) -> dict[str, Any]:
        """Options of an episode, by the names of EpisodeSpec and of the launch file."""
        default = DISCRETE_YAW_RAD if self.yaw_set == "discrete" else 0.0
        return {
            "block_yaw_rad": default if self.yaw_rad is None else self.yaw_rad,
            "block_yaw_set": self.yaw_set,
            "control_sigma": self.sigma,
            "control_mu": self.mu,
        }


def evaluate_blocks(request: BlocksRequest, folder: Path | None = None) -> dict[str, Any]:
    """Run the episodes and return the summary that goes into the JSON file.

    Args:
        request: what to run.
        folder: where the graph writes (back end ``ros`` only).
    """
    started = time.monotonic()
    if request.backend == "gym":
        rows, more = _gym(request)
    elif folder is not None:
        rows, more = _ros(request, folder)
    else:
        raise ValueError("the ros back end needs a folder")
    plain = EvaluationRequest(
        request.scene, request.policy, 0.0, request.episodes, request.seed, request.backend
    )
    result = summary(plain, rows, wall_s=time.monotonic() - started)
    for row, extra in zip(result["results"], more, strict=True):
        row.update(extra)
    returns = [entry["return"] for entry in more if entry["return"] is not None]
    result["mean_return"] = sum(returns) / len(returns) if returns else None
    return {**result, "task": "blocks", **request.options}


def _gym(request: BlocksRequest) -> tuple[list[Any], list[dict[str, Any]]]:
    import_quietly("pybullet")
    from sawyer_policies import default_registry
    from sawyer_policies.serving.threads import limit_threads
    from sawyer_sim.blocks.evaluation import evaluate_blocks as run

    limit_threads(1)
    with chatter_elsewhere():
        outcomes = run(
            request.scene,
            default_registry().get(request.policy),
            request.episodes,
            request.seed,
            options=request.options,
            workers=request.workers,
        )
    rows = [row_of(index, outcome.result) for index, outcome in enumerate(outcomes)]
    return rows, [
        {"return": outcome.episode_return, "block_yaw_rad": list(outcome.block_yaw_rad)}
        for outcome in outcomes
    ]


def _ros(request: BlocksRequest, folder: Path) -> tuple[list[Any], list[dict[str, Any]]]:
    from sawyer_cli.launching import launch_command, log_tail, run_launch
    from sawyer_cli.results import read_episodes
    from sawyer_datasets.sessions import read_session

    command = launch_command(
        {
            "task": request.scene,
            "policy": request.policy,
            "episodes": request.episodes,
            "seed": request.seed,
            **request.options,
            "camera": False,
            "record": False,
            "output_dir": folder,
        }
    )
    log = folder / "launch.log"
    limit_s = LAUNCH_START_S + EPISODE_WALL_S * request.episodes
    with own_domain() as domain:
        outcome = run_launch(
            command, log, timeout_s=limit_s, environment={"ROS_DOMAIN_ID": domain}
        )
    if not outcome.clean:
        text = f"the graph did not end well (exit {outcome.status}); {log} ends with:\n"
        raise CommandError(text + log_tail(log), status=1)
    found = [dict(row) for row in read_session(folder).rows]
    return read_episodes(folder), [
        {"return": _return(row), "block_yaw_rad": _yaw(request, int(row["seed"]))} for row in found
    ]


def _return(row: dict[str, Any]) -> float | None:
    """Sum of the rewards; the last one goes on from an early end to the horizon."""
    total, last = row.get("reward_sum"), row.get("reward_last")
    if total is None or last is None:
        return None
    return float(total) + (HORIZON - int(row["steps"])) * float(last)


def _yaw(request: BlocksRequest, seed: int) -> list[float]:
    """Yaw that the episode's seed drew, as the episode manager did."""
    from sawyer_controllers.episode import EpisodeSpec, draw_episode

    spec = EpisodeSpec(connector=request.scene, seed=seed, **request.options)
    return list(draw_episode(spec).block_yaw_rad)
