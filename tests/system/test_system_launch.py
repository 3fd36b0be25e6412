"""Whole sessions through sim.launch.py: how they end, and what they leave behind."""

import json
import os
import signal
from pathlib import Path

import pytest
from sawyer_interfaces.msg import DriverState, EpisodeStep

from sawyer_datasets import BagStatus, verify_bag
from sawyer_ros_common import qos
from sawyer_ros_common.testing import LaunchedGraph, wait_for

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]


def launch(folder: Path, *arguments: str) -> LaunchedGraph:
    given = [f"output_dir:={folder / 'out'}", *arguments]
    return LaunchedGraph("sim.launch.py", given, folder / "launch.log")


def ended(graph: LaunchedGraph, timeout_s: float = 60.0) -> tuple[int, str]:
    try:
        status = graph.wait_exit(timeout_s)
    finally:
        graph.stop()
    return status, graph.text()


def results(folder: Path) -> dict:
    return json.loads((folder / "out" / "episodes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("argument", "texts"),
    [
        ("connector:=hdmi", ("hdmi", "usb", "dsub", "model_e")),
        ("clock:=sundial", ("sundial", "lockstep", "realtime")),
        ("episode:=2", ("episode", "episodes", "noise_mm")),
        ("episodes:=many", ("many", "whole number")),
    ],
)
def test_a_bad_argument_starts_nothing_and_says_what_is_allowed(
    tmp_path: Path, argument: str, texts: tuple[str, ...]
) -> None:
    status, text = ended(launch(tmp_path, argument), 20.0)
    assert status != 0
    for word in texts:
        assert word in text
    assert "process started" not in text


def test_an_unknown_policy_ends_the_session_with_the_choices(tmp_path: Path) -> None:
    status, text = ended(launch(tmp_path, "policy:=spiral", "camera:=false"))
    assert status != 0
    assert "did you mean 'spiral_search'" in text
    assert "straight_down" in text
    assert not results(tmp_path)["complete"]


def test_a_session_records_ends_and_goes_down_cleanly(tmp_path: Path) -> None:
    graph = launch(tmp_path, "episodes:=2", "record:=true", "seed:=7")
    states = graph.client.listen(DriverState, "driver/state", qos.LATCHED)
    status, text = ended(graph)
    assert status == 0, text
    data = results(tmp_path)
    assert data["complete"]
    assert [row["seed"] for row in data["episodes"]] == [7, 8]
    assert all(row["success"] for row in data["episodes"])
    assert states[0].clock == "lockstep"
    started = text.count("process started with pid")
    assert started == 6
    assert text.count("process has finished cleanly") == started
    for index, row in enumerate(data["episodes"]):
        report = verify_bag(tmp_path / "out" / "bags" / f"episode_{index:04d}")
        assert report.status is BagStatus.COMPLETE
        counts = {topic.name.lstrip("/"): topic.messages for topic in report.topics}
        assert counts["episode/step"] == row["steps"]
        assert counts["episode/result"] == counts["episode/spec"] == 1
        periods = counts["joint_states"]
        assert periods > row["steps"]
        for name in ("ee_pose", "wrench", "insertion_state", "camera/image_policy"):
            assert periods <= counts[name] <= periods + 1


def test_realtime_keeps_the_wall_clock(tmp_path: Path) -> None:
    graph = launch(tmp_path, "clock:=realtime", "camera:=false")
    states = graph.client.listen(DriverState, "driver/state", qos.LATCHED)
    status, text = ended(graph)
    assert status == 0, text
    row = results(tmp_path)["episodes"][0]
    assert row["valid"]
    assert row["robot_s"] <= row["wall_s"]  # it never rushes
    assert states[-1].ticks > 1000


@pytest.mark.parametrize("process", ["control", "twin_driver"])
def test_a_killed_process_that_is_needed_ends_everything(tmp_path: Path, process: str) -> None:
    arguments = ("policy:=straight_down", "horizon:=5000", "camera:=false")
    graph = launch(tmp_path, *arguments)
    steps = graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)
    try:
        wait_for(lambda: len(steps) > 2, 30.0, "the first steps")
        os.kill(graph.pid_of(process), signal.SIGKILL)
    except AssertionError:
        graph.stop()
        raise
    status, text = ended(graph, 30.0)
    assert status != 0
    assert f"{process}-" in text
    assert "which is needed, ended" in text
    assert "sending signal 'SIGKILL'" not in text  # the rest went down by itself
