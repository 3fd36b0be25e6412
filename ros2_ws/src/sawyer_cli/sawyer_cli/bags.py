"""``sawyer bag``: is a bag whole, and what can be saved of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sawyer_cli.errors import CommandError

if TYPE_CHECKING:
    from sawyer_datasets import BagReport

STATUS_COMPLETE = 0
STATUS_DAMAGED = 1
STATUS_READABLE = 3  # everything up to a point is there, but the bag was not closed


def find_bags(path: Path) -> list[Path]:
    """Return ``path`` itself if it is a bag, else the bags below it.

    Raises:
        CommandError: there is no bag.
    """
    if not path.exists():
        raise CommandError(f"there is nothing at {path}")
    if path.is_file() or _is_bag(path):
        return [path]
    bags = sorted({p.parent for p in path.rglob("*.mcap")} | _with_metadata(path))
    if not bags:
        raise CommandError(f"there is no bag in {path} (no metadata.yaml and no .mcap file)")
    return bags


def _is_bag(folder: Path) -> bool:
    return (folder / "metadata.yaml").is_file() or any(folder.glob("*.mcap"))


def _with_metadata(path: Path) -> set[Path]:
    return {p.parent for p in path.rglob("metadata.yaml")}


def exit_status(report: BagReport) -> int:
    """Return the exit status that stands for a report."""
    from sawyer_datasets import BagStatus

    if report.status is BagStatus.COMPLETE:
        return STATUS_COMPLETE
    return STATUS_READABLE if report.status is BagStatus.READABLE else STATUS_DAMAGED


def verify(path: Path, *, as_json: bool = False) -> int:
    """Print a report of every bag; 0 all complete, 3 some cut short but readable, 1 damaged."""
    from sawyer_core.errors import SawyerError
    from sawyer_datasets import verify_bag

    statuses = []
    entries = []
    for bag in find_bags(path):
        try:
            report = verify_bag(bag)
        except SawyerError as error:
            print(f"{bag}: {error}", file=sys.stderr)
            statuses.append(STATUS_DAMAGED)
            continue
        statuses.append(exit_status(report))
        entries.append(report.to_dict())
        if not as_json:
            print(report.summary())
    if as_json:
        print(json.dumps(entries, indent=2))
    if STATUS_DAMAGED in statuses:
        return STATUS_DAMAGED
    return max(statuses)


def recover(path: Path, destination: Path | None = None) -> int:
    """Write what can be read into a new bag; the source stays as it is."""
    from sawyer_core.errors import SawyerError
    from sawyer_datasets import recover_bag

    try:
        report = recover_bag(path, destination)
    except SawyerError as error:
        raise CommandError(str(error), status=1) from error
    print(report.summary())
    return STATUS_COMPLETE
