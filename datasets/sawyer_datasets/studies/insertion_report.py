"""The documents of chapter 9: report.md, results.json, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sawyer_datasets.studies import documents
from sawyer_datasets.studies.curves import steps_until
from sawyer_datasets.studies.insertion_pictures import (
    FIGURES,
    GOAL_TITLES,
    TITLES,
    curve_picture,
    table_picture,
)
from sawyer_datasets.studies.insertion_plan import GOALS, InsertionPlan, Row, cell_id
from sawyer_datasets.studies.insertion_summary import GoalSummary, curves_of, summaries
from sawyer_datasets.studies.jobs import TRAIN
from sawyer_datasets.studies.notes import GENERAL, UNWRITTEN, note_for, read_notes, skeleton
from sawyer_datasets.studies.store import Store

TABLES: Final = {"Table 3": ("dsub", "model_e"), "Table 4": ("usb",)}
LEARNED_RATE: Final = 0.9  # success over three bins in the table of learning speed; ours


def render(plan: InsertionPlan, store: Store, out: Path) -> list[Path]:
    """Write everything and return the files."""
    return documents.write_all(out, {**texts(plan, store, out), **pictures(plan, store)})


def texts(plan: InsertionPlan, store: Store, out: Path) -> dict[str, str | bytes]:
    """Return the texts by file name; an empty notes file only where there is none yet."""
    cells = summaries(plan, store)
    known = [
        name
        for row in plan.rows.values()
        for name in (row.name, *(f"{row.name}/{c}" for c in row.cells))
    ]
    files: dict[str, str | bytes] = {}
    if not (out / "notes.md").is_file():
        files["notes.md"] = skeleton("chapter 9", plan.rows)
    notes = read_notes(out / "notes.md", known)
    files["report.md"] = markdown(plan, store, cells, notes)
    files["commands.md"] = commands(plan, store)
    files["results.json"] = documents.results_json(
        "ch9", plan.title, [cell.to_dict() for cell in cells], store.records()
    )
    return files


def pictures(plan: InsertionPlan, store: Store) -> dict[str, bytes]:
    """Return the pictures by file name."""
    drawn = {figure.file: curve_picture(figure, plan, store) for figure in FIGURES}
    return {"table.png": table_picture(plan, summaries(plan, store)), **drawn}


def markdown(
    plan: InsertionPlan, store: Store, cells: Sequence[GoalSummary], notes: Mapping[str, str]
) -> str:
    """Return report.md."""
    parts = [f"# {plan.title}", *_summary(store, cells)]
    if GENERAL in notes:
        parts.append(notes[GENERAL])
    parts += ["![success of every row, ours and published](table.png)"]
    for title, connectors in TABLES.items():
        for connector in connectors:
            parts += [f"## {title}, {TITLES[connector]}", _table(plan, cells, connector)]
    parts += ["Footnotes: " + " ".join(_footnotes(plan, cells))] if _footnotes(plan, cells) else []
    parts += ["## What was to be reached", _bars(cells)]
    parts += ["## Learning curves", *_curves(plan, store)]
    parts += ["## Where we differ, and why", *_differences(cells, notes)]
    parts += ["## How it was measured", _method(plan), *_settings(plan, store)]
    return "\n\n".join(parts) + "\n"


def _summary(store: Store, cells: Sequence[GoalSummary]) -> list[str]:
    run = sum(cell.complete for cell in cells)
    partial = sum(not cell.complete and cell.pooled is not None for cell in cells)
    cut = sum(bool(cell.cell.budget.note) for cell in cells)
    words = (
        f"{run} of {len(cells)} numbers measured as planned, {partial} in part, "
        f"{len(cells) - run - partial} not run. {cut} of them have a budget that was cut, see the "
        "footnotes."
    )
    return [words, documents.origin_words(store.records())]


def _table(plan: InsertionPlan, cells: Sequence[GoalSummary], connector: str) -> str:
    found = {(c.row.name, c.goal): c for c in cells if c.cell.connector == connector}
    header = ["method", ""]
    for goal in GOALS:
        header += [f"{GOAL_TITLES[goal]}: ours", "95 % interval", "by training", "seed"]
    lines = []
    for row in plan.rows.values():
        if connector not in row.cells:
            continue
        marks = "".join(_marks(plan, row, connector))
        line = [row.group, row.label + marks]
        for goal in GOALS:
            line += _numbers(found[row.name, goal])
        lines.append(line)
    return documents.table(header, lines)


def _numbers(cell: GoalSummary) -> list[str]:
    theirs = "-" if cell.published is None else f"{100 * cell.published:.0f} %"
    pooled = cell.pooled
    if pooled is None:
        return ["not run", "", "", theirs]
    low, high = pooled.interval
    ours = f"**{100 * pooled.rate:.0f} %** ({pooled.good}/{pooled.count})"
    if not cell.complete:
        ours += f", {len(cell.evaluations)} of {cell.expected} trainings"
    if cell.invalid:
        ours += f", {cell.invalid} without a verdict"
    each = " ".join(str(count) for count in pooled.successes) if len(pooled.trials) > 1 else ""
    return [ours, f"{100 * low:.0f} to {100 * high:.0f} %", each, theirs]


def _footnote_texts(plan: InsertionPlan) -> dict[str, str]:
    """Budgets that are not the full one, by name, in words."""
    return {name: budget.note for name, budget in plan.budgets.items() if budget.note}


def _marks(plan: InsertionPlan, row: Row, connector: str) -> list[str]:
    names = list(_footnote_texts(plan))
    budget = row.cells[connector].budget.name
    return [f" [{names.index(budget) + 1}]"] if budget in names else []


def _footnotes(plan: InsertionPlan, cells: Sequence[GoalSummary]) -> list[str]:
    used = {cell.cell.budget.name for cell in cells}
    return [
        f"[{number}] {text}."
        for number, (name, text) in enumerate(_footnote_texts(plan).items(), 1)
        if name in used
    ]


def _bars(cells: Sequence[GoalSummary]) -> str:
    lines = []
    for cell in cells:
        if cell.bar is None:
            continue
        pooled = cell.pooled
        ours, verdict = "not run", ""
        if pooled is not None:
            ours = f"{100 * pooled.rate:.1f} % ({pooled.good}/{pooled.count})"
            verdict = "yes" if pooled.rate >= cell.bar else "no"
            verdict += "" if cell.complete else ", so far"
        lines.append(
            [
                f"{cell.row.group}, {cell.row.label}",
                TITLES[cell.cell.connector],
                GOAL_TITLES[cell.goal],
                f"{100 * cell.bar:.0f} %",
                ours,
                verdict,
            ]
        )
    return documents.table(["method", "connector", "goal", "to reach", "ours", "reached"], lines)


def _curves(plan: InsertionPlan, store: Store) -> list[str]:
    parts = [
        "Final distance of the plug from the goal at the end of each training episode, with "
        "exploration and with ±1 mm goal noise: mean over the episodes of 600 steps, line: "
        "mean over trainings, band: smallest to largest training. Above 0.01 m there is no "
        "insertion (seed, figure 46)."
    ]
    parts += [f"![{figure.title}]({figure.file})" for figure in FIGURES]
    lines = []
    for row in plan.rows.values():
        for connector in row.cells:
            curves = curves_of(plan, store, row.name, connector)
            if curves:
                steps = [steps_until(curve, LEARNED_RATE) for curve in curves]
                words = ", ".join("never" if s is None else str(s) for s in steps)
                lines.append([f"{row.group}, {row.label}", TITLES[connector], words])
    if lines:
        parts.append(
            f"Environment steps after which {100 * LEARNED_RATE:.0f} % of the training episodes "
            "succeed (mean of 600 steps), one number per training:"
        )
        parts.append(documents.table(["method", "connector", "steps"], lines))
    return parts


def _differences(cells: Sequence[GoalSummary], notes: Mapping[str, str]) -> list[str]:
    parts = [
        "Numbers whose difference from the seed's has a 95 % interval without zero (Newcombe's, "
        "from our interval and the Wilson interval of the seed's 25 runs):"
    ]
    shown = False
    for row in dict.fromkeys(cell.row.name for cell in cells):
        mine = [cell for cell in cells if cell.row.name == row]
        differing = [cell for cell in mine if cell.differs]
        noted = [cell for cell in mine if note_for(notes, row, cell.cell.connector) != UNWRITTEN]
        if not (differing or noted):
            continue
        shown = True
        parts.append(f"### {mine[0].row.group}, {mine[0].row.label}")
        if differing:
            parts.append("\n".join(f"- {_difference_words(cell)}" for cell in differing))
        texts = [note_for(notes, row, cell.cell.connector) for cell in differing + noted]
        parts += list(dict.fromkeys(texts))
    return parts if shown else [*parts, "none so far."]


def _difference_words(cell: GoalSummary) -> str:
    pooled, interval = cell.pooled, cell.difference
    if pooled is None or interval is None or cell.published is None:
        raise ValueError("a cell without numbers does not differ")
    least, most = sorted(100 * abs(bound) for bound in interval)
    return (
        f"{TITLES[cell.cell.connector]}, {GOAL_TITLES[cell.goal]}: {100 * pooled.rate:.0f} % "
        f"against {100 * cell.published:.0f} %, {cell.differs} by {least:.0f} to {most:.0f} points"
    )


def _method(plan: InsertionPlan) -> str:
    lines = []
    for budget in plan.budgets.values():
        trainings = (
            f"{len(budget.train_seeds)} (seeds {', '.join(map(str, budget.train_seeds))})"
            if budget.train_seeds
            else "none"
        )
        steps = f"{budget.steps}, ±{budget.noise_mm:g} mm" if budget.train_seeds else "-"
        where = "ROS graph" if budget.backend == "ros" else "one process"
        lines.append(
            [budget.name, trainings, steps, f"{budget.episodes} per training", where]
            if budget.train_seeds
            else [budget.name, trainings, steps, str(budget.episodes), where]
        )
    header = ["budget", "trainings", "environment steps, goal noise", "evaluations", "through"]
    return "\n\n".join(
        [
            documents.table(header, lines),
            "Evaluations use the seeds 0 to 99; the n-th training is evaluated on the n-th "
            "block of them, the P-controller on all blocks, so each method "
            "meets the same goal offsets, grasps and frictions. The seed evaluated one training "
            "of each method 25 times on the robot and gives no interval. It does not say which "
            "learner made its dense rows; they stand beside our SAC.",
            documents.INTERVAL_WORDS,
            "Every number's commands, commit and wall time are in [commands.md](commands.md), "
            "everything as data in [results.json](results.json). "
            "`./sawyer report ch9` builds these documents and runs what is not there yet; "
            "`./sawyer report ch9 --fresh --only residual_sac_image/usb` measures one cell again.",
        ]
    )


def _settings(plan: InsertionPlan, store: Store) -> list[str]:
    """What the finished trainings were made with, by row."""
    jobs = plan.jobs()
    trainings: dict[str, list[dict[str, Any]]] = {}
    for row in plan.rows.values():
        for connector, cell in row.cells.items():
            for seed in cell.budget.train_seeds if row.trained else ():
                record = store.record(jobs[cell_id(row.name, connector, seed, TRAIN)])
                if record is not None:
                    trainings.setdefault(f"{row.group}, {row.label}", []).append(record)
    if not trainings:
        return []
    words = (
        "What the trainings were made with (all settings are in results.json). `state`: position "
        "and vertical force, the seed's; `image32`: the 32x32 picture; `_goal`: also the offset "
        "to the commanded goal, on which the base controller acts as well. What the critics see "
        "is used while training only."
    )
    return [words, documents.settings_table(trainings)]


def commands(plan: InsertionPlan, store: Store) -> str:
    """Return commands.md: what made each number."""
    jobs = plan.jobs()
    parts = [
        "# Commands of chapter 9",
        "Each in an environment made by `./sawyer setup`; `./sawyer report ch9 --fresh --only "
        "<cell>` runs a training and its evaluations by itself. Commands that have not run yet "
        "are listed as planned.",
    ]
    for row in plan.rows.values():
        parts.append(f"## {row.name} ({row.group}, {row.label})")
        for connector, cell in row.cells.items():
            seeds = cell.budget.train_seeds if row.trained else (None,)
            for seed in seeds:
                lasts = (["train"] if row.trained else []) + list(GOALS)
                names = [cell_id(row.name, connector, seed, last) for last in lasts]
                parts.append(documents.command_block((jobs[name] for name in names), store))
    return "\n\n".join(parts) + "\n"
