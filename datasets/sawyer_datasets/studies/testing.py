"""A runner that makes results up, for tests of what comes before and after the commands."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from sawyer_datasets.studies.curves import binned
from sawyer_datasets.studies.jobs import TRAIN, Job
from sawyer_datasets.studies.runner import JobFailedError
from sawyer_datasets.studies.store import Store


class FakeExecutor:
    """Does nothing but remember the jobs and give plausible results, the same every time.

    Args:
        store: where the policy folders are to be.
        rate: success rate of a job; by default drawn from its id.
        failing: ids of jobs that fail.
        before: called with each job before it is done, e.g. to stop a run.
    """

    def __init__(
        self,
        store: Store,
        *,
        rate: Callable[[Job], float] | None = None,
        failing: frozenset[str] = frozenset(),
        before: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self._store, self._rate, self._failing, self._before = store, rate, failing, before
        self.done: list[str] = []

    def __call__(self, job: Job, claim: int, stop: threading.Event) -> dict[str, Any]:
        """Make up a result."""
        self._before(job)
        if job.id in self._failing:
            raise JobFailedError("it was told to fail")
        rng = np.random.default_rng(zlib.crc32(job.id.encode()))
        rate = float(rng.random()) if self._rate is None else self._rate(job)
        result = self._training(job, rng) if job.kind == TRAIN else _evaluation(job, rng, rate)
        self.done.append(job.id)
        return {
            "command": " ".join(["./sawyer", *job.words]),
            "git_commit": "0" * 40,
            "git_changed": False,
            "started": "2000-01-01T00:00:00+00:00",
            "machine": "made up",
            "result": result,
        }

    def _training(self, job: Job, rng: np.random.Generator) -> dict[str, Any]:
        (self._store.path("train", job) / "bundle" / "made_up").mkdir(parents=True, exist_ok=True)
        steps = int(job.words[job.words.index("--steps") + 1])
        return {
            "bundle": "bundle/made_up",
            "policy": "made_up",
            "env_steps": steps,
            "episodes": steps // 50,
            "updates": steps,
            "train_wall_s": 1.0,
            "config": {},
            "curve": binned(made_up_rows(steps, rng), steps),
        }


def made_up_rows(steps: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return lines like those of ``metrics.jsonl``: a policy that learns by some half way."""
    half = steps * rng.uniform(0.1, 0.6)
    rows = []
    for end in range(50, steps + 1, 50):
        learned = 1.0 / (1.0 + np.exp(-8.0 * (end - half) / steps))
        success = bool(rng.random() < learned)
        rows.append(
            {
                "env_steps": end,
                "success": success,
                "final_distance_m": float(5e-4 if success else rng.uniform(0.004, 0.04)),
                "return": float(-20.0 + 18.0 * learned + rng.normal()),
                "updates": end,
            }
        )
    return rows


def _evaluation(job: Job, rng: np.random.Generator, rate: float) -> dict[str, Any]:
    episodes = int(job.words[job.words.index("--episodes") + 1])
    success = [int(value) for value in rng.random(episodes) < rate]
    return {
        "successes": sum(success),
        "episodes": episodes,
        "invalid": 0,
        "first_seed": int(job.words[job.words.index("--seed") + 1]),
        "backend": job.words[job.words.index("--backend") + 1],
        "reasons": {"success": sum(success), "horizon": episodes - sum(success)},
        "success": success,
        "final_distance_mm": [0.5 if value else 12.0 for value in success],
        "peak_force_n": [10.0] * episodes,
        "steps": [20 if value else 50 for value in success],
        "return": [float(-2.0 if value else -15.0) for value in success],
    }
