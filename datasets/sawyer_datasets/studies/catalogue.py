"""The studies by name: how their plan is read and their documents are built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sawyer_core.errors import UnknownNameError
from sawyer_datasets.studies.plans import STUDIES

if TYPE_CHECKING:
    from sawyer_datasets.studies.jobs import JobSet
    from sawyer_datasets.studies.store import Store


class StudyPlan(Protocol):
    """What every plan can do."""

    def jobs(self) -> JobSet:
        """Return all trainings and evaluations."""
        ...


def load_plan(study: str, path: Path) -> StudyPlan:
    """Read a plan file of a study."""
    if study == "ch9":
        from sawyer_datasets.studies.insertion_plan import InsertionPlan

        return InsertionPlan.load(path)
    if study == "ch8":
        from sawyer_datasets.studies.blocks_plan import BlocksPlan

        return BlocksPlan.load(path)
    raise UnknownNameError("study", study, STUDIES)


def render(study: str, plan: Any, store: Store, out: Path) -> list[Path]:
    """Build a study's documents from the records that there are; returns the files."""
    if study == "ch9":
        from sawyer_datasets.studies import insertion_report

        return insertion_report.render(plan, store, out)
    if study == "ch8":
        from sawyer_datasets.studies import blocks_report

        return blocks_report.render(plan, store, out)
    raise UnknownNameError("study", study, STUDIES)
