"""What the records say about each method in each setting of chapter 8."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sawyer_datasets.evaluation import wilson_interval
from sawyer_datasets.studies.blocks_plan import BlocksPlan, Entry, Experiment, Setting, job_id
from sawyer_datasets.studies.intervals import Pooled, difference_interval, mean_interval
from sawyer_datasets.studies.jobs import EVAL, TRAIN
from sawyer_datasets.studies.store import Store


@dataclass(frozen=True)
class BlocksCell:
    """A method in a setting: its evaluations and its learning curves."""

    experiment: Experiment
    setting: Setting
    entry: Entry
    evaluations: tuple[Mapping[str, Any], ...]
    curves: tuple[Mapping[str, Any], ...]

    @property
    def expected(self) -> int:
        """Evaluations that the plan asks for, or trainings where none is to be evaluated."""
        return max(1, len(self.entry.budget.train_seeds))

    @property
    def made(self) -> int:
        """How many of them there are."""
        return len(self.evaluations if self.entry.method.evaluated else self.curves)

    @property
    def complete(self) -> bool:
        """Whether everything of the plan has been made."""
        return self.made == self.expected

    @property
    def status(self) -> str:
        """How much of the plan has been made, in words."""
        return "complete" if self.complete else "partial" if self.made else "not run"

    @property
    def pooled(self) -> Pooled | None:
        """Successes over trainings; None where nothing has run."""
        counted = [r["result"] for r in self.evaluations if r["result"]["episodes"] > 0]
        if not counted:
            return None
        return Pooled(
            tuple(result["successes"] for result in counted),
            tuple(result["episodes"] for result in counted),
        )

    @property
    def returns(self) -> tuple[float, ...]:
        """Mean return of each evaluation; empty where returns were not recorded."""
        means = []
        for record in self.evaluations:
            values = [v for v in record["result"].get("return", []) if v is not None]
            if values:
                means.append(float(np.mean(values)))
        return tuple(means)

    @property
    def mean_return(self) -> float:
        """Mean over evaluations, NaN where there is none."""
        return float(np.mean(self.returns)) if self.returns else math.nan

    @property
    def return_interval(self) -> tuple[float, float]:
        """95 % interval of the mean return: over trainings, or over the episodes of only one."""
        if len(self.returns) != 1:
            return mean_interval(self.returns)
        values = [v for r in self.evaluations for v in r["result"]["return"] if v is not None]
        return mean_interval(values)

    @property
    def published_rate(self) -> float | None:
        """Published success rate, 0 to 1."""
        published = self.entry.published
        return None if published is None else published[0] / published[1]

    @property
    def difference(self) -> tuple[float, float] | None:
        """95 % interval of our rate less the published one."""
        pooled, published, rate = self.pooled, self.entry.published, self.published_rate
        if pooled is None or published is None or rate is None:
            return None
        theirs = wilson_interval(round(published[0]), round(published[1]))
        return difference_interval(pooled.rate, pooled.interval, rate, theirs)

    @property
    def reached(self) -> bool | None:
        """Whether what was to be reached is; None where nothing was, or nothing has run."""
        pooled, entry = self.pooled, self.entry
        if pooled is None or (entry.at_least is None and entry.at_most is None):
            return None
        high_enough = entry.at_least is None or pooled.rate >= entry.at_least
        return high_enough and (entry.at_most is None or pooled.rate < entry.at_most)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        pooled = self.pooled
        values: dict[str, Any] = {
            "experiment": self.experiment.name,
            "figure": self.experiment.figure,
            "setting": self.setting.name,
            "x": self.setting.x,
            "method": self.entry.method.name,
            "published": self.entry.published,
            "status": self.status,
            "backend": self.entry.budget.backend,
            "budget": self.entry.budget.name,
        }
        if pooled is None:
            return values
        values |= {
            "successes": pooled.good,
            "episodes": pooled.count,
            "successes_by_training": list(pooled.successes),
            "rate": round(pooled.rate, 4),
            "ci95": [round(bound, 4) for bound in pooled.interval],
            "reached": self.reached,
        }
        if self.returns:
            low, high = self.return_interval
            values["mean_return"] = round(self.mean_return, 4)
            if not math.isnan(low):
                values["mean_return_ci95"] = [round(low, 4), round(high, 4)]
        return values


def blocks_cells(plan: BlocksPlan, store: Store) -> list[BlocksCell]:
    """Return every method in every setting, in the order of the plan."""
    jobs = plan.jobs()
    found: list[BlocksCell] = []
    for experiment in plan.experiments.values():
        for setting in experiment.settings.values():
            for entry in experiment.entries_in(setting):
                seeds: tuple[int | None, ...] = entry.budget.train_seeds or (None,)
                made = [
                    store.record(jobs[job_id(experiment, setting, entry, seed, EVAL)])
                    for seed in (seeds if entry.method.evaluated else ())
                ]
                trained = [
                    store.record(jobs[job_id(experiment, setting, entry, seed, TRAIN)])
                    for seed in entry.budget.train_seeds
                ]
                found.append(
                    BlocksCell(
                        experiment,
                        setting,
                        entry,
                        tuple(record for record in made if record is not None),
                        tuple(r["result"]["curve"] for r in trained if r is not None),
                    )
                )
    return found
