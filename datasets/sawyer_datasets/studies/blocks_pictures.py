"""Pictures of chapter 8: sweeps and learning curves, success beside return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from sawyer_datasets.report import style
from sawyer_datasets.studies.blocks_plan import Experiment
from sawyer_datasets.studies.blocks_summary import BlocksCell
from sawyer_datasets.studies.curves import band, smooth
from sawyer_datasets.studies.insertion_pictures import (
    BASELINE_LINE,
    DPI,
    TD3_LINE,
    draw_band,
    not_run,
    png,
)

COLOURS: Final = {
    "hand": style.MUTED,
    "residual": "#0b5fa5",
    "rl": "#c2603b",
    "residual_sim": "#1e8a5a",
    "rl_sim": "#b3871b",
    "residual_on_sim": "#7a4fa3",
}
LINES: Final = {"residual_sim": TD3_LINE, "rl_sim": TD3_LINE, "residual_on_sim": TD3_LINE}
QUANTITIES: Final = (("success", "success rate"), ("return", "return"))


def experiment_picture(experiment: Experiment, cells: Sequence[BlocksCell]) -> bytes:
    """Return a picture of an experiment: a sweep, or learning curves."""
    if experiment.kind == "sweep":
        return sweep_picture(experiment, cells)
    return curves_picture(experiment, cells)


def sweep_picture(experiment: Experiment, cells: Sequence[BlocksCell]) -> bytes:
    """Return success and return over the axis of a sweep, with 95 % intervals."""
    with mpl.rc_context(style.axes_style()):
        figure = Figure(figsize=(9.4, 4.2), dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2)
        handles: dict[str, Any] = {}
        xs = [setting.x for setting in experiment.settings.values()]
        width = (max(xs) - min(xs)) or 1.0
        for number, (name, entry) in enumerate(experiment.entries.items()):
            shift = 0.008 * width * (number - 0.5 * (len(experiment.entries) - 1))
            mine = [c for c in cells if c.entry.method.name == name and c.pooled is not None]
            missing = len([c for c in cells if c.entry.method.name == name]) - len(mine)
            label = entry.method.label
            if missing:
                label += f" ({missing} of {len(mine) + missing} not run)"
            drawn = _errorbar(left, mine, name, shift, success=True)
            _errorbar(right, [c for c in mine if c.returns], name, shift, success=False)
            handles[label] = drawn
        left.set_ylim(-0.04, 1.04)
        for axes, (_, title) in zip((left, right), QUANTITIES, strict=True):
            axes.set_title(title.capitalize())
            axes.set_xlabel(experiment.axis)
            axes.set_xlim(min(xs) - 0.06 * width, max(xs) + 0.06 * width)
            _say_if_empty(axes)
        _title(figure, experiment)
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
        return png(figure)


def _say_if_empty(axes: Any) -> None:
    if all(len(line.get_xdata()) == 0 for line in axes.get_lines()):
        axes.set_yticks([])
        axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", color=style.MUTED)


def _errorbar(
    axes: Any, cells: Sequence[BlocksCell], name: str, shift: float, *, success: bool
) -> Any:
    x = [cell.setting.x + shift for cell in cells]
    y, low, high = [], [], []
    for cell in cells:
        pooled = cell.pooled
        if pooled is None:
            raise ValueError("a cell that has not run has no bar")
        value, bounds = (
            (pooled.rate, pooled.interval) if success else (cell.mean_return, cell.return_interval)
        )
        y.append(value)
        low.append(value - bounds[0])
        high.append(bounds[1] - value)
    spread = np.nan_to_num(np.maximum(np.array([low, high], dtype=np.float64), 0.0))
    return axes.errorbar(
        x,
        y,
        yerr=spread if x else None,
        color=COLOURS.get(name, style.INK),
        marker="o",
        markersize=5,
        lw=1.8,
        capsize=3,
        linestyle=LINES.get(name, "-"),
    )


def curves_picture(experiment: Experiment, cells: Sequence[BlocksCell]) -> bytes:
    """Return success and return over environment steps, mean and spread over trainings.

    The setting drawn is the first one; methods of other settings only give the policies that
    these begin with. A method that is not trained is a dotted level.
    """
    setting = next(iter(experiment.settings))
    mine = [cell for cell in cells if cell.setting.name == setting]
    with mpl.rc_context(style.axes_style()):
        figure = Figure(figsize=(9.4, 4.4), dpi=DPI, layout="constrained")
        panels = figure.subplots(1, 2)
        handles: dict[str, Any] = {}
        missing = []
        for cell in mine:
            method = cell.entry.method
            drawn = _draw_cell(panels, cell)
            if drawn is None:
                missing.append(method.label)
            else:
                handles[method.label] = drawn
        panels[0].set_ylim(-0.04, 1.04)
        not_run(panels[0], missing)
        for axes, (_, title) in zip(panels, QUANTITIES, strict=True):
            axes.set_title(f"{title.capitalize()} of training episodes")
            axes.set_xlabel("environment steps")
            axes.set_xlim(left=0)
            _say_if_empty(axes)
        _title(figure, experiment)
        if handles:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
        return png(figure)


def _draw_cell(panels: Sequence[Any], cell: BlocksCell) -> Any:
    name = cell.entry.method.name
    colour, line = COLOURS.get(name, style.INK), LINES.get(name, "-")
    drawn = None
    if cell.entry.method.trained:
        for axes, (quantity, _) in zip(panels, QUANTITIES, strict=True):
            known = [c for c in cell.curves if any(v is not None for v in c[quantity])]
            if known:
                drawn = draw_band(axes, smooth(band(known, quantity)), colour, line)
    elif cell.pooled is not None:
        drawn = panels[0].axhline(cell.pooled.rate, color=colour, lw=1.6, ls=BASELINE_LINE)
        if cell.returns:
            panels[1].axhline(cell.mean_return, color=colour, lw=1.6, ls=BASELINE_LINE)
    return drawn


def _title(figure: Any, experiment: Experiment) -> None:
    text = f"Figure {experiment.figure}: {experiment.title}"
    figure.suptitle(text, x=0.01, ha="left", fontsize=13, fontweight="bold")
