"""Pieces that the documents of all studies are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sawyer_datasets._files import write_atomic
from sawyer_datasets.studies.jobs import Job
from sawyer_datasets.studies.runner import duration
from sawyer_datasets.studies.store import Store

INTERVAL_WORDS: Final = (
    "Intervals: episodes of one trained policy are not independent samples of its method, so the "
    "variance of the pooled rate is the binomial one plus what the spread over trainings adds to "
    "it, put into Wilson's formula with Student's quantile and Satterthwaite's degrees of freedom "
    "(`sawyer_datasets.studies.intervals`); where the trainings agree this is the pooled Wilson "
    "interval. In simulations with 3 trainings of 25 it covers the method's rate in 93 to 96 % of "
    "cases where trainings differ little (intra-class correlation up to 0.02) and in 82 to 88 % "
    "where they differ much (0.1 to 0.3, rates 0.5 to 0.8), the pooled Wilson interval in 69 to "
    "45 % of the latter. Rows with one training carry a Wilson interval, which says nothing of "
    "other trainings."
)


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    rows = [list(header), ["---"] * len(header), *map(list, lines)]
    texts = ["| " + " | ".join(row) + " |" for row in rows]
    texts[1] = "|" + "---|" * len(header)
    return "\n".join(texts)


def origin_words(records: Sequence[Mapping[str, Any]]) -> str:
    """Say when, where and from which commits the records come."""
    if not records:
        return "Nothing has been run yet."
    commits = sorted({str(r.get("git_commit", ""))[:10] for r in records} - {""})
    machines = sorted({str(r.get("machine", "")) for r in records} - {""})
    days = sorted({str(r.get("started", ""))[:10] for r in records} - {""})
    changed = sum(bool(r.get("git_changed")) for r in records)
    wall_s = sum(float(r.get("wall_s", 0.0)) for r in records)
    when = days[0] if days[:1] == days[-1:] else f"{days[0]} to {days[-1]}"
    words = (
        f"Run {when} on {'; '.join(machines)}: {len(records)} trainings and evaluations, "
        f"{duration(wall_s)} of wall time in all; commits {', '.join(commits)}"
    )
    if changed:
        words += f" ({changed} of them with uncommitted changes in the checkout)"
    return words + "."


def command_block(jobs: Iterable[Job], store: Store) -> str:
    """Return the commands of some jobs as one block of shell lines."""
    lines = ["```"]
    for job in jobs:
        record = store.record(job)
        if record is None:
            lines += [f"# {job.id}: not run", " ".join(store.planned_words(job))]
            continue
        result = record["result"]
        count = (
            f"{result['successes']}/{result['episodes']}"
            if "successes" in result
            else f"{result['env_steps']} steps, {result['updates']} updates"
        )
        commit = str(record.get("git_commit", ""))[:10]
        wall = duration(float(record.get("wall_s", 0.0)))
        lines += [f"# {job.id}: {count}, {wall}, commit {commit}", str(record["command"])]
    return "\n".join([*lines, "```"])


SHOWN_SETTINGS: Final = (  # setting of a training, heading
    ("observation", "policy sees"),
    ("critic_observation", "critics see"),
    ("updates_per_step", "updates per step"),
    ("action_scale_m", "full action, m"),
    ("sampling", "served"),
)


def settings_table(trainings: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return what the trainings were made with, one line per method.

    Args:
        trainings: records by method; settings that differ within a method are all named.
    """
    lines = []
    for label, records in trainings.items():
        configs = [record["result"].get("config", {}) for record in records]
        shown = [
            " / ".join(dict.fromkeys(str(config.get(name) or "-") for config in configs))
            for name, _ in SHOWN_SETTINGS
        ]
        steps = [int(record["result"]["env_steps"]) for record in records]
        updates = [int(record["result"]["updates"]) for record in records]
        wall = [float(record["result"].get("train_wall_s") or 0.0) / 60.0 for record in records]
        lines.append(
            [label, *shown, _span(steps), _span(updates), f"{min(wall):.1f} to {max(wall):.1f}"]
        )
    heads = [heading for _, heading in SHOWN_SETTINGS]
    return table(["method", *heads, "steps", "updates", "training, min"], lines)


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def results_json(
    study: str,
    title: str,
    summary: Sequence[Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
) -> str:
    """Return results.json: the numbers of the tables, then every record on a line of its own."""
    head = {"format": "sawyer-study-results", "version": 1, "study": study, "title": title}
    lines = ["{"]
    lines += [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    for name, items in (("summary", summary), ("records", records)):
        lines.append(f' "{name}": [')
        texts = [f"  {json.dumps(item, allow_nan=False, ensure_ascii=False)}" for item in items]
        lines.append(",\n".join(texts))
        lines.append(" ]," if name == "summary" else " ]")
    return "\n".join(line for line in [*lines, "}"] if line) + "\n"


def write_all(out: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write the files of a report; each is replaced as a whole."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomic(out / name, content)
    return [out / name for name in files]
