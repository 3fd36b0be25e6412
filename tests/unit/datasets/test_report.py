from __future__ import annotations

import builtins
import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sawyer_core.errors import RecordingError
from sawyer_datasets import EpisodeBagWriter, read_episode
from sawyer_datasets.report import build_report
from sawyer_datasets.report.frames import EpisodeFrames, EpisodeTitle
from sawyer_datasets.report.page import rerun_command
from sawyer_datasets.report.plots import force_chart
from sawyer_datasets.report.series import Phase, load_series
from sawyer_datasets.report.strip import key_moments
from sawyer_datasets.sessions import bag_path
from sawyer_datasets.testing import TOPICS, encode, write_session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two episodes, the second without success."""
    folder = tmp_path_factory.mktemp("session")
    write_session(folder, 2, max_steps=24)
    return folder


@pytest.fixture(scope="module")
def made(session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session with its report."""
    folder = tmp_path_factory.mktemp("made") / "out"
    shutil.copytree(session, folder)
    files = build_report(folder, settings={"clock": "lockstep"})
    assert files.problems == ()
    return folder


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key in ("src", "href", "poster") and value:
                self.links.append(value)
            if key == "id" and value:
                self.ids.add(value)


def test_page_is_self_contained_and_its_links_lead_somewhere(made: Path) -> None:
    page = _Links()
    page.feed((made / "report.html").read_text())
    outside = [x for x in page.links if not x.startswith(("data:image/", "#"))]
    assert sorted(set(outside)) == ["bags/episode_0000/", "bags/episode_0001/", "video.mp4"]
    for link in outside:
        assert (made / link).exists()
    assert {x[1:] for x in page.links if x.startswith("#")} <= page.ids
    assert "://" not in re.sub(r"data:[^\"]*", "", (made / "report.html").read_text())


def test_page_says_what_happened(made: Path) -> None:
    text = (made / "report.html").read_text()
    for words in ("USB-A insertion, p_controller", "1 of 2", "no success", "lockstep", "rosbags"):
        assert words in text
    assert "ros2 launch sawyer_bringup sim.launch.py connector:=usb" in text
    assert str(made) not in text


def test_video_shows_every_episode_from_start_to_end(made: Path) -> None:
    with av.open(str(made / "video.mp4")) as video:
        stream = video.streams.video[0]
        assert stream.codec_context.name == "h264"
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(stream)]
    durations = [row["time_s"] for row in json.loads((made / "episodes.json").read_text())]
    still = 2 * (0.6 + 1.2)
    assert len(frames) / 20 == pytest.approx(sum(durations) + still, abs=0.2)
    assert frames[0].shape == (720, 1280, 3)
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 1.0


def test_plots_are_pictures(made: Path) -> None:
    names = sorted(path.name for path in (made / "plots").iterdir())
    assert names == ["episode_0000.png", "episode_0001.png", "session.png"]
    for name in names:
        with Image.open(made / "plots" / name) as picture:
            assert picture.width > 1000
            assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 50


def test_bags_that_are_missing_or_broken_are_reported(session: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(session, folder)
    rows = json.loads((folder / "episodes.json").read_text())
    rows += [dict(rows[0], index=2), dict(rows[0], index=3)]
    (folder / "episodes.json").write_text(json.dumps({"episodes": rows, "seed": 7}))
    shutil.copytree(bag_path(folder, 0), bag_path(folder, 3))
    storage = next(bag_path(folder, 3).glob("*.mcap"))
    with storage.open("r+b") as stream:
        stream.truncate(storage.stat().st_size // 2)
    next(bag_path(folder, 1).glob("*.mcap")).write_bytes(b"garbage")
    files = build_report(folder, max_video_episodes=1)
    assert len(files.problems) == 3
    text = files.page.read_text()
    assert "Episode 2: bags/episode_0001 cannot be read" in text
    assert "Episode 3: there is no bag (episode_0002)" in text
    assert "Episode 4: the bag is damaged" in text
    assert "messages are lost" in text
    assert files.video is not None


def test_no_bag_at_all_still_makes_a_page(session: Path, tmp_path: Path) -> None:
    shutil.copy(session / "episodes.json", tmp_path)
    files = build_report(tmp_path)
    assert files.video is None
    assert files.plots == ()
    assert len(files.problems) == 2
    assert "1 of 2" in files.page.read_text()


def test_results_without_numbers(tmp_path: Path) -> None:
    row = {"success": False, "valid": False, "peak_force_n": None, "reason": "<b>lost</b>"}
    (tmp_path / "episodes.json").write_text(json.dumps([row]))
    text = build_report(tmp_path).page.read_text()
    assert "not counted" in text
    assert "&lt;b&gt;lost" in text
    assert "<b>lost" not in text


@pytest.mark.parametrize("content", [None, "{", "[1]", "{}"])
def test_episodes_file_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "episodes.json").write_text(content)
    with pytest.raises(RecordingError, match=r"episodes\.json"):
        build_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_gif_where_no_encoder_is(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(session, folder)
    real = builtins.__import__

    def without_av(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "av":
            raise ImportError("no av here")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_av)
    files = build_report(folder, max_video_episodes=1)
    monkeypatch.undo()
    assert files.video == folder / "video.gif"
    with Image.open(files.video) as picture:
        assert picture.n_frames > 10  # type: ignore[attr-defined]
    text = files.page.read_text()
    assert 'src="video.gif"' in text
    assert "the first 1 of 2 episodes" in text
    assert not list(folder.glob(".*"))


def test_bag_with_forces_only(tmp_path: Path) -> None:
    spec = TOPICS["/wrench"]
    with EpisodeBagWriter(bag_path(tmp_path, 0), {"/wrench": spec}) as writer:
        for index in range(5):
            raw = encode(spec.msgtype, {"wrench": {"force": {"z": float(index)}}})
            writer.write("/wrench", index * 10**8, raw)
    (tmp_path / "episodes.json").write_text(json.dumps([{"success": True, "seed": 1}]))
    files = build_report(tmp_path)
    assert files.problems == ()
    assert "Missing or unreadable: distance to the goal, overview images" in files.page.read_text()
    assert files.video is not None


def test_bag_without_messages(tmp_path: Path) -> None:
    EpisodeBagWriter(bag_path(tmp_path, 0), {"/wrench": TOPICS["/wrench"]}).close()
    (tmp_path / "episodes.json").write_text(json.dumps([{"success": False}]))
    files = build_report(tmp_path)
    assert any("holds no message" in problem for problem in files.problems)


def test_series_are_those_of_the_bag(session: Path) -> None:
    path = bag_path(session, 0)
    series, _ = load_series(path)
    episode = read_episode(path)
    steps = episode["episode/step"]
    np.testing.assert_array_equal(series.distance_mm.value[:-1], steps["distance_mm"])
    assert episode.result is not None
    assert series.distance_mm.value[-1] == episode.result["final_distance_mm"]
    np.testing.assert_array_equal(
        series.force_z_n.value, episode["wrench_centered"]["wrench.force.z"]
    )
    centered = episode["wrench_centered"]["wrench.force"]
    # The synthetic peak is 1.2 times the sample; raw peak and sample carry the same bias.
    expected = np.linalg.norm(1.2 * centered, axis=1)
    np.testing.assert_allclose(series.force_peak_n.value, expected, rtol=1e-9)
    segments = series.segments()
    assert [phase for _, _, phase in segments] == list(Phase)
    assert segments[0][0] == 0.0
    assert segments[-1][1] == series.end_s
    assert all(a[1] == b[0] for a, b in pairwise(segments))


def test_key_moments_are_in_order_and_inside(session: Path) -> None:
    for index in range(2):
        series, _ = load_series(bag_path(session, index))
        moments = key_moments(series)
        times = [t_s for t_s, _ in moments]
        assert len(moments) == 4
        assert times == sorted(times)
        assert times[0] == 0.0
        assert times[-1] == series.end_s


def test_cursor_and_trace_agree(session: Path) -> None:
    """The pixel under the marker of the force chart has the trace's colour."""
    series, _ = load_series(bag_path(session, 0))
    chart = force_chart(series, 488, 216, 20.0)
    trace = np.array([0x0B, 0x5F, 0xA5])
    for t_s, value in zip(series.force_z_n.t_s[2:-1], series.force_z_n.value[2:-1], strict=True):
        x, y = round(chart.x_px(float(t_s))), round(chart.y_px(float(value)))
        near = chart.pixels[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(int)
        assert np.abs(near - trace).sum(axis=1).min() < 60


def test_policy_view_is_shown_pixel_by_pixel(session: Path) -> None:
    series, _ = load_series(bag_path(session, 0))
    assert series.policy_view is not None
    frames = EpisodeFrames(series, EpisodeTitle(1, 1, {"success": True}), 20.0)
    picture = frames.frame(0.5)[128 : 128 + 256, 768 : 768 + 256]
    known = series.policy_view.at(0.5)
    np.testing.assert_array_equal(picture[::8, ::8, 0], known)
    np.testing.assert_array_equal(picture[7::8, 7::8, 2], known)


def test_rerun_command_quotes_what_needs_it() -> None:
    rows = [{"connector": "usb", "policy": "a b", "noise_mm": 1.0, "seed": 3}]
    assert rerun_command(rows, {"seed": 9, "episodes_asked": 4}, overview=True) == (
        "ros2 launch sawyer_bringup sim.launch.py connector:=usb 'policy:=a b' noise_mm:=1 "
        "episodes:=4 seed:=9 record:=true overview:=true"
    )
