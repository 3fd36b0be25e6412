"""Plots that put two policies beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sawyer_datasets.report import style
from sawyer_datasets.report.plots import MIN_DISTANCE_MM, figure_png, log_distance
from sawyer_datasets.report.series import Curve, EpisodeSeries

DPI: Final = 150
COLOURS: Final = ("#d9822b", "#0b5fa5")  # apart for colour-blind eyes and in grey print


def overall_plot(
    sides: Sequence[Sequence[EpisodeSeries | None]],
    successes: Sequence[Sequence[bool]],
    peaks_n: Sequence[Sequence[float]],
    labels: Sequence[str],
) -> bytes:
    """Return the distances of all episodes, one picture per policy, and the peak forces."""
    with mpl.rc_context(style.axes_style()):
        figure = Figure(figsize=(9.2, 3.0), dpi=DPI, layout="constrained")
        grid = {"width_ratios": [3, 3, 2.6]}
        left, middle, right = figure.subplots(1, 3, gridspec_kw=grid)
        middle.sharex(left)
        for axes, series, won, label in zip((left, middle), sides, successes, labels, strict=True):
            _draw_distances(axes, series, won)
            axes.set_title(f"{label}: distance")
        left.set_ylabel("mm")
        left.set_xlim(left=0.0)
        handles = [
            Line2D([], [], color=style.GOOD, label="success"),
            Line2D([], [], color=style.BAD, ls="--", label="no success"),
        ]
        middle.legend(handles=handles, loc="upper right")
        _draw_peaks(right, peaks_n, labels)
        return figure_png(figure)


def _draw_distances(
    axes: Any, series: Sequence[EpisodeSeries | None], successes: Sequence[bool]
) -> None:
    axes.set_xlabel("time, s")
    log_distance(axes)
    for item, success in zip(series, successes, strict=True):
        if item is not None and item.distance_mm:
            colour, line = (style.GOOD, "-") if success else (style.BAD, "--")
            value = np.maximum(item.distance_mm.value, MIN_DISTANCE_MM)
            axes.plot(item.distance_mm.t_s, value, line, color=colour, lw=1.4, alpha=0.8)
            end = (item.distance_mm.t_s[-1], value[-1])
            axes.plot(*end, "o" if success else "x", color=colour, ms=4.5)


def _draw_peaks(axes: Any, peaks_n: Sequence[Sequence[float]], labels: Sequence[str]) -> None:
    axes.set_title("Peak force by episode")
    axes.set_ylabel("N")
    width = 0.38
    for side, (peaks, label, colour) in enumerate(zip(peaks_n, labels, COLOURS, strict=True)):
        numbers = np.arange(1, len(peaks) + 1) + (side - 0.5) * width
        axes.bar(numbers, peaks, width, color=colour, label=label)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("episode")
    axes.grid(axis="x", visible=False)
    low, high = axes.get_ylim()
    axes.set_ylim(low, 1.3 * high)
    axes.legend(loc="upper right", ncols=2, handlelength=1.0, columnspacing=1.0)


def pair_plot(series: Sequence[EpisodeSeries | None], labels: Sequence[str]) -> bytes:
    """Return the force and the distance of one episode, both policies in each picture."""
    with mpl.rc_context(style.axes_style()):
        figure = Figure(figsize=(9.2, 2.5), dpi=DPI, layout="constrained")
        force, distance = figure.subplots(1, 2)
        force.set_title("Largest force in each period (1 kHz)")
        force.set_ylabel("N")
        distance.set_title("Distance to the goal")
        distance.set_ylabel("mm")
        log_distance(distance)
        for item, label, colour in zip(series, labels, COLOURS, strict=True):
            if item is None:
                continue
            _draw_line(force, item.force_peak_n, colour, label, least=0.0)
            _draw_line(distance, item.distance_mm, colour, label, least=MIN_DISTANCE_MM)
        ends = [item.end_s for item in series if item is not None]
        for axes in (force, distance):
            axes.set_xlabel("time, s")
            axes.set_xlim(0.0, max([1e-3, *ends]) * 1.02)
        force.set_ylim(bottom=0.0)
        if ends:
            distance.legend(loc="upper right")
        return figure_png(figure)


def _draw_line(axes: Any, curve: Curve, colour: str, label: str, *, least: float) -> None:
    if curve:
        value = np.maximum(curve.value, least)
        axes.plot(curve.t_s, value, color=colour, linewidth=1.8, label=label)
        axes.plot(curve.t_s[-1], value[-1], "o", color=colour, ms=4.5)
