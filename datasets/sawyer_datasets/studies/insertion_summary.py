"""What the records say about each cell of the tables of chapter 9."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sawyer_datasets.evaluation import wilson_interval
from sawyer_datasets.studies.insertion_plan import GOALS, Cell, InsertionPlan, Row, cell_id
from sawyer_datasets.studies.intervals import Pooled, difference_interval
from sawyer_datasets.studies.jobs import TRAIN
from sawyer_datasets.studies.store import Store

PUBLISHED_RUNS: Final = 25  # thesis tables 3 and 4


@dataclass(frozen=True)
class GoalSummary:
    """One number of the tables: a row on a connector for one goal.

    Attributes:
        row: of the plan.
        cell: of the plan.
        goal: "exact" or "noisy".
        expected: evaluations that the plan asks for.
        evaluations: records of those that have been made.
    """

    row: Row
    cell: Cell
    goal: str
    expected: int
    evaluations: tuple[Mapping[str, Any], ...]

    @property
    def pooled(self) -> Pooled | None:
        """Successes over trainings; None where nothing has run."""
        results = [record["result"] for record in self.evaluations]
        counted = [result for result in results if result["episodes"] > 0]
        if not counted:
            return None
        return Pooled(
            tuple(result["successes"] for result in counted),
            tuple(result["episodes"] for result in counted),
        )

    @property
    def invalid(self) -> int:
        """Episodes that came to no verdict."""
        return sum(int(record["result"]["invalid"]) for record in self.evaluations)

    @property
    def complete(self) -> bool:
        """Whether every evaluation of the plan has been made."""
        return len(self.evaluations) == self.expected

    @property
    def published(self) -> float | None:
        """Published success rate, 0 to 1."""
        values = self.cell.published
        return None if values is None else values[list(GOALS).index(self.goal)] / 100.0

    @property
    def bar(self) -> float | None:
        """Success rate that was to be reached, 0 to 1."""
        values = self.cell.bar
        return None if values is None else values[list(GOALS).index(self.goal)] / 100.0

    @property
    def difference(self) -> tuple[float, float] | None:
        """95 % interval of our rate less the published one."""
        pooled, published = self.pooled, self.published
        if pooled is None or published is None:
            return None
        theirs = wilson_interval(round(published * PUBLISHED_RUNS), PUBLISHED_RUNS)
        return difference_interval(pooled.rate, pooled.interval, published, theirs)

    @property
    def differs(self) -> str:
        """Above or below where the interval of the difference leaves zero out, else empty."""
        interval = self.difference
        if interval is None or interval[0] <= 0.0 <= interval[1]:
            return ""
        return "above" if interval[0] > 0.0 else "below"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        pooled, difference = self.pooled, self.difference
        values: dict[str, Any] = {
            "row": self.row.name,
            "connector": self.cell.connector,
            "goal": self.goal,
            "noise_mm": GOALS[self.goal],
            "published_rate": self.published,
            "published_runs": None if self.published is None else PUBLISHED_RUNS,
            "bar": self.bar,
            "status": "complete" if self.complete else "partial" if pooled else "not run",
            "backend": self.cell.budget.backend,
            "budget": self.cell.budget.name,
        }
        if pooled is None:
            return values
        return {
            **values,
            "successes": pooled.good,
            "episodes": pooled.count,
            "invalid": self.invalid,
            "successes_by_training": list(pooled.successes),
            "episodes_by_training": list(pooled.trials),
            "rate": round(pooled.rate, 4),
            "ci95": [round(bound, 4) for bound in pooled.interval],
            "ci95_wilson_pooled": [round(bound, 4) for bound in pooled.wilson],
            "difference_ci95": None if difference is None else [round(x, 4) for x in difference],
            "differs": self.differs,
            "bar_reached": None if self.bar is None else pooled.rate >= self.bar,
        }


def summaries(plan: InsertionPlan, store: Store) -> list[GoalSummary]:
    """Return every number of the tables, in the order of the plan."""
    jobs = plan.jobs()
    found: list[GoalSummary] = []
    for row in plan.rows.values():
        for cell in row.cells.values():
            for goal in GOALS:
                ids = [cell_id(row.name, cell.connector, seed, goal) for seed in _seeds(row, cell)]
                records = [store.record(jobs[name]) for name in ids]
                kept = tuple(record for record in records if record is not None)
                found.append(GoalSummary(row, cell, goal, len(ids), kept))
    return found


def curves_of(plan: InsertionPlan, store: Store, row: str, connector: str) -> list[dict[str, Any]]:
    """Return the learning curves of a row on a connector, one for each finished training."""
    cell = plan.row(row).cells.get(connector)
    if cell is None or not plan.row(row).trained:
        return []
    jobs = plan.jobs()
    records = [
        store.record(jobs[cell_id(row, connector, seed, TRAIN)])
        for seed in cell.budget.train_seeds
    ]
    return [record["result"]["curve"] for record in records if record is not None]


def _seeds(row: Row, cell: Cell) -> tuple[int | None, ...]:
    return cell.budget.train_seeds if row.trained else (None,)
