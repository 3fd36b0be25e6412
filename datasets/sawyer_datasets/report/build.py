"""Making the report of a session from its output folder."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sawyer_core.errors import RecordingError, SawyerError
from sawyer_datasets._files import write_atomic
from sawyer_datasets.bag_check import BagStatus
from sawyer_datasets.report.frames import EpisodeFrames, EpisodeTitle
from sawyer_datasets.report.page import EpisodeSection, Page, render, rerun_command
from sawyer_datasets.report.plots import episode_plot, session_plot
from sawyer_datasets.report.series import OVERVIEW_TOPIC, EpisodeSeries, load_series
from sawyer_datasets.report.strip import key_moments, strip_jpeg
from sawyer_datasets.report.video import write_video
from sawyer_datasets.sessions import Session, bag_path, read_session

PAGE_NAME: Final = "report.html"
VIDEO_NAME: Final = "video"
PLOTS_NAME: Final = "plots"
LEAD_S: Final = 0.6  # still picture before an episode. Ours
HOLD_S: Final = 1.2  # still picture after it. Ours
MIN_FORCE_AXIS_N: Final = 10.0
_SHOWN_SETTINGS: Final = ("complete", "wall_s", "sim_s")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReportFiles:
    """What was made; `problems` are the sentences that the page shows at its top."""

    page: Path
    video: Path | None
    plots: tuple[Path, ...]
    problems: tuple[str, ...]


@dataclass
class _Work:
    """What is known while the report is made."""

    output: Path
    session: Session
    sections: list[EpisodeSection] = field(default_factory=list)
    curves: list[EpisodeSeries | None] = field(default_factory=list)
    plots: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    overview: bool = False

    def bag(self, position: int) -> Path:
        index = self.session.rows[position].get("index", position)
        return bag_path(self.output, int(index))


def build_report(
    output: str | Path,
    *,
    settings: Mapping[str, Any] | None = None,
    command: str | None = None,
    versions: Mapping[str, str] | None = None,
    max_details: int = 20,
    max_video_episodes: int = 10,
) -> ReportFiles:
    """Make `report.html`, `video.mp4` (or `.gif`) and `plots/` in a session's output folder.

    A bag that is missing or cannot be read becomes a sentence on the page, never an error.

    Args:
        output: Folder with episodes.json and bags/.
        settings: Shown on the page beside those of episodes.json.
        command: How to run the session again; made from the settings if left out.
        versions: Shown on the page; those of the installed packages if left out.
        max_details: Episodes with plots on the page; the table has all of them.
        max_video_episodes: Episodes in the video.

    Raises:
        RecordingError: episodes.json cannot be read, or a file cannot be written.
    """
    work = _Work(Path(output), read_session(output))
    rows = work.session.rows
    if not rows:
        work.problems.append("The session has no episode.")
    for position in range(len(rows)):
        _add_episode(work, position, with_details=position < max_details)
    all_settings = _settings(work.session, settings or {})
    video, poster = _make_video(work, max_video_episodes)
    overall = _session_plot(work)
    shown = min(max_video_episodes, len(rows))
    page = Page(
        sections=work.sections,
        settings=all_settings,
        command=command or rerun_command(rows, all_settings, overview=work.overview),
        problems=work.problems,
        session_plot=overall,
        video=video.name if video else "",
        video_caption=_video_caption(shown, len(rows)),
        poster=poster,
        versions=dict(versions or {}),
    )
    path = work.output / PAGE_NAME
    write_file(path, render(page).encode())
    return ReportFiles(path, video, tuple(work.plots), tuple(work.problems))


def _video_caption(shown: int, total: int) -> str:
    which = "every episode" if shown >= total else f"the first {shown} of {total} episodes"
    return f"Camera, policy's view and force trace of {which}, in robot time:"


def _settings(session: Session, more: Mapping[str, Any]) -> dict[str, Any]:
    plain = {
        key: value
        for key, value in {**session.settings, **more}.items()
        if isinstance(value, (str, int, float, bool))
    }
    return {
        key: round(value, 2) if key in _SHOWN_SETTINGS and isinstance(value, float) else value
        for key, value in plain.items()
    }


def _add_episode(work: _Work, position: int, *, with_details: bool) -> None:
    number = position + 1
    row = work.session.rows[position]
    bag = work.bag(position)
    section = EpisodeSection(number=number, row=row)
    work.sections.append(section)
    work.curves.append(None)
    if not bag.exists():
        work.problems.append(f"Episode {number}: there is no bag ({bag.name}).")
        return
    section.bag_link = bag.relative_to(work.output).as_posix() + "/"
    try:
        series, episode = load_series(bag)
    except SawyerError as error:
        section.bag = "unreadable"
        work.problems.append(f"Episode {number}: {_relative(str(error), work.output)}")
        return
    section.bag = episode.report.status.value
    work.overview = work.overview or episode.has(OVERVIEW_TOPIC)
    if episode.report.status is not BagStatus.COMPLETE:
        detail = "; ".join(episode.report.problems)
        lost = episode.report.lost_messages
        text = f"Episode {number}: the bag is {episode.report.status.value}: {detail}"
        text += f"; {lost} messages are lost." if lost else "."
        work.problems.append(_relative(text, work.output))
    work.curves[-1] = _without_films(series)
    plot = episode_plot(series)
    path = work.output / PLOTS_NAME / f"{bag.name}.png"
    write_file(path, plot)
    work.plots.append(path)
    if with_details:
        section.plot = plot
        section.strip = strip_jpeg(series)
        section.note = (
            f"Missing or unreadable: {', '.join(series.missing)}." if series.missing else ""
        )


def _without_films(series: EpisodeSeries) -> EpisodeSeries:
    values = {**vars(series), "overview": None, "close_up": None, "policy_view": None}
    return EpisodeSeries(**values)


def _session_plot(work: _Work) -> bytes | None:
    if not any(curve is not None for curve in work.curves):
        return None
    rows = work.session.rows
    picture = session_plot(
        work.curves,
        [bool(row.get("success")) for row in rows],
        [float(row.get("peak_force_n") or 0.0) for row in rows],
    )
    path = work.output / PLOTS_NAME / "session.png"
    write_file(path, picture)
    work.plots.append(path)
    return picture


def _make_video(work: _Work, limit: int) -> tuple[Path | None, bytes | None]:
    """Write the video; return its path and a picture of it."""
    positions = [i for i, curve in enumerate(work.curves) if curve is not None][:limit]
    if not positions:
        return None, None
    top_n = _force_axis_top(work)

    def drawing(position: int) -> EpisodeFrames:
        series, _ = load_series(work.bag(position))
        row = work.session.rows[position]
        title = EpisodeTitle(position + 1, len(work.session.rows), row)
        return EpisodeFrames(series, title, top_n)

    def frames(rate_hz: float) -> Iterator[NDArray[np.uint8]]:
        for position in positions:
            yield from drawing(position).frames(rate_hz, LEAD_S, HOLD_S)

    first = drawing(positions[0])
    poster = jpeg(first.frame(key_moments(first.series)[2][0]))
    try:
        return write_video(work.output / VIDEO_NAME, frames), poster
    except RecordingError as error:
        _log.error("no video: %s", error)
        work.problems.append(f"There is no video: {_relative(str(error), work.output)}")
        return None, poster


def _force_axis_top(work: _Work) -> float:
    """Return one force limit for all episodes, so that they can be compared."""
    values = [
        float(np.max(curve.value))
        for series in work.curves
        if series is not None
        for curve in (series.force_z_n, series.force_peak_n)
        if curve
    ]
    return max([MIN_FORCE_AXIS_N, *(1.1 * value for value in values)])


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as JPEG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88, optimize=True)
    return stream.getvalue()


def _relative(text: str, output: Path) -> str:
    """Return a sentence without the machine's folders in it."""
    return text.replace(f"{output}/", "")


def write_file(path: Path, data: bytes) -> None:
    """Write a file of the report and the folder it is in.

    Raises:
        RecordingError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data)
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error.strerror or error}") from error
