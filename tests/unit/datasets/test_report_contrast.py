"""Two policies at the same task: one page, one video."""

import json
import re
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from sawyer_datasets.report import ContrastSide, build_contrast, goal_offset_m
from sawyer_datasets.report.contrast_frames import PairFrames, PanelText
from sawyer_datasets.report.contrast_plots import pair_plot
from sawyer_datasets.report.series import load_series
from sawyer_datasets.sessions import bag_path
from sawyer_datasets.testing import SyntheticEpisode, write_episode

SIDES = (
    ContrastSide("hand", "P-controller", "hand-designed"),
    ContrastSide("learned", "Residual policy", "learned", {"steps": 8000}),
)
MADE = {"connector": "usb", "noise_mm": 1.0}


def write_side(folder: Path, policy: str, successes: "list[bool]", seed: int = 7) -> None:
    rows = []
    for index, success in enumerate(successes):
        spec = SyntheticEpisode(
            index=index,
            seed=seed + index,
            policy=policy,
            success=success,
            max_steps=24,
            noise_mm=1.0,
        )
        rows.append(write_episode(bag_path(folder, index), spec))
    content = {**MADE, "policy": policy, "episodes": rows}
    (folder / "episodes.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contrast")
    write_side(folder / "hand", "p_controller", [False, True])
    write_side(folder / "learned", "residual", [True, True])
    return folder


@pytest.fixture(scope="module")
def made(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "out"
    shutil.copytree(recorded, folder)
    files = build_contrast(folder, SIDES, commands=["./sawyer demo"])
    assert files.problems == ()
    assert files.video is not None
    assert len(files.plots) == 3
    return folder


def test_page_shows_both_and_is_self_contained(made: Path) -> None:
    text = (made / "report.html").read_text(encoding="utf-8")
    for words in ("P-controller: inserted", "1 of 2", "Residual policy: inserted", "2 of 2"):
        assert words in text
    assert "goal off by up to ±1 mm in x and y" in text
    assert "./sawyer demo" in text
    assert str(made) not in text
    links = re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', text)
    assert set(links) == {
        "video.mp4",
        *(f"{side}/bags/episode_000{i}/" for side in ("hand", "learned") for i in (0, 1)),
    }
    assert all((made / link).exists() for link in links)


def test_page_states_the_same_goal_error_for_both(made: Path) -> None:
    offset = goal_offset_m(bag_path(made / "hand", 0))
    assert offset is not None
    assert offset == goal_offset_m(bag_path(made / "learned", 0))
    words = f"{offset[0] * 1e3:+.2f}, {offset[1] * 1e3:+.2f}".replace("-", "−")
    assert words in (made / "report.html").read_text(encoding="utf-8")


def test_video_lasts_as_long_as_the_slower_policy(made: Path) -> None:
    with av.open(str(made / "video.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    rows = [
        json.loads((made / side / "episodes.json").read_text(encoding="utf-8"))["episodes"]
        for side in ("hand", "learned")
    ]
    longest = sum(max(a["time_s"], b["time_s"]) for a, b in zip(*rows, strict=True))
    assert len(frames) / 20 == pytest.approx(longest + 2 * (0.6 + 1.2), abs=0.2)
    assert frames[0].shape == (720, 1280, 3)


def test_earlier_side_stands_still_while_the_other_goes_on(made: Path) -> None:
    sides = []
    for side in ("hand", "learned"):
        series, _ = load_series(bag_path(made / side, 0))
        row = json.loads((made / side / "episodes.json").read_text())["episodes"][0]
        sides.append((series, row, PanelText(side, "")))
    drawing = PairFrames("head", "details", sides, 20.0)
    slow, quick = sides[0][0].end_s, sides[1][0].end_s
    assert drawing.end_s == slow > quick + 0.2
    before, after = drawing.frame(quick + 0.05), drawing.frame(slow)
    head = slice(80, 720)
    assert np.array_equal(before[head, 645:], after[head, 645:])
    assert not np.array_equal(before[head, :635], after[head, :635])


def test_different_tasks_are_called_out(recorded: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(recorded / "hand", folder / "hand")
    write_side(folder / "learned", "residual", [True], seed=99)
    files = build_contrast(folder, SIDES)
    problems = "\n".join(files.problems)
    assert "did not run the same number of episodes" in problems
    assert "Episode 1: the policies did not meet the same task (seeds 7 and 99" in problems


def test_missing_and_broken_bags_are_sentences(recorded: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(recorded, folder)
    shutil.rmtree(bag_path(folder / "hand", 0))
    next(bag_path(folder / "learned", 1).glob("*.mcap")).write_bytes(b"garbage")
    files = build_contrast(folder, SIDES, max_pairs=1)
    text = files.page.read_text(encoding="utf-8")
    assert "Episode 1, P-controller: there is no bag" in text
    assert "Episode 2, Residual policy: learned/bags/episode_0001 cannot be read" in text
    assert files.video is not None
    assert goal_offset_m(bag_path(folder / "learned", 1)) is None


def test_nothing_recorded_still_gives_a_page(tmp_path: Path) -> None:
    for side in ("hand", "learned"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "episodes.json").write_text("[]", encoding="utf-8")
    files = build_contrast(tmp_path, SIDES)
    assert files.video is None
    assert "0 of 0" in files.page.read_text(encoding="utf-8")
    assert pair_plot([None, None], ("a", "b")).startswith(b"\x89PNG")
