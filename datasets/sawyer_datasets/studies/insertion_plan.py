"""The plan of chapter 9: every row of Tables 3 and 4, on three connectors, for two goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_datasets.studies._reading import Section, checksum, read_plan, set_words
from sawyer_datasets.studies.budgets import Budget, Estimates, read_budgets, read_estimates
from sawyer_datasets.studies.jobs import EVAL, TRAIN, Job, JobSet

GOALS: Final = {"exact": 0.0, "noisy": 1.0}  # half width of the uniform goal noise, mm
CONNECTORS: Final = ("usb", "dsub", "model_e")
ALGORITHMS: Final = ("sac", "td3")
REWARDS: Final = ("sparse", "dense", "image")
_TOP = ("format", "study", "title", "budgets", "estimates", "rows")


@dataclass(frozen=True)
class Cell:
    """One row on one connector; percentages are (exact, noisy)."""

    connector: str
    budget: Budget
    train_words: tuple[str, ...]
    facts: Mapping[str, Any]
    published: tuple[float, ...] | None
    bar: tuple[float, ...] | None


@dataclass(frozen=True)
class Row:
    """One method of the tables."""

    name: str
    group: str
    label: str
    policy: str  # of an untrained row, else ""
    algorithm: str
    reward: str
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def trained(self) -> bool:
        """Whether its policy comes out of a training."""
        return not self.policy

    @property
    def with_image(self) -> bool:
        """Whether the policy sees the picture; it does in the visual setting alone."""
        return self.reward == "image"


@dataclass(frozen=True)
class InsertionPlan:
    """All rows, in the order in which they are run and shown."""

    title: str
    rows: Mapping[str, Row]
    budgets: Mapping[str, Budget]
    estimates: Estimates

    @classmethod
    def load(cls, path: Path) -> InsertionPlan:
        """Read and check a plan file.

        Raises:
            ConfigError: a value is missing or not allowed.
            UnknownNameError: a key or name is unknown; the choices are listed.
        """
        top = Section(read_plan(path, "ch9"), path.name, _TOP)
        budgets = read_budgets(top.get("budgets", dict))
        rows = {
            name: _row(name, values, budgets, path.parent)
            for name, values in top.get("rows", dict).items()
        }
        if not rows:
            raise ConfigError(f"{path.name}: rows", {}, "one row or more")
        return cls(
            top.get("title", str), rows, budgets, read_estimates(top.get("estimates", dict))
        )

    def row(self, name: str) -> Row:
        """Return a row; an unknown name lists the choices."""
        try:
            return self.rows[name]
        except KeyError:
            raise UnknownNameError("row", name, self.rows) from None

    def jobs(self) -> JobSet:
        """Return all trainings and evaluations.

        The first training of every cell of a row comes before its second ones, and each training
        is followed by its evaluations, so that a study that is stopped half way holds few seeds
        of many cells rather than all seeds of few.
        """
        jobs: list[Job] = []
        for row in self.rows.values():
            if not row.trained:
                for cell in row.cells.values():
                    jobs += [self._evaluation(row, cell, None, goal) for goal in GOALS]
                continue
            most = max(len(cell.budget.train_seeds) for cell in row.cells.values())
            for index in range(most):
                for cell in row.cells.values():
                    if index < len(cell.budget.train_seeds):
                        jobs.append(self._training(row, cell, index))
                        jobs += [self._evaluation(row, cell, index, goal) for goal in GOALS]
        return JobSet(jobs)

    def _training(self, row: Row, cell: Cell, index: int) -> Job:
        budget, seed = cell.budget, cell.budget.train_seeds[index]
        return Job(
            id=cell_id(row.name, cell.connector, seed, TRAIN),
            kind=TRAIN,
            words=(
                *("train", "residual", "--connector", cell.connector, *cell.train_words),
                *("--noise-mm", f"{budget.noise_mm:g}", "--steps", str(budget.steps)),
                *("--seed", str(seed), "--out", "{out}"),
            ),
            facts=cell.facts,
            size=f"{budget.steps} steps",
            estimate_s=self.estimates.train_s(budget.steps, with_image=row.with_image),
            rate=f"train {'image' if row.with_image else 'state'} {budget.steps}",
        )

    def _evaluation(self, row: Row, cell: Cell, index: int | None, goal: str) -> Job:
        budget, policy, seed = cell.budget, row.policy, None
        needs: tuple[str, ...] = ()
        if index is not None:
            seed = budget.train_seeds[index]
            training = cell_id(row.name, cell.connector, seed, TRAIN)
            policy, needs = f"{{policy:{training}}}", (training,)
        return Job(
            id=cell_id(row.name, cell.connector, seed, goal),
            kind=EVAL,
            words=(
                *("eval", "insertion", "--connector", cell.connector, "--policy", policy),
                *("--noise-mm", f"{GOALS[goal]:g}", "--episodes", str(budget.episodes)),
                *("--seed", str(budget.first_seed(index or 0)), "--backend", budget.backend),
                *("--json", "{json}"),
            ),
            needs=needs,
            # a trained policy's revision comes in through its training
            facts={} if needs else cell.facts,
            size=f"{budget.episodes} episodes",
            estimate_s=self.estimates.eval_s(budget),
            rate=f"eval {budget.backend} {budget.episodes}",
        )


def cell_id(row: str, connector: str, seed: int | None, last: str) -> str:
    """Return the id of a job.

    >>> cell_id("residual_sac_image", "usb", 0, "exact")
    'residual_sac_image/usb/s0/exact'
    >>> cell_id("p_controller", "usb", None, "exact")
    'p_controller/usb/exact'
    """
    middle = [] if seed is None else [f"s{seed}"]
    return "/".join([row, connector, *middle, last])


def _row(name: str, values: Any, budgets: Mapping[str, Budget], folder: Path) -> Row:
    where = f"row {name}"
    keys = ("group", "label", "policy", "train", "budget", "cells")
    section = Section(values, where, keys)
    if ("policy" in section) == ("train" in section):
        raise ConfigError(where, "policy and train", "exactly one of the two")
    train = Section(
        section.get("train", dict, {}),
        f"{where}: train",
        ("preset", "algorithm", "reward", "config", "set"),
    )
    trained = "train" in section
    row = Row(
        name=name,
        group=section.get("group", str),
        label=section.get("label", str),
        policy=section.get("policy", str, ""),
        algorithm=train.choice("algorithm", ALGORITHMS) if trained else "",
        reward=train.choice("reward", REWARDS) if trained else "",
    )
    default = section.choice("budget", budgets)
    cells: dict[str, Cell] = {}
    for connector, cell in section.get("cells", dict).items():
        if connector not in CONNECTORS:
            raise UnknownNameError(f"connector in {where}", connector, CONNECTORS)
        cells[connector] = _cell(f"{where}/{connector}", connector, cell, train, trained,
                                 budgets, default, folder)  # fmt: skip
    if not cells:
        raise ConfigError(f"{where}: cells", {}, "one connector or more")
    return Row(**{**row.__dict__, "cells": cells})


def _cell(
    where: str,
    connector: str,
    values: Any,
    train: Section,
    trained: bool,
    budgets: Mapping[str, Budget],
    default: str,
    folder: Path,
) -> Cell:
    keys = ("published", "bar", "budget", "config", "set", "revision")
    section = Section(values, where, keys)
    budget = budgets[section.choice("budget", budgets, default)]
    if trained and not budget.train_seeds:
        raise ConfigError(f"{where}: budget", budget.name, "one with training seeds")
    words: list[str] = []
    facts: dict[str, Any] = {"revision": section.whole("revision", 0, 10_000, 0)}
    if trained:
        words = ["--preset", train.get("preset", str)]
        config = section.get("config", str, train.get("config", str, ""))
        if config:
            if not (folder / config).is_file():
                raise ConfigError(f"{where}: config", config, "a file beside the plan")
            words += ["--config", f"{{plan}}/{config}"]
            facts["config"] = checksum(folder / config)
        merged = {**train.get("set", dict, {}), **section.get("set", dict, {})}
        words += set_words(merged)
    return Cell(
        connector=connector,
        budget=budget,
        train_words=tuple(words),
        facts=facts,
        published=section.numbers("published", 2),
        bar=section.numbers("bar", 2, None),
    )
