"""What can go wrong with a recording in the middle of an episode, on one launched graph."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeResult, EpisodeStep, ErrorCode
from sensor_msgs.msg import JointState

from sawyer_datasets import BagStatus, read_episode, verify_bag
from sawyer_ros_common import qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import LaunchedGraph, wait_for

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]

LOST_NS = 1_000_000_000
SMALL_FILE_BYTES = 100_000  # less than the episode, more than its metadata.yaml
FULL_NAMES = {"/joint_states", "/camera/image_policy", "/episode/result", "/diagnostics"}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaunchedGraph]:
    folder = tmp_path_factory.mktemp("recording")
    launched = LaunchedGraph(
        "bringup.launch.py", ["record:=true", f"output_dir:={folder}"], folder / "launch.log"
    )
    try:
        wait_for(lambda: launched.node.count_publishers("recorder/state") > 0, 60.0, "recorder")
        yield launched
    finally:
        launched.stop()


@pytest.fixture(scope="module")
def steps(graph: LaunchedGraph) -> list[EpisodeStep]:
    return graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)


def run_and(
    graph: LaunchedGraph, steps: list[EpisodeStep], index: int, act: Callable[[], None]
) -> EpisodeResult:
    """Record an episode; ``act`` after its fifth step."""
    steps.clear()
    goal = RunEpisode.Goal(connector="usb", policy="p_controller", index=index, record=True)
    handle = graph.client.send_goal(RunEpisode, "run_episode", goal)
    wait_for(lambda: len(steps) > 5, 30.0, "the first steps")
    act()
    return graph.client.wait(handle.get_result_async(), 60.0, "the result").result.result


def bag(graph: LaunchedGraph, index: int) -> Path:
    return graph.log.parent / "bags" / f"episode_{index:04d}"


def test_a_bag_holds_full_names_and_plays_by_them(graph: LaunchedGraph, steps) -> None:
    result = run_and(graph, steps, 0, lambda: None)
    assert (result.error_code, result.error_msg) == (ErrorCode.NONE, "")
    assert verify_bag(bag(graph, 0)).status is BagStatus.COMPLETE
    episode = read_episode(bag(graph, 0))
    assert set(episode) > FULL_NAMES
    assert all(name.startswith("/") for name in episode)
    assert episode["camera/image_policy"].images.shape[1:] == (32, 32)
    heard = graph.client.listen(JointState, "replayed", qos.STATE)
    ros2 = Path(sys.executable).with_name("ros2")
    command = [str(ros2), "bag", "play", str(bag(graph, 0)), "--topics", "/joint_states"]
    done = subprocess.run(
        [*command, "--remap", "/joint_states:=/replayed", "--rate", "20"],
        env={**os.environ, "ROS_DOMAIN_ID": str(graph.domain), "ROS_LOCALHOST_ONLY": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wait_for(lambda: len(heard) == len(episode["joint_states"]), 10.0, "all joint states")


def test_no_space_left_is_said_and_the_episode_goes_on(graph: LaunchedGraph, steps) -> None:
    recorder = graph.pid_of("watching")
    heard = graph.client.listen(DiagnosticArray, "/diagnostics", qos.EVENT)
    before = resource.prlimit(recorder, resource.RLIMIT_FSIZE)
    resource.prlimit(recorder, resource.RLIMIT_FSIZE, (SMALL_FILE_BYTES, before[1]))
    try:
        result = run_and(graph, steps, 1, lambda: None)
    finally:
        resource.prlimit(recorder, resource.RLIMIT_FSIZE, before)
    assert result.error_code == ErrorCode.RECORDER_NO_SPACE
    assert "episode_0001" in result.error_msg
    assert (result.valid, result.success) == (True, True)

    def reported() -> bool:
        states = [state for array in heard for state in array.status]
        return any(s.name == "/recorder" and s.level == DiagnosticStatus.ERROR for s in states)

    wait_for(reported, 10.0, "the recorder's error on /diagnostics")
    report = verify_bag(bag(graph, 1))
    assert report.status is BagStatus.READABLE
    assert report.message_count > 0


def test_a_killed_recorder_loses_a_second_at_most(graph: LaunchedGraph, steps) -> None:
    last_ns = 0

    def kill() -> None:
        nonlocal last_ns
        last_ns = to_ns(steps[-1].header.stamp)
        os.kill(graph.pid_of("watching"), signal.SIGKILL)

    result = run_and(graph, steps, 2, kill)
    assert result.error_code in (ErrorCode.RECORDER_IO, ErrorCode.RECORDER_NOT_RECORDING)
    assert (result.valid, result.success) == (True, True)
    report = verify_bag(bag(graph, 2))
    assert report.status is BagStatus.READABLE
    assert report.lost_messages == 0
    assert report.end_ns is not None
    assert last_ns - report.end_ns <= LOST_NS
