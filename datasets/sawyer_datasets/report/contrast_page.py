"""The HTML page that shows two policies at the same task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from sawyer_datasets.evaluation import wilson_interval
from sawyer_datasets.report.page import (
    BAG_TONES,
    CONNECTORS,
    TEMPLATES,
    data_url,
    installed_versions,
    label,
    number,
    numbers,
    plural,
    shown,
)


@dataclass(frozen=True)
class SideText:
    """What the page says of a policy beside its results."""

    name: str
    note: str
    facts: Mapping[str, Any]


@dataclass
class SideCell:
    """One policy's episode: its row of episodes.json, its bag and its pictures."""

    row: Mapping[str, Any]
    bag: str = "missing"
    bag_link: str = ""
    strip: bytes | None = None


@dataclass
class PairSection:
    """One episode of both policies."""

    number: int
    seed: int | None
    offset_mm: tuple[float, float] | None
    cells: tuple[SideCell, SideCell]
    plot: bytes | None = None


@dataclass
class ContrastPage:
    """Everything on the page."""

    sides: tuple[SideText, SideText]
    pairs: Sequence[PairSection]
    connector: str
    noise_mm: float
    commands: Sequence[str]
    problems: Sequence[str] = ()
    plot: bytes | None = None
    video: str = ""
    poster: bytes | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    made_at: datetime | None = None


def render_contrast(page: ContrastPage) -> str:
    """Return the HTML text; every image is inside, only the video is a file beside it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    made_at = page.made_at or datetime.now(timezone.utc)
    connector = CONNECTORS.get(page.connector, page.connector)
    pairs = [_pair(pair) for pair in page.pairs]
    return environment.get_template("contrast.html.j2").render(
        title=f"{connector} insertion: {page.sides[0].name} and {page.sides[1].name}",
        subtitle=f"Sawyer twin, {goal_words(page.noise_mm)}, "
        f"{plural(len(pairs), 'episode')} each with the same seeds, "
        f"{made_at:%Y-%m-%d %H:%M} UTC",
        css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        tiles=_tiles(page),
        problems=page.problems,
        video=page.video,
        video_kind=Path(page.video).suffix.lstrip("."),
        poster=data_url(page.poster, "jpeg"),
        plot=data_url(page.plot, "png"),
        sides=[_side(side) for side in page.sides],
        pairs=pairs,
        details=[pair for pair in pairs if pair["anchor"]],
        versions=list((page.versions or installed_versions()).items()),
        commands="\n".join(page.commands),
    )


def goal_words(noise_mm: float) -> str:
    """Return what the policies were told of the goal."""
    return f"goal off by up to ±{noise_mm:g} mm in x and y" if noise_mm else "exact goal"


def offset_words(offset_mm: tuple[float, float]) -> str:
    """Return the error of a goal in x and y.

    >>> offset_words((0.891, -0.372))
    '+0.89, −0.37'
    """
    return f"{offset_mm[0]:+.2f}, {offset_mm[1]:+.2f}".replace("-", "−")


def _side(side: SideText) -> dict[str, Any]:
    facts = [(label(key), shown(value)) for key, value in side.facts.items()]
    return {"name": side.name, "note": side.note, "facts": facts}


def _tiles(page: ContrastPage) -> list[dict[str, str]]:
    rows = [[pair.cells[side].row for pair in page.pairs] for side in (0, 1)]
    tiles = [_success_tile(*pair) for pair in zip(page.sides, rows, strict=True)]
    names = f"{page.sides[0].name} / {page.sides[1].name}"
    for title, key, digits in (
        ("Peak force, median, N", "peak_force_n", 1),
        ("Final distance, median, mm", "final_distance_mm", 1),
    ):
        medians = [numbers(side, key) for side in rows]
        words = [f"{np.median(values):.{digits}f}" if values else "–" for values in medians]
        tiles.append({"label": title, "value": " / ".join(words), "note": names, "tone": ""})
    return tiles


def _success_tile(side: SideText, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    counted = [row for row in rows if row and row.get("valid", True)]
    successes = sum(bool(row.get("success")) for row in counted)
    low, high = wilson_interval(successes, len(counted))
    return {
        "label": f"{side.name}: inserted",
        "value": f"{successes} of {len(counted)}",
        "note": f"95 % interval {low * 100:.0f} to {high * 100:.0f} %",
        "tone": "bad" if not successes else "good" if successes == len(counted) else "warn",
    }


def _pair(pair: PairSection) -> dict[str, Any]:
    offset = pair.offset_mm
    has_details = pair.plot or any(cell.strip for cell in pair.cells)
    return {
        "number": pair.number,
        "seed": shown(pair.seed),
        "offset": "–" if offset is None else offset_words(offset),
        "anchor": f"episode-{pair.number}" if has_details else "",
        "cells": [_cell(cell) for cell in pair.cells],
        "plot": data_url(pair.plot, "png"),
    }


def _cell(cell: SideCell) -> dict[str, Any]:
    row = cell.row
    valid = bool(row) and row.get("valid", True)
    success = bool(row.get("success"))
    return {
        "result": ("success" if success else "no success") if valid else "not counted",
        "tone": ("good" if success else "bad") if valid else "warn",
        "time": number(row.get("time_s"), 2),
        "force": number(row.get("peak_force_n"), 1),
        "distance": number(row.get("final_distance_mm"), 2),
        "reason": str(row.get("reason") or "–").replace("_", " "),
        "bag": cell.bag,
        "bag_tone": BAG_TONES.get(cell.bag, "bad"),
        "bag_link": cell.bag_link,
        "strip": data_url(cell.strip, "jpeg"),
    }
