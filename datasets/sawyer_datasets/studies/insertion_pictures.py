"""Pictures of chapter 9: learning curves of the final distance, and the tables."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from sawyer_datasets.report import style
from sawyer_datasets.studies.curves import Band, band, smooth
from sawyer_datasets.studies.insertion_plan import CONNECTORS, GOALS, InsertionPlan
from sawyer_datasets.studies.insertion_summary import GoalSummary, curves_of
from sawyer_datasets.studies.store import Store

DPI: Final = 150
FAILED_M: Final = 0.01  # a larger final distance is no insertion (thesis figure 46)
TITLES: Final = {"usb": "USB", "dsub": "D-Sub", "model_e": "Model-E"}
GOAL_TITLES: Final = {"exact": "exact goal", "noisy": "goal ±1 mm"}
# Hue says the method, the line SAC (solid) or TD3 (dashed).
GROUP_COLOURS: Final = {
    "Residual RL": "#0b5fa5",
    "RL + LfD": "#1e8a5a",
    "Pure RL": "#c2603b",
    "Hand-written": style.MUTED,
}
TD3_LINE: Final = (0, (4, 2))
BASELINE_LINE: Final = (0, (1, 1.5))


@dataclass(frozen=True)
class CurveFigure:
    """One figure of the thesis: which rows, on which connectors."""

    file: str
    title: str
    reward: str
    connectors: tuple[str, ...]


FIGURES: Final = (
    CurveFigure("figure44_vision.png", "Figure 44: learning from images", "image", CONNECTORS),
    CurveFigure("figure45_sparse_usb.png", "Figure 45: sparse reward, USB", "sparse", ("usb",)),
    CurveFigure("figure46_dense.png", "Figure 46: dense reward, state", "dense", CONNECTORS),
)


def curve_picture(figure: CurveFigure, plan: InsertionPlan, store: Store) -> bytes:
    """Return the learning curves of final distance, one panel per connector."""
    rows = [row for row in plan.rows.values() if row.reward == figure.reward]
    width = 3.9 * len(figure.connectors) + (3.0 if len(figure.connectors) == 1 else 0.6)
    with mpl.rc_context(style.axes_style()):
        drawn = Figure(figsize=(width, 4.4), dpi=DPI, layout="constrained")
        panels = drawn.subplots(1, len(figure.connectors), sharey=True, squeeze=False)[0]
        handles: dict[str, Any] = {}
        for axes, connector in zip(panels, figure.connectors, strict=True):
            axes.set_title(TITLES[connector])
            missing = []
            for row in rows:
                label = f"{row.group}, {row.label.split(', ')[-1]}"
                curves = curves_of(plan, store, row.name, connector)
                if curves:
                    line = TD3_LINE if row.algorithm == "td3" else "-"
                    colour = GROUP_COLOURS.get(row.group, style.INK)
                    data = smooth(band(curves, "final_distance_m"))
                    handles[label] = draw_band(axes, data, colour, line)
                elif connector in row.cells:
                    missing.append(label)
            _distance_axes(axes)
            not_run(axes, missing)
        panels[0].set_ylabel("final distance to the goal, m")
        handles["no insertion above 0.01 m"] = Line2D(
            [], [], color=style.CURSOR, lw=1.2, ls=BASELINE_LINE
        )
        drawn.suptitle(figure.title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        drawn.legend(
            handles.values(), handles.keys(), loc="outside lower center",
            ncols=3 if len(figure.connectors) > 1 else 2,
        )  # fmt: skip
        return png(drawn)


def draw_band(axes: Any, data: Band, colour: str, line: Any = "-") -> Any:
    """Draw mean and spread over trainings; returns the line for the legend."""
    if data.trainings > 1:
        axes.fill_between(data.env_steps, data.low, data.high, color=colour, alpha=0.12, lw=0)
    (drawn,) = axes.plot(data.env_steps, data.mean, color=colour, linestyle=line, lw=1.8)
    return drawn


def not_run(axes: Any, labels: Sequence[str]) -> None:
    """Say in the picture itself what is missing from it."""
    if labels:
        text = "\n".join(["not run:", *labels])
        axes.text(
            0.03, 0.03, text, transform=axes.transAxes, va="bottom", fontsize=8, color=style.MUTED
        )


def _distance_axes(axes: Any) -> None:
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 0.2)
    axes.set_yticks([1e-4, 1e-3, 1e-2, 1e-1], ["0.0001", "0.001", "0.01", "0.1"])
    axes.minorticks_off()
    axes.axhline(FAILED_M, color=style.CURSOR, lw=1.2, ls=BASELINE_LINE)
    axes.set_xlim(left=0)
    axes.set_xlabel("environment steps")


def table_picture(plan: InsertionPlan, cells: Sequence[GoalSummary]) -> bytes:
    """Return all numbers as a coloured table, ours above the published one."""
    found = {(c.row.name, c.cell.connector, c.goal): c for c in cells}
    columns = [(connector, goal) for connector in CONNECTORS for goal in GOALS]
    rows = list(plan.rows.values())
    with mpl.rc_context({**style.axes_style(), "axes.grid": False}):
        figure = Figure(figsize=(11.0, 1.5 + 0.52 * len(rows)), dpi=DPI, layout="constrained")
        axes = figure.subplots()
        axes.set_xlim(-2.2, len(columns))
        axes.set_ylim(len(rows), -1.3)
        axes.axis("off")
        for x, (connector, goal) in enumerate(columns):
            if goal == "exact":
                axes.text(x + 1, -0.95, TITLES[connector], ha="center", fontweight="bold")
            axes.text(x + 0.5, -0.3, GOAL_TITLES[goal], ha="center", color=style.MUTED)
        for y, row in enumerate(rows):
            new_group = y == 0 or rows[y - 1].group != row.group
            if new_group:
                axes.plot([-2.2, len(columns)], [y, y], color=style.LINE, lw=1)
                axes.text(-2.2, y + 0.5, row.group, va="center", fontweight="bold")
            axes.text(-0.1, y + 0.5, row.label, va="center", ha="right")
            for x, (connector, goal) in enumerate(columns):
                _table_cell(axes, x, y, found.get((row.name, connector, goal)))
        axes.set_title("Success on the twin (large) and as published for the robot (small)")
        return png(figure)


def _table_cell(axes: Any, x: int, y: int, cell: GoalSummary | None) -> None:
    if cell is None:
        return
    pooled = cell.pooled
    colour: Any = style.EMPTY
    if pooled is not None:
        colour = mpl.colormaps["RdYlGn"](0.12 + 0.76 * pooled.rate)
    axes.add_patch(Rectangle((x + 0.03, y + 0.06), 0.94, 0.88, facecolor=colour, alpha=0.55, lw=0))
    ours = "not run" if pooled is None else f"{100 * pooled.rate:.0f} %"
    count = "" if pooled is None else f"  {pooled.good}/{pooled.count}"
    small = style.MUTED if pooled is None else style.INK
    axes.text(x + 0.5, y + 0.36, ours + count, ha="center", va="center", fontsize=9, color=small)
    theirs = "no figure" if cell.published is None else f"seed {100 * cell.published:.0f} %"
    axes.text(x + 0.5, y + 0.74, theirs, ha="center", va="center", fontsize=7, color=small)


def png(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None})
    return stream.getvalue()
