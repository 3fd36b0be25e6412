"""The whole graph on the wall clock: rate of the states, watchdog, one insertion, figures."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import DriverState
from sawyer_interfaces.srv import PrepareEpisode
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from sawyer_core import JointTarget
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import LaunchedGraph, wait_for

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]

STATE_NS = 10_000_000


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaunchedGraph]:
    folder = tmp_path_factory.mktemp("realtime")
    launched = LaunchedGraph(
        "bringup.launch.py",
        ["connector:=usb", "clock:=realtime", "camera:=false", f"output_dir:={folder}"],
        folder / "launch.log",
    )
    try:
        yield launched
    finally:
        status = launched.stop()
    assert status == 0, launched.text()


@pytest.fixture(scope="module")
def states(graph: LaunchedGraph) -> list[DriverState]:
    heard = graph.client.listen(DriverState, "driver/state", qos.EVENT)
    wait_for(lambda: graph.node.count_publishers("driver/state") > 0, 30.0, "the driver")
    return heard


def prepare(graph: LaunchedGraph) -> None:
    request = PrepareEpisode.Request(seed=1)
    assert not graph.client.call(PrepareEpisode, "driver/prepare_episode", request).error_code


def test_states_come_at_100_hz_each_with_its_driver_state(
    graph: LaunchedGraph, states: list[DriverState]
) -> None:
    joints = graph.client.listen(JointState, "joint_states", qos.EVENT)
    prepare(graph)
    wait_for(lambda: len(joints) > 5, 10.0, "the first states")
    began, first = time.monotonic(), len(joints)
    time.sleep(1.0)
    count, elapsed = len(joints) - first, time.monotonic() - began
    assert 0.5 * 100 * elapsed <= count <= 100 * elapsed + 2
    stamps = [to_ns(state.header.stamp) for state in joints[first : first + count]]
    gaps = {after - before for before, after in pairwise(stamps)}
    assert {gap % STATE_NS for gap in gaps} == {0}, "stamps are the robot's time"
    wait_for(lambda: to_ns(states[-1].header.stamp) >= stamps[-1], 10.0, "driver/state")
    assert set(stamps) <= {to_ns(state.header.stamp) for state in states}


def test_the_arm_holds_when_targets_stop(graph: LaunchedGraph, states: list[DriverState]) -> None:
    joints = graph.client.listen(JointState, "joint_states", qos.EVENT)
    targets = graph.node.create_publisher(JointTrajectory, "joint_target", qos.COMMAND)
    wait_for(lambda: targets.get_subscription_count() > 0, 10.0, "the driver")
    prepare(graph)
    wait_for(lambda: len(joints) > 5, 10.0, "the first states")
    goal = list(joints[-1].position)
    goal[6] += 0.02
    sent_ns = 0

    def held() -> list[DriverState]:
        return [s for s in states if s.loop_status == "hold" and to_ns(s.header.stamp) > sent_ns]

    for _ in range(10):  # on a busy machine a target can come too late and is refused
        refused = states[-1].refused_targets
        sent_ns = to_ns(joints[-1].header.stamp)
        targets.publish(conversions.joint_target_message(JointTarget(sent_ns, goal, 0.1)))
        wait_for(lambda r=refused: held() or states[-1].refused_targets > r, 10.0, "an answer")
        if held():
            break
    silent_s = (to_ns(held()[0].header.stamp) - sent_ns) * 1e-9
    assert 0.4 <= silent_s < 0.6  # 0.1 s of motion, then 0.3 s of silence, and the way there
    time.sleep(0.3)
    assert max(abs(speed) for speed in joints[-1].velocity) < 0.01
    assert joints[-1].position[6] == pytest.approx(goal[6], abs=0.01)


def test_an_insertion_succeeds_and_overruns_are_published(
    graph: LaunchedGraph, states: list[DriverState]
) -> None:
    goal = RunEpisode.Goal(connector="usb", policy="p_controller", seed=3)
    result = graph.client.run_goal(RunEpisode, "run_episode", goal).result
    assert result.success, result.error_msg
    assert result.robot_s <= result.wall_s  # it never rushes
    last = states[-1]
    assert last.clock == "realtime"
    assert last.ticks > 3000
    assert last.overruns < 0.2 * last.ticks  # of a machine that may be busy
    bias = last.force_bias
    assert (bias.x, bias.y, bias.z) != (0.0, 0.0, 0.0)
