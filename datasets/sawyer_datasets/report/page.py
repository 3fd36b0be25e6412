"""The one-page HTML report."""

from __future__ import annotations

import base64
import math
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np

from sawyer_datasets.bag_check import BagStatus
from sawyer_datasets.evaluation import wilson_interval

TEMPLATES: Final = Path(__file__).parent / "templates"
PACKAGES: Final = (
    "sawyer-datasets",
    "sawyer-sim",
    "sawyer-controllers",
    "pybullet",
    "pin",
    "cyclonedds",
    "rosbags",
    "numpy",
)
CONNECTORS: Final = {"usb": "USB-A", "dsub": "D-Sub", "model_e": "Model-E", "": "Connector"}
BAG_TONES: Final = {BagStatus.COMPLETE.value: "", BagStatus.READABLE.value: "warn"}


@dataclass
class EpisodeSection:
    """What the page shows of one episode."""

    number: int
    row: Mapping[str, Any]
    bag: str = "missing"
    bag_link: str = ""
    strip: bytes | None = None
    plot: bytes | None = None
    note: str = ""

    @property
    def has_details(self) -> bool:
        """Whether there is anything to show beyond the table's row."""
        return bool(self.strip or self.plot or self.note)


@dataclass
class Page:
    """Everything on the page."""

    sections: Sequence[EpisodeSection]
    settings: Mapping[str, Any]
    command: str
    problems: Sequence[str] = ()
    session_plot: bytes | None = None
    video: str = ""
    video_caption: str = ""
    poster: bytes | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    made_at: datetime | None = None


def render(page: Page) -> str:
    """Return the HTML text; every image is inside, only the video is a file beside it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    rows = [section.row for section in page.sections]
    connector = _common(rows, "connector")
    policy = _common(rows, "policy")
    made_at = page.made_at or datetime.now(timezone.utc)
    episodes = [_episode(section) for section in page.sections]
    template = environment.get_template("report.html.j2")
    return template.render(
        title=f"{CONNECTORS.get(connector, connector)} insertion, {policy}".strip(", "),
        subtitle=f"Sawyer twin, {plural(len(rows), 'episode')}, {made_at:%Y-%m-%d %H:%M} UTC",
        css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        tiles=_tiles(rows),
        problems=page.problems,
        video=page.video,
        video_kind=Path(page.video).suffix.lstrip("."),
        video_caption=page.video_caption,
        poster=data_url(page.poster, "jpeg"),
        session_plot=data_url(page.session_plot, "png"),
        episodes=episodes,
        details=[e for e, s in zip(episodes, page.sections, strict=True) if s.has_details],
        settings=[(label(key), shown(value)) for key, value in page.settings.items()],
        versions=list((page.versions or installed_versions()).items()),
        command=page.command,
    )


def installed_versions() -> dict[str, str]:
    """Return the versions of what made the session, as far as it is installed."""
    found = {"Python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def rerun_command(
    rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], *, overview: bool = False
) -> str:
    """Return the launch that would give the same session again."""
    values: dict[str, Any] = {}
    for key in ("connector", "policy", "noise_mm"):
        value = settings.get(key, _common(rows, key))
        if value not in (None, ""):
            values[key] = value
    values["episodes"] = settings.get("episodes_asked", len(rows))
    seed = settings.get("seed", rows[0].get("seed") if rows else None)
    if seed is not None:
        values["seed"] = seed
    words = [f"{key}:={shown(value)}" for key, value in values.items()]
    words += ["record:=true", *(["overview:=true"] if overview else [])]
    return shlex.join(["ros2", "launch", "sawyer_bringup", "sim.launch.py", *words])


def _tiles(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    counted = [row for row in rows if row.get("valid", True)]
    successes = sum(bool(row.get("success")) for row in counted)
    low, high = wilson_interval(successes, len(counted))
    forces = numbers(rows, "peak_force_n")
    return [
        {
            "label": "Inserted",
            "value": f"{successes} of {len(counted)}",
            "note": f"95 % interval {low * 100:.0f} to {high * 100:.0f} %",
            "tone": "bad" if not successes else "good" if successes == len(counted) else "warn",
        },
        _median_tile("Time", numbers(rows, "time_s"), "s", 2),
        _median_tile("Final distance", numbers(rows, "final_distance_mm"), "mm", 2),
        {
            "label": "Peak force",
            "value": f"{max(forces):.1f} N" if forces else "–",
            "note": f"largest; median {np.median(forces):.1f} N" if forces else "not recorded",
            "tone": "",
        },
    ]


def _median_tile(label: str, values: Sequence[float], unit: str, digits: int) -> dict[str, str]:
    if not values:
        return {"label": label, "value": "–", "note": "not recorded", "tone": ""}
    span = f"{min(values):.{digits}f} to {max(values):.{digits}f} {unit}"
    return {
        "label": label,
        "value": f"{np.median(values):.{digits}f} {unit}",
        "note": f"median; {span}",
        "tone": "",
    }


def _episode(section: EpisodeSection) -> dict[str, Any]:
    row = section.row
    valid = row.get("valid", True)
    success = bool(row.get("success"))
    return {
        "number": section.number,
        "anchor": f"episode-{section.number}" if section.has_details else "",
        "result": ("success" if success else "no success") if valid else "not counted",
        "tone": ("good" if success else "bad") if valid else "warn",
        "time": number(row.get("time_s"), 2),
        "steps": shown(row.get("steps")),
        "force": number(row.get("peak_force_n"), 1),
        "distance": number(row.get("final_distance_mm"), 2),
        "noise": shown(row.get("noise_mm")),
        "seed": shown(row.get("seed")),
        "reason": str(row.get("reason") or "–").replace("_", " "),
        "bag": section.bag,
        "bag_tone": BAG_TONES.get(section.bag, "bad"),
        "bag_link": section.bag_link,
        "strip": data_url(section.strip, "jpeg"),
        "plot": data_url(section.plot, "png"),
        "note": section.note,
    }


def data_url(data: bytes | None, kind: str) -> str:
    """Return a picture as an address that holds the picture itself."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}" if data else ""


def _common(rows: Sequence[Mapping[str, Any]], key: str) -> Any:
    """Return the value that all rows share, or all values if they differ."""
    values = list(dict.fromkeys(str(row[key]) for row in rows if row.get(key) is not None))
    if len(values) == 1:
        return next(row[key] for row in rows if row.get(key) is not None)
    return ", ".join(values)


def numbers(rows: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """Return the finite numbers under a key."""
    values = (row.get(key) for row in rows)
    return [float(v) for v in values if isinstance(v, (int, float)) and math.isfinite(v)]


def number(value: Any, digits: int) -> str:
    """Return a number for a table, a dash where there is none."""
    if isinstance(value, (int, float)) and math.isfinite(value):
        return f"{value:.{digits}f}"
    return "–"


def shown(value: Any) -> str:
    """Return a setting as people write it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def label(key: str) -> str:
    """Return the name of a setting with its unit."""
    for suffix, unit in (("_mm", ", mm"), ("_s", ", s"), ("_hz", ", Hz"), ("_n", ", N")):
        if key.endswith(suffix):
            return key.removesuffix(suffix).replace("_", " ") + unit
    return key.replace("_", " ")


def plural(count: int, word: str) -> str:
    """Return a count and its word."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
