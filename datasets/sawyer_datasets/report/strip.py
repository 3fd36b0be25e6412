"""Key moments of an episode side by side, for the page and for paper."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageDraw

from sawyer_datasets.report import style
from sawyer_datasets.report.series import EpisodeSeries, Film, Phase

TILE: Final = (400, 300)
INSET_PX: Final = 96
GAP_PX: Final = 8
CAPTION_PX: Final = 40


def key_moments(series: EpisodeSeries) -> list[tuple[float, str]]:
    """Return four (time, caption) pairs: start, first contact, inserted or half way, end."""
    begins: dict[Phase, float] = {}
    for begin, _, phase in series.segments():
        begins.setdefault(phase, begin)
    moments = [(0.0, "start")]
    if Phase.CONTACT in begins:
        moments.append((begins[Phase.CONTACT], "first contact"))
    if Phase.INSERTED in begins:
        moments.append((begins[Phase.INSERTED], "inserted"))
    while len(moments) < 3:
        last = moments[-1][0]
        moments.append((last + (series.end_s - last) / (4 - len(moments)), ""))
    return [*moments, (series.end_s, "end")]


def strip_jpeg(series: EpisodeSeries) -> bytes | None:
    """Return the key moments as one picture with the policy's view inset; None without images."""
    film = series.overview or series.policy_view
    if film is None:
        return None
    moments = key_moments(series)
    width, height = TILE
    canvas = Image.new(
        "RGB", (len(moments) * (width + GAP_PX) - GAP_PX, height + CAPTION_PX), style.CARD
    )
    draw = ImageDraw.Draw(canvas)
    for index, (t_s, caption) in enumerate(moments):
        x = index * (width + GAP_PX)
        canvas.paste(_tile(film, t_s, crisp=series.overview is None), (x, 0))
        if series.overview is not None and series.policy_view is not None:
            _paste_inset(canvas, series.policy_view, t_s, x + width)
        draw.rectangle((x, 0, x + width - 1, height - 1), outline=style.LINE)
        text = f"{t_s:.2f} s" + (f", {caption}" if caption else "")
        draw.text((x, height + 8), text, style.MUTED, style.font(24))
    stream = io.BytesIO()
    canvas.save(stream, "JPEG", quality=85, optimize=True)
    return stream.getvalue()


def _tile(film: Film, t_s: float, *, crisp: bool) -> Image.Image:
    """Return the image at a time, as large as fits a tile."""
    picture = Image.fromarray(film.at(t_s)).convert("RGB")
    scale = min(TILE[0] / picture.width, TILE[1] / picture.height)
    size = (round(picture.width * scale), round(picture.height * scale))
    method = Image.Resampling.NEAREST if crisp else Image.Resampling.BICUBIC
    tile = Image.new("RGB", TILE, style.EMPTY)
    tile.paste(picture.resize(size, method), ((TILE[0] - size[0]) // 2, (TILE[1] - size[1]) // 2))
    return tile


def _paste_inset(canvas: Image.Image, film: Film, t_s: float, right: int) -> None:
    picture = Image.fromarray(film.at(t_s)).convert("RGB")
    scale = max(1, INSET_PX // picture.width)
    size = (picture.width * scale, picture.height * scale)
    x, y = right - size[0] - 8, 8
    draw = ImageDraw.Draw(canvas)
    frame = (x - 4, y - 4, x + size[0] + 3, y + size[1] + 3)
    draw.rectangle(frame, fill=style.CARD, outline=style.LINE)
    canvas.paste(picture.resize(size, Image.Resampling.NEAREST), (x, y))
