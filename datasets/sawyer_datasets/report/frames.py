"""One picture of the demo video: cameras, force trace, captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sawyer_datasets.report import style
from sawyer_datasets.report.plots import force_chart
from sawyer_datasets.report.series import EpisodeSeries, Film, Phase

WIDTH: Final = 1280
HEIGHT: Final = 720
MARGIN: Final = 24
OVERVIEW_BOX: Final = (24, 100, 720, 540)  # x, y, width, height
INSET_BOX: Final = (552, 100, 192, 192)
VIEW_BOX: Final = (768, 128, 256, 256)
READOUT_BOX: Final = (1048, 100)
CHART_BOX: Final = (768, 424, 488, 216)
BAND_BOX: Final = (24, 664, 1232, 20)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class EpisodeTitle:
    """What the captions say about an episode."""

    number: int
    total: int
    row: Mapping[str, Any]

    @property
    def success(self) -> bool:
        """Whether the episode succeeded."""
        return bool(self.row.get("success"))

    def headline(self) -> str:
        """Return the first line."""
        return f"Episode {self.number} of {self.total}"

    def details(self) -> str:
        """Return the second line."""
        noise = self.row.get("noise_mm")
        parts = [
            str(self.row.get("connector", "")),
            str(self.row.get("policy", "")),
            f"goal ± {noise:g} mm" if isinstance(noise, (int, float)) and noise else "exact goal",
            f"seed {self.row['seed']}" if "seed" in self.row else "",
        ]
        return "  ·  ".join(part for part in parts if part)


def fit(film: Film, t_s: float, box: Box, resample: Image.Resampling) -> Image.Image:
    """Return the image at a time, as large as fits the box without changing its shape."""
    picture = Image.fromarray(film.at(t_s)).convert("RGB")
    scale = min(box[2] / picture.width, box[3] / picture.height)
    if resample is Image.Resampling.NEAREST and scale > 1:
        scale = int(scale)  # whole pixels, so that every one is equally large
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, resample)


def paste_centred(canvas: Image.Image, picture: Image.Image, box: Box) -> None:
    """Put a picture in the middle of a box."""
    x = box[0] + (box[2] - picture.width) // 2
    y = box[1] + (box[3] - picture.height) // 2
    canvas.paste(picture, (x, y))


class EpisodeFrames:
    """Draws the frames of one episode; what does not change is drawn once."""

    def __init__(self, series: EpisodeSeries, title: EpisodeTitle, force_top_n: float) -> None:
        self.series = series
        self.title = title
        self._chart = force_chart(series, CHART_BOX[2], CHART_BOX[3], force_top_n)
        self._base = self._draw_base()
        self._scaled: dict[Box, tuple[int, Image.Image]] = {}

    def frames(self, rate_hz: float, lead_s: float, hold_s: float) -> Iterator[NDArray[np.uint8]]:
        """Return the pictures at a frame rate, with still ones before and after."""
        count = max(1, round(self.series.end_s * rate_hz))
        for index in range(count + 1):
            picture = self.frame(self.series.end_s * index / count)
            still_s = {0: lead_s, count: hold_s}.get(index, 0.0)
            yield from [picture] * (1 + round(still_s * rate_hz))

    def frame(self, t_s: float) -> NDArray[np.uint8]:
        """Return the picture at a time, (720, 1280, 3) RGB."""
        canvas = self._base.copy()
        draw = ImageDraw.Draw(canvas)
        series = self.series
        self._paste(canvas, series.overview, t_s, OVERVIEW_BOX, Image.Resampling.BICUBIC)
        self._outline(draw, OVERVIEW_BOX)
        if series.close_up is not None:
            self._paste(canvas, series.close_up, t_s, INSET_BOX, Image.Resampling.BICUBIC)
            self._outline(draw, INSET_BOX)
        self._paste(canvas, series.policy_view, t_s, VIEW_BOX, Image.Resampling.NEAREST)
        self._draw_readouts(draw, t_s)
        self._draw_cursor(draw, t_s)
        self._draw_state(draw, t_s)
        return np.asarray(canvas)

    def _paste(
        self,
        canvas: Image.Image,
        film: Film | None,
        t_s: float,
        box: Box,
        resample: Image.Resampling,
    ) -> None:
        if film is None:
            return
        index = film.index_at(t_s)
        known = self._scaled.get(box)
        if known is None or known[0] != index:
            known = self._scaled[box] = (index, fit(film, t_s, box, resample))
        paste_centred(canvas, known[1], box)

    def _outline(self, draw: ImageDraw.ImageDraw, box: Box) -> None:
        x, y, width, height = box
        draw.rectangle((x, y, x + width, y + height), outline=style.LINE)

    def _draw_base(self) -> Image.Image:
        canvas = Image.new("RGB", (WIDTH, HEIGHT), style.PAPER)
        draw = ImageDraw.Draw(canvas)
        draw.rectangle((0, 0, WIDTH, 76), fill=style.CARD)
        draw.line((0, 76, WIDTH, 76), fill=style.LINE)
        draw.text((MARGIN, 12), self.title.headline(), style.INK, style.font(24, bold=True))
        draw.text((MARGIN, 45), self.title.details(), style.MUTED, style.font(17))
        for box, missing, there in (
            (OVERVIEW_BOX, "no overview images recorded", self.series.overview),
            (VIEW_BOX, "no policy images", self.series.policy_view),
        ):
            x, y, width, height = box
            draw.rectangle((x, y, x + width, y + height), fill=style.EMPTY)
            if there is None:
                middle = (x + width / 2, y + height / 2)
                draw.text(middle, missing, style.MUTED, style.font(17), anchor="mm")
        draw.text((VIEW_BOX[0], 100), _view_label(self.series), style.MUTED, style.font(15))
        x, y, width, height = CHART_BOX
        draw.rectangle((x, y - 24, x + width, y + height), fill=style.CARD, outline=style.LINE)
        draw.text((x + 14, y - 16), "Vertical force on the plug", style.INK, style.font(15))
        draw.text(
            (x + width - 14, y - 16),
            "1 kHz peak",
            style.PEAK,
            style.font(15, bold=True),
            anchor="ra",
        )
        chart = Image.fromarray(self._chart.pixels).crop((1, 8, width - 1, height - 1))
        canvas.paste(chart, (x + 1, y + 8))
        self._draw_band(draw)
        return canvas

    def _draw_band(self, draw: ImageDraw.ImageDraw) -> None:
        x, y, width, height = BAND_BOX
        draw.rectangle((x, y, x + width, y + height), fill=style.EMPTY)
        end_s = max(self.series.end_s, 1e-9)
        for begin, end, phase in self.series.segments(style.LAST_SHARE):
            box = (x + width * begin / end_s, y, x + width * end / end_s, y + height)
            draw.rectangle(box, fill=style.PHASE_COLOURS[phase])
        left = float(x)
        for phase in Phase:
            label = style.PHASE_LABELS[phase]
            draw.rectangle((left, y + 28, left + 12, y + 40), fill=style.PHASE_COLOURS[phase])
            draw.text((left + 18, y + 34), label, style.MUTED, style.font(14), anchor="lm")
            left += 48 + draw.textlength(label, style.font(14))

    def _draw_readouts(self, draw: ImageDraw.ImageDraw, t_s: float) -> None:
        series = self.series
        x, y = READOUT_BOX
        peak = series.force_peak_n
        so_far = peak.value[peak.t_s <= t_s + 1e-9]
        rows = (
            ("Vertical force", series.force_z_n.at(t_s), "{:.1f} N"),
            ("Peak so far", float(so_far.max()) if len(so_far) else None, "{:.1f} N"),
            ("Distance to goal", series.distance_mm.at(t_s), "{:.2f} mm"),
            ("Depth in socket", series.depth_mm.at(t_s), "{:.1f} mm"),
        )
        for label, value, form in rows:
            text = "–" if value is None else form.format(value + 0.0).replace("-", "−")
            draw.text((x, y), label, style.MUTED, style.font(15))
            draw.text((x, y + 20), text, style.INK, style.font(27, bold=True))
            y += 74

    def _draw_cursor(self, draw: ImageDraw.ImageDraw, t_s: float) -> None:
        chart = self._chart
        x = CHART_BOX[0] + chart.x_px(t_s)
        top, bottom = CHART_BOX[1] + chart.top_px, CHART_BOX[1] + chart.bottom_px
        draw.line((x, top, x, bottom), fill=style.CURSOR, width=2)
        value = self.series.force_z_n.between(t_s)
        if value is not None:
            y = CHART_BOX[1] + chart.y_px(value)
            draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=style.CURSOR, outline=style.CARD)
        x = BAND_BOX[0] + BAND_BOX[2] * min(1.0, t_s / max(self.series.end_s, 1e-9))
        draw.rectangle(
            (x - 2, BAND_BOX[1] - 5, x + 1, BAND_BOX[1] + BAND_BOX[3] + 5), style.CURSOR
        )

    def _draw_state(self, draw: ImageDraw.ImageDraw, t_s: float) -> None:
        right = WIDTH - MARGIN
        width = draw_pill(draw, state_at(self.series, self.title.row, t_s), right, 19, 20)
        clock = f"{t_s:.2f} s"
        draw.text((right - width - 24, 38), clock, style.INK, style.font(26, bold=True), "rm")


def state_at(series: EpisodeSeries, row: Mapping[str, Any], t_s: float) -> tuple[str, str, str]:
    """Return what an episode is doing at a time: text, its background and its colour."""
    if t_s >= series.end_s - 1e-9:
        if row.get("success"):
            return "Success", style.GOOD, style.CARD
        return _failure(row), style.BAD, style.CARD
    if not series.phases:
        return "State not recorded", style.MUTED, style.CARD
    phase = series.phase_at(t_s)
    ink = style.INK if phase in (Phase.APPROACH, Phase.CONTACT) else style.CARD
    return style.PHASE_LABELS[phase], style.PHASE_COLOURS[phase], ink


def draw_pill(
    draw: ImageDraw.ImageDraw, state: tuple[str, str, str], right: float, top: float, size: int
) -> float:
    """Draw a state with its right end at `right`; return how wide it is."""
    text, colour, ink = state
    font = style.font(size, bold=True)
    width = draw.textlength(text, font) + 1.8 * size
    height = 1.9 * size
    draw.rounded_rectangle((right - width, top, right, top + height), height / 2, fill=colour)
    draw.text((right - width / 2, top + height / 2), text, ink, font, anchor="mm")
    return width


def _view_label(series: EpisodeSeries) -> str:
    if series.policy_view is None:
        return "What the policy sees"
    height, width = series.policy_view.frames.shape[1:3]
    return f"What the policy sees, {width} × {height}"


def _failure(row: Mapping[str, Any]) -> str:
    reason = str(row.get("reason", "")).replace("_", " ").strip()
    if row.get("valid") is False:
        return f"Not counted: {reason}" if reason else "Not counted"
    reason = "time is up" if reason in ("horizon", "timeout") else reason
    return f"No success: {reason}" if reason else "No success"
