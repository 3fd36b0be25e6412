"""The time series and images of one episode that the report shows."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sawyer_core.errors import RecordingError, SawyerError
from sawyer_datasets.episode import Episode, TopicData, read_episode

FloatArray = NDArray[np.float64]

_log = logging.getLogger(__name__)

TOUCH_N: Final = 2.0  # above the twin's force noise; decides only what a picture is called. Ours
OVERVIEW_TOPIC: Final = "overview/image_raw"
CLOSE_UP_TOPIC: Final = "camera/image_raw"  # stands in for the overview where there is none
FORCE_TOPICS: Final = ("wrench_centered", "wrench")


class Phase(str, Enum):
    """What the plug is doing, for captions and colours."""

    APPROACH = "approach"
    CONTACT = "contact"
    INSERTED = "inserted"
    SUCCESS = "success"


@dataclass(frozen=True)
class Curve:
    """Values over time; `t_s` counts from the episode's start. Either may be empty."""

    t_s: FloatArray
    value: FloatArray

    def at(self, t_s: float) -> float | None:
        """Return the newest value at a time, None before the first."""
        index = int(np.searchsorted(self.t_s, t_s + 1e-9, side="right")) - 1
        return float(self.value[index]) if index >= 0 else None

    def between(self, t_s: float) -> float | None:
        """Return the value on the line that a plot draws through the samples."""
        return float(np.interp(t_s, self.t_s, self.value)) if len(self.t_s) else None

    def __bool__(self) -> bool:
        return len(self.t_s) > 0


@dataclass(frozen=True)
class Film:
    """Images over time."""

    t_s: FloatArray
    frames: NDArray[Any]

    def index_at(self, t_s: float) -> int:
        """Return the number of the newest image at a time (the first one's before it)."""
        return max(0, int(np.searchsorted(self.t_s, t_s + 1e-9, side="right")) - 1)

    def at(self, t_s: float) -> NDArray[Any]:
        """Return the newest image at a time (the first one before it)."""
        picture: NDArray[Any] = self.frames[self.index_at(t_s)]
        return picture


@dataclass(frozen=True)
class EpisodeSeries:
    """Everything the report draws of an episode; what was not recorded is empty or None."""

    start_ns: int
    end_s: float
    force_z_n: Curve
    force_peak_n: Curve
    distance_mm: Curve
    depth_mm: Curve
    lateral_mm: Curve
    phase_t_s: FloatArray
    phases: tuple[Phase, ...]
    overview: Film | None
    close_up: Film | None
    policy_view: Film | None
    spec: dict[str, Any]
    missing: tuple[str, ...]

    def phase_at(self, t_s: float) -> Phase:
        """Return the phase at a time."""
        index = int(np.searchsorted(self.phase_t_s, t_s + 1e-9, side="right")) - 1
        return self.phases[index] if index >= 0 else Phase.APPROACH

    def segments(self, least_share: float = 0.0) -> list[tuple[float, float, Phase]]:
        """Return (begin, end, phase) of each uninterrupted phase, together the whole episode.

        `least_share` of the episode is what the last phase gets at least, so that a success in
        the very last sample can be seen.
        """
        if not self.phases:
            return []
        changes = [i for i, p in enumerate(self.phases) if i == 0 or p is not self.phases[i - 1]]
        begins = [0.0, *(float(self.phase_t_s[i]) for i in changes[1:])]
        begins[-1] = min(begins[-1], max(begins[-2:][0], self.end_s * (1 - least_share)))
        ends = [*begins[1:], self.end_s]
        return [
            (begin, end, self.phases[i])
            for begin, end, i in zip(begins, ends, changes, strict=True)
        ]


_EMPTY: Final = Curve(np.empty(0), np.empty(0))


def load_series(path: Path) -> tuple[EpisodeSeries, Episode]:
    """Read what the report needs from a bag.

    Raises:
        RecordingError: The bag cannot be read.
    """
    episode = read_episode(path)
    start_ns, end_ns = _span(episode)
    missing: list[str] = []
    window = _Window(start_ns, end_ns)
    force = window.first_of(episode, FORCE_TOPICS, "wrench.force.z")
    if not force:
        missing.append("force")
    distance = _distance(episode, window)
    if not distance:
        missing.append("distance to the goal")
    has_overview = episode.has(OVERVIEW_TOPIC)
    overview = window.film(episode, (OVERVIEW_TOPIC, CLOSE_UP_TOPIC))
    policy_view = window.film(episode, ("camera/image_policy",))
    missing += [
        name
        for name, film in (("overview images", overview), ("policy images", policy_view))
        if film is None
    ]
    peak = _peak(episode, window)
    phase_t_s, phases = _phases(episode, window, (force, peak))
    if not phases:
        missing.append("insertion state")
    return EpisodeSeries(
        start_ns=start_ns,
        end_s=(end_ns - start_ns) / 1e9,
        force_z_n=force,
        force_peak_n=peak,
        distance_mm=distance,
        depth_mm=window.curve(episode, "insertion_state", "depth_m", 1e3),
        lateral_mm=window.curve(episode, "insertion_state", "lateral_error_m", 1e3),
        phase_t_s=phase_t_s,
        phases=phases,
        overview=overview,
        close_up=window.film(episode, (CLOSE_UP_TOPIC,)) if has_overview else None,
        policy_view=policy_view,
        spec=episode.spec or {},
        missing=tuple(missing),
    ), episode


@dataclass(frozen=True)
class _Window:
    """The part of a recording that is the episode itself, without what was before and after."""

    start_ns: int
    end_ns: int

    def mask(self, topic: TopicData) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (topic.stamp_ns >= self.start_ns) & (
            topic.stamp_ns <= self.end_ns
        )
        return inside

    def seconds(self, topic: TopicData) -> FloatArray:
        return (topic.stamp_ns[self.mask(topic)] - self.start_ns) / 1e9

    def curve(self, episode: Episode, name: str, field: str, scale: float = 1.0) -> Curve:
        if not episode.has(name):
            return _EMPTY
        topic = episode[name]
        try:
            values = topic[field]
        except SawyerError as error:
            _log.warning("%s: %s", episode.path, error)
            return _EMPTY
        inside = values[self.mask(topic)].astype(np.float64)
        if inside.ndim > 1:
            inside = np.linalg.norm(inside, axis=1)
        finite = np.isfinite(inside)
        return Curve(self.seconds(topic)[finite], inside[finite] * scale)

    def first_of(self, episode: Episode, names: Sequence[str], field: str) -> Curve:
        curves = (self.curve(episode, name, field) for name in names)
        return next((curve for curve in curves if curve), _EMPTY)

    def film(self, episode: Episode, names: Sequence[str]) -> Film | None:
        for name in names:
            if episode.has(name):
                topic = episode[name]
                mask = self.mask(topic)
                if not mask.any():
                    continue
                try:
                    frames = topic.images
                except SawyerError as error:
                    _log.warning("%s: %s", episode.path, error)
                    continue
                return Film(self.seconds(topic), _as_bytes(frames[mask]))
        return None


def _span(episode: Episode) -> tuple[int, int]:
    """Return first and last stamp of the episode proper: its steps if there are any."""
    report = episode.report
    if report.start_ns is None or report.end_ns is None:
        raise RecordingError(f"{episode.path} holds no message")
    if not episode.has("episode/step"):
        return report.start_ns, report.end_ns
    steps = episode["episode/step"].stamp_ns
    period_ns = int(np.median(np.diff(steps))) if len(steps) > 1 else 100_000_000
    return int(steps[0]), min(report.end_ns, int(steps[-1]) + period_ns)


def _distance(episode: Episode, window: _Window) -> Curve:
    recorded = window.curve(episode, "episode/step", "distance_mm")
    if recorded:
        final = (episode.result or {}).get("final_distance_mm")
        if final is None or not np.isfinite(final):
            return recorded
        end_s = (window.end_ns - window.start_ns) / 1e9
        return Curve(np.append(recorded.t_s, end_s), np.append(recorded.value, final))
    spec = episode.spec
    if spec is None or "goal_position.x" not in spec or not episode.has("ee_pose"):
        return _EMPTY
    topic = episode["ee_pose"]
    goal = np.array([spec[f"goal_position.{axis}"] for axis in "xyz"])
    distance = np.linalg.norm(topic["pose.position"] - goal, axis=1) * 1e3
    return Curve(window.seconds(topic), distance[window.mask(topic)])


def _peak(episode: Episode, window: _Window) -> Curve:
    """Return the size of the largest 1 kHz force of the period that ends at each stamp.

    The bias is what the calibration takes off the ordinary samples.
    """
    names = ("wrench_peak", "wrench", "wrench_centered")
    if not all(episode.has(name) for name in names):
        return window.curve(episode, "episode/step", "force_peak")
    peak, raw, centered = (episode[name] for name in names)
    common = np.intersect1d(raw.stamp_ns, centered.stamp_ns)
    if not len(common):
        return window.curve(episode, "episode/step", "force_peak")
    last = int(common[-1])
    bias = (
        raw["wrench.force"][raw.stamp_ns == last][0]
        - centered["wrench.force"][centered.stamp_ns == last][0]
    )
    size = np.linalg.norm(peak["wrench.force"] - bias, axis=1)
    return Curve(window.seconds(peak), size[window.mask(peak)])


def _phases(
    episode: Episode, window: _Window, forces: Sequence[Curve]
) -> tuple[FloatArray, tuple[Phase, ...]]:
    if not episode.has("insertion_state"):
        return np.empty(0), ()
    topic = episode["insertion_state"]
    mask = window.mask(topic)
    seconds = window.seconds(topic)
    phases = []
    touched = False
    for t_s, success, inserted in zip(
        seconds, topic["success"][mask], topic["inserted"][mask], strict=True
    ):
        pressed = [force.at(float(t_s)) for force in forces]
        touched = touched or any(abs(value) > TOUCH_N for value in pressed if value is not None)
        if success:
            phases.append(Phase.SUCCESS)
        elif inserted:
            phases.append(Phase.INSERTED)
        else:
            phases.append(Phase.CONTACT if touched else Phase.APPROACH)
    return seconds, tuple(phases)


def _as_bytes(frames: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 8-bit images, scaled to their own range if they are not 8-bit."""
    if frames.dtype == np.uint8:
        return np.asarray(frames, dtype=np.uint8)
    values = frames.astype(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scaled = (np.nan_to_num(values, nan=low) - low) / max(high - low, 1e-12) * 255
    return scaled.astype(np.uint8)
