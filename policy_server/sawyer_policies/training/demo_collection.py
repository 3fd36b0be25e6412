"""Demonstrations on the twin: the scripted expert with noise; only insertions are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sawyer_core.config import setting, validate
from sawyer_core.errors import SimulationError
from sawyer_datasets.demos import DemoEpisode, DemoInfo, DemoSet
from sawyer_policies.training.config import TrainingConfig, training_config
from sawyer_policies.training.environment import (
    TrainingEnvironment,
    insertion_task,
    make_environment,
    plug_offset_m,
)
from sawyer_policies.training.expert import ExpertConfig, InsertionExpert

SEED_BASE = 500_000  # apart from evaluation (0..), tuning (30 000..) and training (1 000 000..)
SEED_STRIDE = 1000
SOURCE = "scripted expert with noise, on the twin"


@dataclass(frozen=True)
class CollectionConfig:
    """Which demonstrations to collect."""

    connector: str = setting("usb", doc="name of the connector")
    episodes: int = setting(
        25, bounds=(1, 200), doc="insertions to keep", source="issue text: 25 per connector"
    )
    seed: int = setting(0, bounds=(0, 400), doc="seed of everything")
    noise_mm: float = setting(
        1.0, unit="mm", bounds=(0.0, 10.0), doc="half width of the goal noise in x and y"
    )
    horizon: int = setting(50, bounds=(1, 10_000), doc="most steps of an episode")
    action_scale_m: float = setting(
        0.002,
        unit="m",
        bounds=(1e-5, 0.015),
        doc="displacement of a full action (ours: with 1 mm the goal is 50 steps away)",
    )

    def __post_init__(self) -> None:
        validate(self)

    @property
    def max_attempts(self) -> int:
        """Attempts after which collecting gives up."""
        return SEED_STRIDE


def _environment_config(config: CollectionConfig) -> TrainingConfig:
    """What the expert acts in: no base controller, everything observed."""
    return training_config(
        {
            "connector": config.connector,
            "base_controller": "none",
            "reward": "sparse",
            "observation": "image32",
            "noise_mm": config.noise_mm,
            "horizon": config.horizon,
            "action_scale_m": config.action_scale_m,
        }
    )


def collect_demos(
    config: CollectionConfig,
    *,
    expert: ExpertConfig | None = None,
    progress: Callable[[int, int], None] = lambda kept, tried: None,
    commit: str = "",
) -> DemoSet:
    """Demonstrate until enough insertions are kept.

    Args:
        config: what to collect.
        expert: how it moves.
        progress: called after each attempt with the numbers kept and tried.
        commit: of the code, for the provenance.

    Raises:
        SimulationError: the expert fails too often.
    """
    environment = make_environment(_environment_config(config))
    try:
        mover = InsertionExpert(insertion_task(environment.env), config.action_scale_m, expert)
        kept: list[DemoEpisode] = []
        for attempt in range(config.max_attempts):
            episode = demonstrate(environment, mover, config, attempt)
            if episode.success:
                kept.append(episode)
            progress(len(kept), attempt + 1)
            if len(kept) == config.episodes:
                provenance = {
                    "collection": asdict(config),
                    "expert": asdict(mover.config),
                    "attempts": attempt + 1,
                    "git_commit": commit,
                }
                return DemoSet(_info(config, provenance), tuple(kept))
    finally:
        environment.close()
    raise SimulationError(
        f"{len(kept)} insertions in {config.max_attempts} attempts, {config.episodes} wanted"
    )


def demonstrate(
    environment: TrainingEnvironment,
    expert: InsertionExpert,
    config: CollectionConfig,
    attempt: int,
) -> DemoEpisode:
    """One attempt; ``success`` says whether it is to be kept."""
    seed = SEED_BASE + config.seed * SEED_STRIDE + attempt
    seen = environment.reset(seed)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    expert.reset(rng, plug_offset_m(environment.env, seen["ee_position"]))
    rows: dict[str, list[Any]] = {name: [value] for name, value in seen.items()}
    rows |= {"inserted": [0], "action": []}
    done = False
    info: dict[str, Any] = {}
    while not done:
        action = expert.action(seen["ee_position"])
        outcome = environment.step(action)
        seen, info = outcome.arrays, outcome.info
        for name, value in seen.items():
            rows[name].append(value)
        rows["inserted"].append(int(info["inserted"]))
        rows["action"].append(action)
        done = outcome.ended or outcome.cut
    result = info["result"]
    arrays = {name: np.array(values) for name, values in rows.items()}
    arrays["inserted"] = arrays["inserted"].astype(np.uint8)
    details = {
        "final_distance_m": result["final_distance_m"],
        "peak_force_n": result["peak_force_n"],
        "goal_offset_m": list(result["goal_offset_m"]),
    }
    return DemoEpisode(seed, bool(result["success"]), arrays, details)


def _info(config: CollectionConfig, provenance: dict[str, Any]) -> DemoInfo:
    return DemoInfo(
        connector=config.connector,
        action_scale_m=config.action_scale_m,
        base_controller="none",
        noise_mm=config.noise_mm,
        horizon=config.horizon,
        source=SOURCE,
        provenance=provenance,
    )
