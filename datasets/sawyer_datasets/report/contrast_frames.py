"""One picture of the video that shows two policies at the same task, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sawyer_datasets.report import style
from sawyer_datasets.report.frames import draw_pill, fit, paste_centred, state_at
from sawyer_datasets.report.plots import ForceChart, force_chart
from sawyer_datasets.report.series import EpisodeSeries, Film

WIDTH: Final = 1280
HEIGHT: Final = 720
MARGIN: Final = 20
PANEL_PX: Final = 610
HEAD_PX: Final = 68
# Within a panel: x, y, width, height from its left end and the picture's top.
OVERVIEW: Final = (0, 126, 400, 300)
CLOSE_UP: Final = (272, 126, 128, 128)
VIEW: Final = (416, 148, 192, 192)
READOUTS: Final = (416, 356)
CHART: Final = (0, 464, 610, 190)
BAND: Final = (0, 672, 610, 14)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class PanelText:
    """What stands above a panel: who acts, a word on it, and how it has done so far."""

    name: str
    note: str
    score: str = ""


class Panel:
    """One policy's half of the picture; what does not change is drawn once."""

    def __init__(
        self,
        series: EpisodeSeries | None,
        row: Mapping[str, Any],
        text: PanelText,
        *,
        left_px: int,
        span_s: float,
        top_n: float,
    ) -> None:
        self.series = series
        self.row = row
        self.text = text
        self.left_px = left_px
        self.span_s = max(span_s, 1e-9)
        self._chart: ForceChart | None = None
        if series is not None:
            self._chart = force_chart(series, CHART[2], CHART[3], top_n, span_s)
        self._scaled: dict[Box, tuple[int, Image.Image]] = {}

    def _place(self, box: Box) -> Box:
        return (box[0] + self.left_px, box[1], box[2], box[3])

    def draw_base(self, canvas: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        """Draw what stays the same through the episode."""
        x = self.left_px
        draw.text((x, 80), self.text.name, style.INK, style.font(19, bold=True))
        words = "  ·  ".join(part for part in (self.text.note, self.text.score) if part)
        draw.text((x, 104), words, style.MUTED, style.font(14))
        for box in (OVERVIEW, VIEW):
            left, top, width, height = self._place(box)
            draw.rectangle((left, top, left + width, top + height), fill=style.EMPTY)
        if self.series is None:
            left, top, width, height = self._place(OVERVIEW)
            middle = (left + width / 2, top + height / 2)
            draw.text(middle, "no recording", style.MUTED, style.font(17), anchor="mm")
            return
        left, top, _, _ = self._place(VIEW)
        draw.text((left, top - 22), "Camera, 32 × 32", style.MUTED, style.font(14))
        self._draw_chart(canvas, draw)
        self._draw_band(draw, self.series)

    def _draw_chart(self, canvas: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        assert self._chart is not None
        x, y, width, height = self._place(CHART)
        draw.rectangle((x, y - 24, x + width, y + height), fill=style.CARD, outline=style.LINE)
        draw.text((x + 12, y - 17), "Vertical force on the plug", style.INK, style.font(14))
        bold = style.font(14, bold=True)
        draw.text((x + width - 12, y - 17), "1 kHz peak", style.PEAK, bold, anchor="ra")
        chart = Image.fromarray(self._chart.pixels).crop((1, 8, width - 1, height - 1))
        canvas.paste(chart, (x + 1, y + 8))

    def _draw_band(self, draw: ImageDraw.ImageDraw, series: EpisodeSeries) -> None:
        x, y, width, height = self._place(BAND)
        draw.rectangle((x, y, x + width, y + height), fill=style.EMPTY)
        for begin, end, phase in series.segments(style.LAST_SHARE):
            ends = (x + width * begin / self.span_s, x + width * end / self.span_s)
            draw.rectangle((ends[0], y, ends[1], y + height), fill=style.PHASE_COLOURS[phase])

    def draw(self, canvas: Image.Image, draw: ImageDraw.ImageDraw, t_s: float) -> None:
        """Draw the panel at a time; after its episode's end its last state stays."""
        series = self.series
        if series is None:
            return
        own_s = min(t_s, series.end_s)
        self._paste(canvas, draw, series.overview, own_s, OVERVIEW)
        if series.close_up is not None:
            self._paste(canvas, draw, series.close_up, own_s, CLOSE_UP)
        self._paste(canvas, draw, series.policy_view, own_s, VIEW, crisp=True)
        state = state_at(series, self.row, own_s)
        draw_pill(draw, state, self.left_px + PANEL_PX - 2, 82, 17)
        self._draw_readouts(draw, series, own_s)
        self._draw_cursor(draw, series, own_s)

    def _paste(
        self,
        canvas: Image.Image,
        draw: ImageDraw.ImageDraw,
        film: Film | None,
        t_s: float,
        box: Box,
        *,
        crisp: bool = False,
    ) -> None:
        if film is None:
            return
        place = self._place(box)
        index = film.index_at(t_s)
        known = self._scaled.get(box)
        if known is None or known[0] != index:
            method = Image.Resampling.NEAREST if crisp else Image.Resampling.BICUBIC
            known = self._scaled[box] = (index, fit(film, t_s, place, method))
        paste_centred(canvas, known[1], place)
        x, y, width, height = place
        draw.rectangle((x, y, x + width, y + height), outline=style.LINE)

    def _draw_readouts(self, draw: ImageDraw.ImageDraw, series: EpisodeSeries, t_s: float) -> None:
        peak = series.force_peak_n
        so_far = peak.value[peak.t_s <= t_s + 1e-9]
        x, y = self.left_px + READOUTS[0], READOUTS[1]
        for label, value, form in (
            ("Distance", series.distance_mm.at(t_s), "{:.2f} mm"),
            ("Peak force", float(so_far.max()) if len(so_far) else None, "{:.1f} N"),
        ):
            text = "–" if value is None else form.format(value + 0.0)
            draw.text((x, y + 5), label, style.MUTED, style.font(14))
            draw.text((x + 192, y), text, style.INK, style.font(20, bold=True), anchor="ra")
            y += 36

    def _draw_cursor(self, draw: ImageDraw.ImageDraw, series: EpisodeSeries, t_s: float) -> None:
        chart = self._chart
        assert chart is not None
        left, top, _, _ = self._place(CHART)
        x = left + chart.x_px(t_s)
        draw.line((x, top + chart.top_px, x, top + chart.bottom_px), fill=style.CURSOR, width=2)
        value = series.force_z_n.between(t_s)
        if value is not None:
            y = top + chart.y_px(value)
            draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=style.CURSOR, outline=style.CARD)
        left, top, width, height = self._place(BAND)
        x = left + width * min(1.0, t_s / self.span_s)
        draw.rectangle((x - 2, top - 4, x + 1, top + height + 4), style.CURSOR)


class PairFrames:
    """Draws the frames of one episode of both policies, which start together."""

    def __init__(
        self,
        headline: str,
        details: str,
        sides: Sequence[tuple[EpisodeSeries | None, Mapping[str, Any], PanelText]],
        top_n: float,
    ) -> None:
        ends = [series.end_s for series, _, _ in sides if series is not None]
        self.end_s = max(ends, default=0.0)
        lefts = (MARGIN, WIDTH - MARGIN - PANEL_PX)
        self._panels = [
            Panel(series, row, text, left_px=left, span_s=self.end_s, top_n=top_n)
            for (series, row, text), left in zip(sides, lefts, strict=True)
        ]
        self._base = Image.new("RGB", (WIDTH, HEIGHT), style.PAPER)
        draw = ImageDraw.Draw(self._base)
        draw.rectangle((0, 0, WIDTH, HEAD_PX), fill=style.CARD)
        draw.line((0, HEAD_PX, WIDTH, HEAD_PX), fill=style.LINE)
        draw.text((MARGIN, 9), headline, style.INK, style.font(22, bold=True))
        draw.text((MARGIN, 40), details, style.MUTED, style.font(16))
        draw.line((WIDTH // 2, HEAD_PX + 12, WIDTH // 2, HEIGHT - 34), fill=style.LINE)
        self._draw_legend(draw)
        for panel in self._panels:
            panel.draw_base(self._base, draw)

    def _draw_legend(self, draw: ImageDraw.ImageDraw) -> None:
        left = float(MARGIN)
        for phase, colour in style.PHASE_COLOURS.items():
            label = style.PHASE_LABELS[phase]
            draw.rectangle((left, 697, left + 12, 709), fill=colour)
            draw.text((left + 18, 703), label, style.MUTED, style.font(14), anchor="lm")
            left += 48 + draw.textlength(label, style.font(14))

    def frames(self, rate_hz: float, lead_s: float, hold_s: float) -> Iterator[NDArray[np.uint8]]:
        """Return the pictures at a frame rate, with still ones before and after."""
        count = max(1, round(self.end_s * rate_hz))
        for index in range(count + 1):
            picture = self.frame(self.end_s * index / count)
            still_s = {0: lead_s, count: hold_s}.get(index, 0.0)
            yield from [picture] * (1 + round(still_s * rate_hz))

    def frame(self, t_s: float) -> NDArray[np.uint8]:
        """Return the picture at a time, (720, 1280, 3) RGB."""
        canvas = self._base.copy()
        draw = ImageDraw.Draw(canvas)
        clock = style.font(26, bold=True)
        draw.text((WIDTH - MARGIN, HEAD_PX / 2), f"{t_s:.2f} s", style.INK, clock, "rm")
        for panel in self._panels:
            panel.draw(canvas, draw, t_s)
        return np.asarray(canvas)
