"""How much is spent on the cells of a study, and how long that is expected to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sawyer_core.errors import ConfigError
from sawyer_datasets.studies._reading import Section

BACKENDS: Final = ("ros", "gym")
LAST_SEED: Final = 99  # evaluation seeds 0 to 99 are kept for the reports


@dataclass(frozen=True)
class Budget:
    """How much is spent on the cells of a row.

    ``episodes`` are evaluated for each training; the n-th training is evaluated on the seeds
    from n * episodes on, so that no two trainings meet the same episodes.
    """

    name: str
    train_seeds: tuple[int, ...]
    steps: int
    noise_mm: float
    episodes: int
    backend: str
    reason: str

    def first_seed(self, index: int) -> int:
        """Return the first evaluation seed of the training with this index."""
        return index * self.episodes

    @property
    def note(self) -> str:
        """Why and how it is less than the full one, empty where it is not."""
        words = [self.reason] if self.reason else []
        if self.backend != "ros":
            words.append("evaluated in one process, not through the ROS graph")
        return "; ".join(words)


@dataclass(frozen=True)
class Estimates:
    """Expected wall times on one core, until cells have been measured."""

    train_state_s_per_1000: float
    train_image_s_per_1000: float
    eval_ros_s: float
    eval_gym_s: float
    eval_start_s: float

    def train_s(self, steps: int, *, with_image: bool = False) -> float:
        """Return the expected wall time of a training."""
        each = self.train_image_s_per_1000 if with_image else self.train_state_s_per_1000
        return each * steps / 1000.0

    def eval_s(self, budget: Budget) -> float:
        """Return the expected wall time of an evaluation."""
        each = self.eval_ros_s if budget.backend == "ros" else self.eval_gym_s
        return self.eval_start_s + each * budget.episodes


def read_budgets(values: Mapping[str, Any]) -> dict[str, Budget]:
    """Read the budgets of a plan by name."""
    return {name: _budget(name, entry) for name, entry in values.items()}


def read_estimates(values: Mapping[str, Any]) -> Estimates:
    """Read the expected wall times of a plan."""
    names = list(Estimates.__dataclass_fields__)
    section = Section(values, "estimates", names)
    return Estimates(**{name: section.number(name, 0.0, 1e6) for name in names})


def _budget(name: str, values: Any) -> Budget:
    keys = ("train_seeds", "steps", "noise_mm", "episodes", "backend", "reason")
    section = Section(values, f"budget {name}", keys)
    seeds = section.get("train_seeds", list)
    good = all(isinstance(seed, int) and 0 <= seed < 10_000 for seed in seeds)
    if not good or len(set(seeds)) != len(seeds):
        raise ConfigError(f"budget {name}: train_seeds", seeds, "different integers from 0")
    episodes = section.whole("episodes", 1, LAST_SEED + 1)
    if episodes * max(1, len(seeds)) > LAST_SEED + 1:
        raise ConfigError(
            f"budget {name}: episodes",
            episodes,
            f"at most {(LAST_SEED + 1) // max(1, len(seeds))} for {len(seeds)} training seeds "
            f"(evaluation seeds are 0 to {LAST_SEED})",
        )
    return Budget(
        name=name,
        train_seeds=tuple(seeds),
        steps=section.whole("steps", 1, 1_000_000, 8000),
        noise_mm=section.number("noise_mm", 0.0, 10.0, 1.0),
        episodes=episodes,
        backend=section.choice("backend", BACKENDS),
        reason=section.get("reason", str, ""),
    )
