"""The documents of chapter 8: report.md, commands.md, results.json, pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sawyer_datasets.studies import documents
from sawyer_datasets.studies.blocks_pictures import experiment_picture
from sawyer_datasets.studies.blocks_plan import BlocksPlan, Experiment, job_id
from sawyer_datasets.studies.blocks_summary import BlocksCell, blocks_cells
from sawyer_datasets.studies.curves import steps_until
from sawyer_datasets.studies.jobs import EVAL, TRAIN
from sawyer_datasets.studies.notes import GENERAL, note_for, read_notes, skeleton
from sawyer_datasets.studies.store import Store

SOLVED_RATE: Final = 0.9  # success of the training episodes over three bins; ours
RETURN_WORDS: Final = (
    "Return of an evaluation: sum of the rewards of eq. (44), the last one going on to the "
    "horizon of 50 steps where an episode ends early, so that long and short episodes compare. "
    "Return of a training episode in the learning curves: the plain sum of its rewards. The seed "
    "states no weights of its reward, so returns compare within this report only."
)


def render(plan: BlocksPlan, store: Store, out: Path) -> list[Path]:
    """Write everything and return the files."""
    return documents.write_all(out, {**texts(plan, store, out), **pictures(plan, store)})


def pictures(plan: BlocksPlan, store: Store) -> dict[str, bytes]:
    """Return the pictures by file name."""
    cells = blocks_cells(plan, store)
    return {
        f"{experiment.name}.png": experiment_picture(
            experiment, [cell for cell in cells if cell.experiment is experiment]
        )
        for experiment in plan.experiments.values()
    }


def texts(plan: BlocksPlan, store: Store, out: Path) -> dict[str, str | bytes]:
    """Return the texts by file name; an empty notes file only where there is none yet."""
    cells = blocks_cells(plan, store)
    known = [
        name
        for experiment in plan.experiments.values()
        for name in (experiment.name, *(f"{experiment.name}/{m}" for m in experiment.entries))
    ]
    files: dict[str, str | bytes] = {}
    if not (out / "notes.md").is_file():
        files["notes.md"] = skeleton("chapter 8", plan.experiments)
    notes = read_notes(out / "notes.md", known)
    files["report.md"] = markdown(plan, store, cells, notes)
    files["commands.md"] = commands(plan, store)
    files["results.json"] = documents.results_json(
        "ch8", plan.title, [cell.to_dict() for cell in cells], store.records()
    )
    return files


def markdown(
    plan: BlocksPlan, store: Store, cells: Sequence[BlocksCell], notes: Mapping[str, str]
) -> str:
    """Return report.md."""
    run = sum(cell.complete for cell in cells)
    partial = sum(cell.status == "partial" for cell in cells)
    cut = sum(bool(cell.entry.budget.note) for cell in cells)
    parts = [
        f"# {plan.title}",
        f"{run} of {len(cells)} numbers measured as planned, {partial} in part, "
        f"{len(cells) - run - partial} not run. {cut} of them have a budget that was cut, named "
        "at each table.",
        documents.origin_words(store.records()),
    ]
    if GENERAL in notes:
        parts.append(notes[GENERAL])
    for experiment in plan.experiments.values():
        mine = [cell for cell in cells if cell.experiment is experiment]
        parts += _experiment(experiment, mine, notes)
    parts += ["## How it was measured", _method(plan), *_settings(plan, store)]
    return "\n\n".join(parts) + "\n"


def _experiment(
    experiment: Experiment, cells: Sequence[BlocksCell], notes: Mapping[str, str]
) -> list[str]:
    parts = [f"## {experiment.title} (seed: figure {experiment.figure})", _table(cells)]
    notes_of = {c.entry.method.label: c.entry.budget.note for c in cells if c.entry.budget.note}
    if notes_of:
        words = [f"{label}: {note}" for label, note in notes_of.items()]
        parts.append("Cut budgets. " + ". ".join(words) + ".")
    reach = [_reached(cell) for cell in cells if cell.reached is not None]
    if reach:
        parts.append("\n".join(reach))
    parts.append(f"![{experiment.title}]({experiment.name}.png)")
    if experiment.kind != "sweep":
        parts += _solved(cells)
    parts += _differences(experiment, cells, notes)
    return parts


def _table(cells: Sequence[BlocksCell]) -> str:
    seed = any(cell.entry.published for cell in cells)
    header = ["setting", "method", "success", "95 % interval", "by training", "return, 95 %"]
    lines = []
    for cell in cells:
        line = [cell.setting.label, cell.entry.method.label, *_numbers(cell)]
        if seed:
            published = cell.entry.published
            line.append("-" if published is None else f"{published[0]:.0f}/{published[1]:.0f}")
        lines.append(line)
    return documents.table([*header, "seed"] if seed else header, lines)


def _numbers(cell: BlocksCell) -> list[str]:
    pooled = cell.pooled
    if pooled is None:
        words = "learning curve only" if cell.made else "not run"
        return [words, "", "", ""]
    low, high = pooled.interval
    ours = f"**{100 * pooled.rate:.0f} %** ({pooled.good}/{pooled.count})"
    if not cell.complete:
        ours += f", {len(cell.evaluations)} of {cell.expected} trainings"
    each = " ".join(str(count) for count in pooled.successes) if len(pooled.trials) > 1 else ""
    returned = "-"
    if cell.returns:
        bounds = cell.return_interval
        returned = f"{cell.mean_return:.2f}"
        if not math.isnan(bounds[0]):
            returned += f", {bounds[0]:.2f} to {bounds[1]:.2f}"
    return [ours, f"{100 * low:.0f} to {100 * high:.0f} %", each, returned]


def _reached(cell: BlocksCell) -> str:
    pooled, entry = cell.pooled, cell.entry
    if pooled is None:
        raise ValueError("a cell that has not run has reached nothing")
    wanted = (
        f"at least {100 * entry.at_least:.0f} %"
        if entry.at_least is not None
        else f"under {100 * (entry.at_most or 0.0):.0f} %"
    )
    verdict = "yes" if cell.reached else "no"
    return (
        f"- {entry.method.label}: {wanted} was to be reached, {100 * pooled.rate:.1f} % is: "
        f"{verdict}{'' if cell.complete else ', so far'}."
    )


def _solved(cells: Sequence[BlocksCell]) -> list[str]:
    lines = []
    for cell in cells:
        if cell.curves:
            steps = [steps_until(curve, SOLVED_RATE) for curve in cell.curves]
            words = ", ".join("never" if s is None else str(s) for s in steps)
            lines.append([cell.setting.label, cell.entry.method.label, words])
    if not lines:
        return []
    return [
        f"Environment steps after which {100 * SOLVED_RATE:.0f} % of the training episodes "
        "succeed (mean of the next 600 steps, exploration included), one number per training:",
        documents.table(["setting", "method", "steps"], lines),
    ]


def _differences(
    experiment: Experiment, cells: Sequence[BlocksCell], notes: Mapping[str, str]
) -> list[str]:
    parts = []
    for cell in cells:
        interval, pooled, rate = cell.difference, cell.pooled, cell.published_rate
        if interval is None or pooled is None or rate is None:
            continue
        low, high = (100 * bound for bound in interval)
        verdict = "no difference shown" if low <= 0.0 <= high else "different"
        parts.append(
            f"- {cell.entry.method.label}: {100 * pooled.rate:.0f} % against the seed's "
            f"{100 * rate:.0f} %, difference {low:+.0f} to {high:+.0f} points: {verdict}"
        )
    found = ["### Where we differ, and why"]
    if parts:
        found.append("\n".join(parts))
    else:
        found.append("The seed shows curves without figures; they compare by eye only.")
    return [*found, note_for(notes, experiment.name)]


def _method(plan: BlocksPlan) -> str:
    lines = []
    for budget in plan.budgets.values():
        trained = bool(budget.train_seeds)
        where = "ROS graph" if budget.backend == "ros" else "one process"
        count = f"{budget.episodes} per training" if trained else str(budget.episodes)
        steps = str(budget.steps) if trained else "-"
        lines.append([budget.name, str(len(budget.train_seeds)), steps, count, where])
    header = ["budget", "trainings", "environment steps", "evaluations", "through"]
    return "\n\n".join(
        [
            documents.table(header, lines),
            "Evaluations use the seeds 0 to 99; the n-th training is evaluated on the n-th "
            "block of them, the hand controller on the first 60.",
            RETURN_WORDS,
            documents.INTERVAL_WORDS,
            "Every number's commands, commit and wall time are in [commands.md](commands.md), "
            "everything as data in [results.json](results.json). `./sawyer report ch8` builds "
            "these documents and runs what is not there yet; `./sawyer report ch8 --fresh --only "
            "turned/residual` measures one method again.",
        ]
    )


def _settings(plan: BlocksPlan, store: Store) -> list[str]:
    """What the finished trainings were made with, by method."""
    jobs = plan.jobs()
    trainings: dict[str, list[dict[str, Any]]] = {}
    for cell in blocks_cells(plan, store):
        for seed in cell.entry.budget.train_seeds:
            name = job_id(cell.experiment, cell.setting, cell.entry, seed, TRAIN)
            record = store.record(jobs[name])
            if record is not None:
                trainings.setdefault(cell.entry.method.label, []).append(record)
    if not trainings:
        return []
    words = "What the trainings were made with (all settings are in results.json):"
    return [words, documents.settings_table(trainings)]


def commands(plan: BlocksPlan, store: Store) -> str:
    """Return commands.md: what made each number."""
    jobs = plan.jobs()
    parts = [
        "# Commands of chapter 8",
        "Each in an environment made by `./sawyer setup`; `./sawyer report ch8 --fresh --only "
        "<cell>` runs a training and its evaluation by itself. Commands that have not run yet are "
        "listed as planned.",
    ]
    for experiment in plan.experiments.values():
        parts.append(f"## {experiment.name} ({experiment.title})")
        for setting in experiment.settings.values():
            for entry in experiment.entries_in(setting):
                seeds: tuple[int | None, ...] = entry.budget.train_seeds or (None,)
                method = entry.method
                lasts = [TRAIN] * method.trained + [EVAL] * method.evaluated
                names = [
                    job_id(experiment, setting, entry, seed, last)
                    for seed in seeds
                    for last in lasts
                ]
                parts.append(documents.command_block((jobs[name] for name in names), store))
    return "\n\n".join(parts) + "\n"
