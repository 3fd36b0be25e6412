"""Plots of one episode and of a session, as PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sawyer_datasets.report import style
from sawyer_datasets.report.series import Curve, EpisodeSeries, Phase

DPI: Final = 150
MIN_DISTANCE_MM: Final = 0.05  # bottom of the logarithmic distance axis; ours


def figure_png(figure: Figure) -> bytes:
    """Return a figure as PNG."""
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()


def _draw_force(axes: Any, series: EpisodeSeries) -> None:
    force, peak = series.force_z_n, series.force_peak_n
    if peak:
        axes.step(
            peak.t_s,
            peak.value,
            where="pre",  # a value belongs to the period before its stamp
            color=style.PEAK,
            linewidth=1.4,
            label="largest |f| in the period (1 kHz)",
        )
    if force:
        axes.plot(force.t_s, force.value, color=style.FORCE, linewidth=1.8, label="vertical force")
    axes.axhline(0.0, color=style.LINE, linewidth=0.8)
    axes.set_xlim(0.0, max(series.end_s, 1e-3))
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -1.0), max(high, 5.0))


def _empty(axes: Any, text: str) -> None:
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=style.MUTED
    )
    axes.set_yticks([])


def _shade_phases(axes: Any, series: EpisodeSeries) -> None:
    for begin, end, phase in series.segments():
        if phase is not Phase.APPROACH:
            colour = style.PHASE_COLOURS[phase]
            axes.axvspan(begin, end, color=colour, alpha=0.10, linewidth=0)


def episode_plot(series: EpisodeSeries) -> bytes:
    """Return force, distance and insertion state over time."""
    with mpl.rc_context(style.axes_style()):
        figure = Figure(figsize=(8.2, 4.9), dpi=DPI, layout="constrained")
        force, distance, state = figure.subplots(
            3, 1, sharex=True, gridspec_kw={"height_ratios": [5, 4, 1.1]}
        )
        _shade_phases(force, series)
        if series.force_z_n or series.force_peak_n:
            _draw_force(force, series)
            _title_legend(force)
        else:
            _empty(force, "no force recorded")
        force.set_title("Force on the plug")
        force.set_ylabel("N")
        _shade_phases(distance, series)
        _draw_distance(distance, series)
        _draw_states(state, series)
        figure.align_ylabels()
        return figure_png(figure)


def _draw_distance(axes: Any, series: EpisodeSeries) -> None:
    axes.set_title("Distance to the goal")
    axes.set_ylabel("mm")
    if not series.distance_mm:
        _empty(axes, "no distance recorded")
        return
    log_distance(axes)
    _plot_distance(axes, series.distance_mm, style.DISTANCE, label="tip to the goal")
    if series.lateral_mm:
        _plot_distance(axes, series.lateral_mm, "#c9a9e0", label="sideways, to the commanded goal")
    _title_legend(axes)


def _title_legend(axes: Any, **options: Any) -> None:
    """Put the legend beside the title, where no data can be."""
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 0.99),
        ncols=4,
        handlelength=1.3,
        borderaxespad=0.0,
        borderpad=0.2,
        **options,
    )


def log_distance(axes: Any) -> None:
    """Give axes the logarithmic distance scale that all plots share."""
    axes.set_yscale("log")
    axes.set_ylim(MIN_DISTANCE_MM, 130)
    axes.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.minorticks_off()


def _plot_distance(axes: Any, curve: Curve, colour: str, label: str) -> None:
    value = np.maximum(curve.value, MIN_DISTANCE_MM)
    axes.plot(curve.t_s, value, color=colour, linewidth=1.8, label=label)


def _draw_states(axes: Any, series: EpisodeSeries) -> None:
    axes.set_title("Insertion state")
    axes.set_xlabel("time, s")
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0.0, max(series.end_s, 1e-3))
    segments = series.segments(style.LAST_SHARE)
    if not segments:
        _empty(axes, "not recorded")
        return
    for begin, end, phase in segments:
        axes.axvspan(begin, end, 0.1, 0.9, color=style.PHASE_COLOURS[phase], linewidth=0)
    present = [phase for phase in Phase if any(phase is p for _, _, p in segments)]
    _title_legend(
        axes,
        handles=[
            Patch(color=style.PHASE_COLOURS[p], label=style.PHASE_LABELS[p]) for p in present
        ],
    )


def session_plot(
    series: Sequence[EpisodeSeries | None], successes: Sequence[bool], peaks_n: Sequence[float]
) -> bytes:
    """Return how close every episode came over time, and its peak force."""
    with mpl.rc_context(style.axes_style()):
        figure = Figure(figsize=(8.2, 2.9), dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [3, 2]})
        left.set_title("Distance to the goal, all episodes")
        left.set_xlabel("time, s")
        left.set_ylabel("mm")
        log_distance(left)
        for item, success in zip(series, successes, strict=True):
            if item is not None and item.distance_mm:
                colour = style.GOOD if success else style.BAD
                value = np.maximum(item.distance_mm.value, MIN_DISTANCE_MM)
                line = "-" if success else "--"
                left.plot(item.distance_mm.t_s, value, line, color=colour, lw=1.4, alpha=0.8)
        left.set_xlim(left=0.0)
        right.set_title("Peak force by episode")
        right.set_ylabel("N")
        colours = [style.GOOD if success else style.BAD for success in successes]
        hatches = ["" if success else "///" for success in successes]
        numbers = np.arange(1, len(peaks_n) + 1)
        right.bar(numbers, peaks_n, color=colours, hatch=hatches, edgecolor=style.CARD, width=0.7)
        right.xaxis.get_major_locator().set_params(integer=True)
        right.set_xlabel("episode")
        right.grid(axis="x", visible=False)
        handles = [
            Line2D([], [], color=style.GOOD, label="success"),
            Line2D([], [], color=style.BAD, ls="--", label="no success"),
        ]
        shown = [True in successes, False in successes]
        left.legend(
            handles=[h for h, there in zip(handles, shown, strict=True) if there],
            loc="upper right",
        )
        return figure_png(figure)


@dataclass(frozen=True)
class ForceChart:
    """The force trace of an episode as pixels, and where times lie on it."""

    pixels: NDArray[np.uint8]
    left_px: float
    right_px: float
    top_px: float
    bottom_px: float
    end_s: float
    low_n: float
    high_n: float

    def x_px(self, t_s: float) -> float:
        """Return the column of a time."""
        share = min(max(t_s / max(self.end_s, 1e-9), 0.0), 1.0)
        return self.left_px + share * (self.right_px - self.left_px)

    def y_px(self, force_n: float) -> float:
        """Return the row of a force."""
        share = (force_n - self.low_n) / max(self.high_n - self.low_n, 1e-9)
        return self.bottom_px - min(max(share, 0.0), 1.0) * (self.bottom_px - self.top_px)


def force_chart(
    series: EpisodeSeries, width: int, height: int, top_n: float, span_s: float | None = None
) -> ForceChart:
    """Draw the force trace for the video at an exact size.

    `top_n` is the force axis' limit, `span_s` that of the time axis (the episode's end if None).
    """
    end_s = series.end_s if span_s is None else span_s
    with mpl.rc_context({**style.axes_style(), "font.size": 12}):
        figure = Figure(figsize=(width / 100, height / 100), dpi=100)
        axes = figure.add_axes((58 / width, 58 / height, 1 - 88 / width, 1 - 74 / height))
        _shade_phases(axes, series)
        _draw_force(axes, series)
        axes.set_xlim(0.0, max(end_s, 1e-3))
        axes.set_ylim(min(-2.0, axes.get_ylim()[0]), top_n)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3))
        axes.set_xlabel("time, s")
        axes.set_ylabel("N")
        if not series.force_z_n:
            _empty(axes, "no force recorded")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
        box = axes.get_window_extent()
        return ForceChart(
            pixels=pixels,
            left_px=float(box.x0),
            right_px=float(box.x1),
            top_px=height - float(box.y1),
            bottom_px=height - float(box.y0),
            end_s=end_s,
            low_n=float(axes.get_ylim()[0]),
            high_n=float(axes.get_ylim()[1]),
        )
