"""What goes wrong on purpose, on one launched graph in lockstep; the arm holds, nothing hangs."""

import os
import signal
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, PoseStamped, Vector3
from sawyer_interfaces.action import Reset, RunEpisode
from sawyer_interfaces.msg import (
    DriverState,
    EeCommand,
    EpisodeSpec,
    EpisodeStep,
    ErrorCode,
    SafetyState,
)
from sawyer_interfaces.srv import (
    AcquireCommander,
    PrepareEpisode,
    ReleaseCommander,
    SetForceBias,
)
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from sawyer_core import JOINT_NAMES
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import LaunchedGraph, wait_for

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

PERIOD_NS = 100_000_000
NAN = float("nan")


class Bench:
    """A commander of the test's own on the launched graph."""

    def __init__(self, graph: LaunchedGraph) -> None:
        self.graph = graph
        self.client = graph.client
        node = graph.node
        self.commands = node.create_publisher(EeCommand, "ee_command", qos.COMMAND)
        self.targets = node.create_publisher(JointTrajectory, "joint_target", qos.COMMAND)
        self.safety = self.client.listen(SafetyState, "safety/state", qos.EVENT)
        self.driver = self.client.listen(DriverState, "driver/state", qos.LATCHED)
        self.poses = self.client.listen(PoseStamped, "ee_pose", qos.STATE)
        self.joints = self.client.listen(JointState, "joint_states", qos.STATE)
        self.steps = self.client.listen(EpisodeStep, "episode/step", qos.EVENT)
        wait_for(lambda: self.driver != [], 30.0, "the driver")
        wait_for(
            lambda: node.count_subscribers("ee_command") > 0 and self.targets_matched(),
            30.0,
            "the command node",
        )
        self.settle()

    def settle(self) -> None:
        """Driver and command node find each other on their own: repeat until a state arrives."""
        for _ in range(10):
            self.prepare()
            if not self.acquire("settle").error_code:
                self.release("settle")
                return
        raise AssertionError(f"the command node sees no state:\n{self.graph.text()}")

    def targets_matched(self) -> bool:
        return self.graph.node.count_subscribers("joint_target") > 0

    @property
    def stamp_ns(self) -> int:
        return to_ns(self.poses[-1].header.stamp)

    @property
    def position(self) -> np.ndarray:
        return conversions.xyz(self.poses[-1].pose.position)

    def prepare(self, seed: int = 0) -> None:
        """A fresh plug, the arm at home, everybody has seen it."""
        reply = self.client.call(PrepareEpisode, "twin/prepare_episode", request_of(seed))
        assert not reply.error_code
        self.until_stamp(to_ns(reply.stamp))

    def until_stamp(self, stamp_ns: int) -> None:
        wait_for(lambda: bool(self.poses) and self.stamp_ns >= stamp_ns, 10.0, f"state {stamp_ns}")

    def acquire(self, source: str) -> AcquireCommander.Response:
        start = self.poses[-1].header.stamp
        request = AcquireCommander.Request(source=source, start=start, fresh=True)
        return self.client.call(AcquireCommander, "commander/acquire", request)

    def release(self, source: str) -> ReleaseCommander.Response:
        request = ReleaseCommander.Request(source=source)
        return self.client.call(ReleaseCommander, "commander/release", request)

    def command(self, x: float, y: float, z: float, *, source: str = "first", **other) -> None:
        stamp_ns = other.get("stamp_ns", self.stamp_ns)
        message = EeCommand(
            header=conversions.header(stamp_ns),
            translation=Vector3(x=x, y=y, z=z),
            source=source,
            step=other.get("step", 0),
        )
        self.commands.publish(message)

    def reported(self, matches: Callable[[SafetyState], bool]) -> SafetyState:
        wait_for(lambda: any(matches(report) for report in self.safety), 10.0, "safety/state")
        return next(report for report in self.safety if matches(report))

    def target(self, q_rad: list[float], stamp_ns: int, names: list[str] | None = None) -> None:
        point = JointTrajectoryPoint(positions=q_rad)
        point.time_from_start.nanosec = PERIOD_NS
        self.targets.publish(
            JointTrajectory(
                header=conversions.header(stamp_ns),
                joint_names=list(JOINT_NAMES) if names is None else names,
                points=[point],
            )
        )

    def run(self, **goal) -> object:
        values = {"connector": "usb", "policy": "p_controller", **goal}
        return self.client.run_goal(RunEpisode, "run_episode", RunEpisode.Goal(**values)).result


def request_of(seed: int) -> PrepareEpisode.Request:
    return PrepareEpisode.Request(seed=seed)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaunchedGraph]:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "bags").write_text("a file where the recorder wants a folder", encoding="utf-8")
    launched = LaunchedGraph(
        "bringup.launch.py", ["record:=true", f"output_dir:={folder}"], folder / "launch.log"
    )
    try:
        yield launched
    finally:
        status = launched.stop()
    assert status == 0, launched.text()


@pytest.fixture(scope="module")
def bench(graph: LaunchedGraph) -> Bench:
    return Bench(graph)


@pytest.fixture
def seat(bench: Bench) -> Iterator[Bench]:
    """The test commands as "first" from the home pose."""
    bench.prepare()
    assert not bench.acquire("first").error_code
    bench.safety.clear()
    yield bench
    bench.release("first")


def test_a_plain_command_moves_the_arm_one_period(seat: Bench) -> None:
    before, stamp_ns = seat.position, seat.stamp_ns
    seat.command(0.0, 0.0, -0.005)
    seat.until_stamp(stamp_ns + PERIOD_NS)
    moved = seat.position - before
    assert seat.stamp_ns == stamp_ns + PERIOD_NS
    assert -0.006 < moved[2] < -0.001
    assert np.abs(moved[:2]).max() < 1e-3


def test_a_second_commander_is_refused_and_told_why(seat: Bench) -> None:
    reply = seat.acquire("second")
    assert reply.error_code == ErrorCode.COMMAND_NOT_COMMANDER
    assert reply.holder == "first"
    assert "'first' commands" in reply.error_msg
    stamp_ns = seat.stamp_ns
    seat.command(0.0, 0.0, -0.01, source="second")
    report = seat.reported(lambda r: r.status == SafetyState.REFUSED)
    assert report.source == "second"
    assert report.commander == "first"
    assert "first" in report.reasons[0]
    assert seat.stamp_ns == stamp_ns  # the arm has not moved for it


def test_nobody_else_can_leave_the_seat(seat: Bench) -> None:
    reply = seat.release("second")
    assert reply.error_code == ErrorCode.COMMAND_NOT_COMMANDER
    assert reply.holder == "first"


@pytest.mark.parametrize(
    ("delta", "text"),
    [((NAN, 0.0, 0.0), "not finite"), ((0.0, 0.0, float("inf")), "not finite"),
     ((0.2, 0.0, 0.0), "displacement of 0.2 m")],
)  # fmt: skip
def test_an_impossible_command_is_a_hold(seat: Bench, delta, text: str) -> None:
    before, stamp_ns = seat.position, seat.stamp_ns
    seat.command(*delta)
    report = seat.reported(lambda r: r.status == SafetyState.HOLD)
    assert text in report.reasons[0]
    seat.until_stamp(stamp_ns + PERIOD_NS)
    assert np.abs(seat.position - before).max() < 2e-4


def test_an_oversized_step_is_clipped_and_said(seat: Bench) -> None:
    before, stamp_ns = seat.position, seat.stamp_ns
    seat.command(0.0, 0.0, 0.05)
    report = seat.reported(lambda r: r.status == SafetyState.CLIPPED)
    assert "clipped to 0.015 m" in report.reasons[0]
    seat.until_stamp(stamp_ns + PERIOD_NS)
    assert (seat.position - before)[2] < 0.016


def test_a_command_out_of_the_workspace_is_kept_inside(seat: Bench) -> None:
    for step in range(8):
        stamp_ns = seat.stamp_ns
        seat.command(0.015, 0.0, 0.0, step=step)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    report = seat.reported(lambda r: r.status == SafetyState.CLIPPED)
    assert "kept inside the cylinder" in report.reasons[0]


def test_a_stale_command_is_a_hold(seat: Bench) -> None:
    old_ns = seat.stamp_ns
    for step in range(5):
        stamp_ns = seat.stamp_ns
        seat.command(0.0, 0.0, 0.001, step=step)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    seat.safety.clear()
    seat.command(0.0, 0.0, -0.01, stamp_ns=old_ns, step=9)
    report = seat.reported(lambda r: r.status == SafetyState.HOLD)
    assert "s old" in report.reasons[0]


def test_silence_ends_in_hold_then_retract_then_stop(seat: Bench) -> None:
    low = seat.stamp_ns
    for step in range(4):
        stamp_ns = seat.stamp_ns
        seat.command(0.0, 0.0, -0.01, step=step)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    depth = seat.position[2]
    for _ in range(4):  # time passes without a command
        stamp_ns = seat.stamp_ns
        seat.target(list(seat.joints[-1].position), stamp_ns)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    seat.reported(lambda r: r.status == SafetyState.STOPPED)
    kinds = [r.status for r in seat.safety if r.status != SafetyState.OK]
    assert kinds.index(SafetyState.HOLD) < kinds.index(SafetyState.RETRACT)
    assert kinds[-1] == SafetyState.STOPPED
    assert "no command for" in seat.reported(lambda r: r.status == SafetyState.HOLD).reasons[0]
    assert seat.position[2] > depth
    assert seat.stamp_ns > low


def test_stops_of_the_1_khz_loop_latch_the_guard_until_the_loop_is_engaged(seat: Bench) -> None:
    def tell_bias(z: float) -> None:
        request = SetForceBias.Request(bias=Vector3(z=z))
        assert not seat.client.call(SetForceBias, "driver/set_force_bias", request).error_code

    tell_bias(1e3)  # the loop sees every force as far beyond the limit, the guard does not
    for step in range(12):
        stamp_ns = seat.stamp_ns
        seat.command(0.0, 0.0, 0.0, step=step)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    stopped = seat.reported(lambda r: r.status == SafetyState.STOPPED)
    assert stopped.contact_stop_count == 3
    assert "3 contact stops" in stopped.reasons[0]

    tell_bias(0.0)
    assert seat.client.call(Trigger, "driver/engage").success
    before = seat.position
    for step in range(12, 16):  # the first is judged with the state from before
        stamp_ns = seat.stamp_ns
        seat.command(0.0, 0.0, 0.005, step=step)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    assert seat.position[2] - before[2] > 0.005
    assert seat.safety[-1].status == SafetyState.OK


def test_the_driver_refuses_what_is_no_target_for_now(seat: Bench) -> None:
    refused = seat.driver[-1].refused_targets
    stamp_ns, q_rad = seat.stamp_ns, list(seat.joints[-1].position)
    seat.target([NAN, *q_rad[1:]], stamp_ns)
    seat.target(q_rad[:6], stamp_ns)
    seat.target(q_rad, stamp_ns, [*JOINT_NAMES[:6], "elbow"])
    seat.target(q_rad, stamp_ns - PERIOD_NS)
    wait_for(lambda: seat.driver[-1].refused_targets == refused + 4, 10.0, "four refusals")
    assert seat.stamp_ns == stamp_ns


def test_a_target_lists_its_joints_in_any_order(seat: Bench) -> None:
    stamp_ns, q_rad = seat.stamp_ns, list(seat.joints[-1].position)
    seat.target(q_rad[::-1], stamp_ns, list(JOINT_NAMES[::-1]))
    seat.until_stamp(stamp_ns + PERIOD_NS)
    assert np.abs(np.array(seat.joints[-1].position) - q_rad).max() < 1e-3


def test_a_goal_outside_the_workspace_is_refused(bench: Bench) -> None:
    bench.prepare()
    goal = Reset.Goal(goal_position=Point(x=1.0, y=0.0, z=0.1), start=Time())
    result = bench.client.run_goal(Reset, "reset", goal)
    assert result.error_code == ErrorCode.RESET_REFUSED
    assert "inside the cylinder" in result.error_msg


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        ({"policy": "spiral"}, "did you mean 'spiral_search'"),
        ({"connector": "hdmi"}, "usb"),
        ({"noise_mm": 50.0}, "from 0 to 10"),
        ({"noise_mm": NAN}, "noise_mm"),
    ],
)
def test_a_bad_episode_is_refused_with_what_is_allowed(bench: Bench, goal, text: str) -> None:
    result = bench.run(**goal)
    assert result.error_code == ErrorCode.EPISODE_BAD_SPEC
    assert text in result.error_msg
    assert not result.valid


def test_an_episode_goes_on_without_its_recording(bench: Bench) -> None:
    result = bench.run(record=True)
    assert result.error_code == ErrorCode.RECORDER_IO
    assert "not recorded" in result.error_msg
    assert result.success
    assert result.valid


def test_one_episode_at_a_time_and_it_can_be_canceled(bench: Bench) -> None:
    goal = RunEpisode.Goal(connector="usb", policy="straight_down", horizon=10_000)
    bench.steps.clear()
    handle = bench.client.send_goal(RunEpisode, "run_episode", goal)
    wait_for(lambda: len(bench.steps) > 2, 20.0, "the first steps")
    with pytest.raises(AssertionError, match="refused the goal"):
        bench.client.send_goal(RunEpisode, "run_episode", goal)
    bench.client.wait(handle.cancel_goal_async(), 10.0, "the cancellation")
    result = bench.client.wait(handle.get_result_async(), 20.0, "the result").result.result
    assert result.error_code == ErrorCode.EPISODE_CANCELED
    assert not bench.acquire("first").error_code  # the seat is free again
    bench.release("first")


def test_a_killed_policy_server_leaves_the_base_action(bench: Bench, graph) -> None:
    undisturbed = bench.run(seed=4)
    killed: list[int] = []

    def kill(_: EpisodeSpec) -> None:
        if not killed:
            killed.append(graph.pid_of("policy_server"))
            os.kill(killed[0], signal.SIGKILL)

    subscription = graph.node.create_subscription(EpisodeSpec, "episode/spec", kill, qos.EVENT)
    bench.steps.clear()
    result = bench.run(seed=4)
    graph.node.destroy_subscription(subscription)
    assert killed
    assert result.late_policy_replies == result.steps
    assert all(step.policy_late for step in bench.steps)
    # p_controller learns nothing: the base action alone is the same episode
    assert (result.success, result.steps) == (undisturbed.success, undisturbed.steps)
    wait_for(lambda: graph.pid_of("policy_server") != killed[0], 10.0, "a new policy server")
    after = bench.run(seed=4)
    assert after.late_policy_replies == 0
    assert after.success == undisturbed.success


def test_a_frozen_driver_is_waited_for_and_asked_again(bench: Bench, graph) -> None:
    undisturbed = bench.run(seed=6)
    bench.steps.clear()
    handle = bench.client.send_goal(
        RunEpisode, "run_episode", RunEpisode.Goal(connector="usb", policy="p_controller", seed=6)
    )
    wait_for(lambda: len(bench.steps) > 2, 20.0, "the first steps")
    driver = graph.pid_of("twin_driver")
    os.kill(driver, signal.SIGSTOP)
    try:
        with pytest.raises(AssertionError):
            wait_for(lambda: False, 1.5, "the command to be sent again")
    finally:
        os.kill(driver, signal.SIGCONT)
    result = bench.client.wait(handle.get_result_async(), 30.0, "the result").result.result
    assert result.error_code == 0
    assert (result.success, result.steps) == (undisturbed.success, undisturbed.steps)
    assert result.peak_force_n == undisturbed.peak_force_n
