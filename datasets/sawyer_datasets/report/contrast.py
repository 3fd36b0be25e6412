"""Making the page, plots and video that show two recorded policies at the same task."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sawyer_core.errors import RecordingError, SawyerError
from sawyer_datasets.bag_check import BagStatus
from sawyer_datasets.episode import read_episode
from sawyer_datasets.report.build import (
    HOLD_S,
    LEAD_S,
    MIN_FORCE_AXIS_N,
    PAGE_NAME,
    PLOTS_NAME,
    VIDEO_NAME,
    ReportFiles,
    jpeg,
    write_file,
)
from sawyer_datasets.report.contrast_frames import PairFrames, PanelText
from sawyer_datasets.report.contrast_page import (
    ContrastPage,
    PairSection,
    SideCell,
    SideText,
    goal_words,
    offset_words,
    render_contrast,
)
from sawyer_datasets.report.contrast_plots import overall_plot, pair_plot
from sawyer_datasets.report.page import CONNECTORS
from sawyer_datasets.report.series import EpisodeSeries, load_series
from sawyer_datasets.report.strip import key_moments, strip_jpeg
from sawyer_datasets.report.video import write_video
from sawyer_datasets.sessions import Session, bag_path, read_session

SAME_M: Final = 1e-9  # offsets of the goal that are the same draw
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ContrastSide:
    """One policy: the session's folder within the output folder, and what is said of it."""

    folder: str
    name: str
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Side:
    given: ContrastSide
    session: Session
    curves: list[EpisodeSeries | None] = field(default_factory=list)

    def row(self, position: int) -> Mapping[str, Any]:
        rows = self.session.rows
        return rows[position] if position < len(rows) else {}


@dataclass
class _Work:
    """What is known while the page is made."""

    output: Path
    sides: tuple[_Side, _Side]
    pairs: list[PairSection] = field(default_factory=list)
    plots: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, str]:
        return self.sides[0].given.name, self.sides[1].given.name

    def bag(self, side: int, position: int) -> Path:
        index = self.sides[side].row(position).get("index", position)
        return bag_path(self.output / self.sides[side].given.folder, int(index))

    def setting(self, key: str) -> Any:
        return self.sides[0].session.settings.get(key, self.sides[0].row(0).get(key))


def goal_offset_m(bag: Path) -> tuple[float, float] | None:
    """Return by how much the commanded goal was off in x and y, None if that is not recorded."""
    try:
        spec = read_episode(bag).spec
    except SawyerError as error:
        _log.warning("%s: %s", bag, error)
        return None
    if spec is None or "goal_offset.x" not in spec:
        return None
    return float(spec["goal_offset.x"]), float(spec["goal_offset.y"])


def build_contrast(
    output: str | Path,
    sides: tuple[ContrastSide, ContrastSide],
    *,
    commands: Sequence[str] = (),
    versions: Mapping[str, str] | None = None,
    max_pairs: int = 10,
) -> ReportFiles:
    """Make `report.html`, `video.mp4` (or `.gif`) and `plots/` from two sessions.

    A bag that is missing or cannot be read becomes a sentence on the page, never an error.

    Args:
        output: Folder that holds both sessions' folders and gets the files.
        sides: The policies, left and right.
        commands: How to run it again, one per line.
        versions: Shown on the page; those of the installed packages if left out.
        max_pairs: Episodes with pictures on the page and in the video.

    Raises:
        RecordingError: An episodes.json cannot be read, or a file cannot be written.
    """
    folder = Path(output)
    left, right = (_Side(side, read_session(folder / side.folder)) for side in sides)
    work = _Work(folder, (left, right))
    count = max(len(left.session.rows), len(right.session.rows))
    if len(left.session.rows) != len(right.session.rows):
        work.problems.append("The policies did not run the same number of episodes.")
    for position in range(count):
        _add_pair(work, position, with_details=position < max_pairs)
    video, poster = _make_video(work, max_pairs)
    page = ContrastPage(
        sides=(_text(left), _text(right)),
        pairs=work.pairs,
        connector=str(work.setting("connector") or ""),
        noise_mm=float(work.setting("noise_mm") or 0.0),
        commands=commands,
        problems=work.problems,
        plot=_overall(work),
        video=video.name if video else "",
        poster=poster,
        versions=dict(versions or {}),
    )
    path = folder / PAGE_NAME
    write_file(path, render_contrast(page).encode())
    return ReportFiles(path, video, tuple(work.plots), tuple(work.problems))


def _text(side: _Side) -> SideText:
    return SideText(side.given.name, side.given.note, side.given.facts)


def _add_pair(work: _Work, position: int, *, with_details: bool) -> None:
    number = position + 1
    cells = (SideCell(work.sides[0].row(position)), SideCell(work.sides[1].row(position)))
    offsets: list[tuple[float, float] | None] = []
    series = []
    for index, cell in enumerate(cells):
        found, offset = _read_cell(work, index, position, cell, with_details=with_details)
        series.append(found)
        offsets.append(offset)
        work.sides[index].curves.append(None if found is None else _without_films(found))
    seeds = [cell.row.get("seed") for cell in cells]
    if seeds[0] != seeds[1] or not _same(offsets):
        work.problems.append(
            f"Episode {number}: the policies did not meet the same task (seeds {seeds[0]} and "
            f"{seeds[1]}, goal errors {offsets[0]} and {offsets[1]} m)."
        )
    known = next((offset for offset in offsets if offset is not None), None)
    pair = PairSection(number, seeds[0], None, cells)
    if known is not None:
        pair.offset_mm = (known[0] * 1e3, known[1] * 1e3)
    if with_details and any(item is not None for item in series):
        pair.plot = pair_plot(series, work.names)
        path = work.output / PLOTS_NAME / f"episode_{position:04d}.png"
        write_file(path, pair.plot)
        work.plots.append(path)
    work.pairs.append(pair)


def _same(offsets: Sequence[tuple[float, float] | None]) -> bool:
    known = [offset for offset in offsets if offset is not None]
    return all(np.allclose(offset, known[0], rtol=0.0, atol=SAME_M) for offset in known)


def _read_cell(
    work: _Work, side: int, position: int, cell: SideCell, *, with_details: bool
) -> tuple[EpisodeSeries | None, tuple[float, float] | None]:
    """Fill a cell from its bag; return the curves, and the goal's error in metres."""
    who = f"Episode {position + 1}, {work.sides[side].given.name}"
    bag = work.bag(side, position)
    if not bag.exists():
        work.problems.append(f"{who}: there is no bag ({bag.name}).")
        return None, None
    cell.bag_link = bag.relative_to(work.output).as_posix() + "/"
    try:
        series, episode = load_series(bag)
    except SawyerError as error:
        cell.bag = "unreadable"
        work.problems.append(f"{who}: {error}".replace(f"{work.output}/", ""))
        return None, None
    cell.bag = episode.report.status.value
    if episode.report.status is not BagStatus.COMPLETE:
        detail = "; ".join(episode.report.problems)
        text = f"{who}: the bag is {episode.report.status.value}: {detail}."
        work.problems.append(text.replace(f"{work.output}/", ""))
    if with_details:
        cell.strip = strip_jpeg(series)
    spec = series.spec
    known = "goal_offset.x" in spec
    return series, (spec["goal_offset.x"], spec["goal_offset.y"]) if known else None


def _without_films(series: EpisodeSeries) -> EpisodeSeries:
    return EpisodeSeries(
        **{**vars(series), "overview": None, "close_up": None, "policy_view": None}
    )


def _overall(work: _Work) -> bytes | None:
    if not any(curve is not None for side in work.sides for curve in side.curves):
        return None
    count = len(work.pairs)
    rows = [[side.row(i) for i in range(count)] for side in work.sides]
    picture = overall_plot(
        [side.curves for side in work.sides],
        [[bool(row.get("success")) for row in side] for side in rows],
        [[float(row.get("peak_force_n") or 0.0) for row in side] for side in rows],
        work.names,
    )
    path = work.output / PLOTS_NAME / "contrast.png"
    write_file(path, picture)
    work.plots.append(path)
    return picture


def _make_video(work: _Work, limit: int) -> tuple[Path | None, bytes | None]:
    """Write the video; return its path and a picture of it."""
    there = [i for i in range(len(work.pairs)) if any(s.curves[i] is not None for s in work.sides)]
    if not there:
        return None, None
    top_n = _force_axis_top(work)

    def frames(rate_hz: float) -> Iterator[NDArray[np.uint8]]:
        for position in there[:limit]:
            yield from _drawing(work, position, top_n).frames(rate_hz, LEAD_S, HOLD_S)

    first = work.sides[0].curves[there[0]] or work.sides[1].curves[there[0]]
    assert first is not None
    poster = jpeg(_drawing(work, there[0], top_n).frame(key_moments(first)[2][0]))
    try:
        return write_video(work.output / VIDEO_NAME, frames), poster
    except RecordingError as error:
        _log.error("no video: %s", error)
        work.problems.append(f"There is no video: {error}".replace(f"{work.output}/", ""))
        return None, poster


def _drawing(work: _Work, position: int, top_n: float) -> PairFrames:
    sides = []
    for index, side in enumerate(work.sides):
        series = None
        if side.curves[position] is not None:
            series, _ = load_series(work.bag(index, position))
        text = PanelText(side.given.name, side.given.note, _score(side, position))
        sides.append((series, side.row(position), text))
    pair = work.pairs[position]
    connector = str(work.setting("connector") or "")
    parts = [
        CONNECTORS.get(connector, connector),
        goal_words(float(work.setting("noise_mm") or 0)),
    ]
    if pair.offset_mm is not None:
        parts.append(f"here {offset_words(pair.offset_mm)} mm for both")
    headline = f"Episode {pair.number} of {len(work.pairs)}"
    return PairFrames(headline, "  ·  ".join([*parts, f"seed {pair.seed}"]), sides, top_n)


def _score(side: _Side, position: int) -> str:
    won = sum(bool(row.get("success")) for row in side.session.rows[:position])
    return f"inserted so far: {won} of {position}" if position else ""


def _force_axis_top(work: _Work) -> float:
    """Return one force limit for all episodes of both, so that they can be compared."""
    values = [
        float(np.max(curve.value))
        for side in work.sides
        for series in side.curves
        if series is not None
        for curve in (series.force_z_n, series.force_peak_n)
        if curve
    ]
    return max([MIN_FORCE_AXIS_N, *(1.1 * value for value in values)])
