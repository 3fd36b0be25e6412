"""What goes wrong on purpose, on one launched graph in lockstep; the arm holds, nothing hangs."""

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Vector3
from sawyer_interfaces.action import Reset, RunEpisode
from sawyer_interfaces.msg import (
    EpisodeSpec,
    ErrorCode,
    SafetyState,
)
from sawyer_interfaces.srv import (
    SetForceBias,
)
from std_srvs.srv import Trigger

from sawyer_controllers_ros.testing import PERIOD_NS, CommandBench
from sawyer_core import JOINT_NAMES
from sawyer_ros_common import qos
from sawyer_ros_common.testing import LaunchedGraph, wait_for

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

NAN = float("nan")


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
def bench(graph: LaunchedGraph) -> CommandBench:
    return CommandBench(graph)


@pytest.fixture
def seat(bench: CommandBench) -> Iterator[CommandBench]:
    """The test commands as "first" from the home pose."""
    bench.prepare()
    assert not bench.acquire("first").error_code
    bench.safety.clear()
    yield bench
    bench.release("first")


def test_a_plain_command_moves_the_arm_one_period(seat: CommandBench) -> None:
    before, stamp_ns = seat.position, seat.stamp_ns
    seat.command(0.0, 0.0, -0.005)
    seat.until_stamp(stamp_ns + PERIOD_NS)
    moved = seat.position - before
    assert seat.stamp_ns == stamp_ns + PERIOD_NS
    assert -0.006 < moved[2] < -0.001
    assert np.abs(moved[:2]).max() < 1e-3


def test_a_second_commander_is_refused_and_told_why(seat: CommandBench) -> None:
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


def test_nobody_displaces_the_commanders_command_that_waits_for_its_state(
    seat: CommandBench,
) -> None:
    stamp_ns = seat.stamp_ns
    ahead_ns = stamp_ns + PERIOD_NS
    seat.command(0.0, 0.0, -0.005, step=1, stamp_ns=ahead_ns)
    seat.command(0.0, 0.0, 0.01, source="second", step=7, stamp_ns=ahead_ns)
    assert seat.reported(lambda r: r.status == SafetyState.REFUSED).source == "second"
    seat.command(0.0, 0.0, 0.01, step=8, stamp_ns=stamp_ns + 100 * PERIOD_NS)
    report = seat.reported(lambda r: r.source == "first" and r.status == SafetyState.REFUSED)
    assert report.error_code == ErrorCode.COMMAND_STALE
    assert "ahead of the state" in report.reasons[0]
    before = seat.position
    seat.target(list(seat.joints[-1].position), stamp_ns)
    seat.until_stamp(ahead_ns + PERIOD_NS)  # the first one was kept and has been executed
    assert (seat.position - before)[2] < -0.001


def test_nobody_else_can_leave_the_seat(seat: CommandBench) -> None:
    reply = seat.release("second")
    assert reply.error_code == ErrorCode.COMMAND_NOT_COMMANDER
    assert reply.holder == "first"


@pytest.mark.parametrize(
    ("delta", "text", "code"),
    [
        ((NAN, 0.0, 0.0), "not finite", ErrorCode.COMMAND_NON_FINITE),
        ((0.0, 0.0, float("inf")), "not finite", ErrorCode.COMMAND_NON_FINITE),
        ((0.2, 0.0, 0.0), "displacement of 0.2 m", ErrorCode.COMMAND_OVERSIZED),
    ],
)
def test_an_impossible_command_is_a_hold(seat: CommandBench, delta, text: str, code: int) -> None:
    before, stamp_ns = seat.position, seat.stamp_ns
    seat.command(*delta)
    report = seat.reported(lambda r: r.status == SafetyState.HOLD)
    assert text in report.reasons[0]
    assert report.error_code == code
    seat.until_stamp(stamp_ns + PERIOD_NS)
    assert np.abs(seat.position - before).max() < 2e-4


def test_an_oversized_step_is_clipped_and_said(seat: CommandBench) -> None:
    before, stamp_ns = seat.position, seat.stamp_ns
    seat.command(0.0, 0.0, 0.05)
    report = seat.reported(lambda r: r.status == SafetyState.CLIPPED)
    assert "clipped to 0.015 m" in report.reasons[0]
    seat.until_stamp(stamp_ns + PERIOD_NS)
    assert (seat.position - before)[2] < 0.016


def test_a_command_out_of_the_workspace_is_kept_inside(seat: CommandBench) -> None:
    for step in range(8):
        stamp_ns = seat.stamp_ns
        seat.command(0.015, 0.0, 0.0, step=step)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    report = seat.reported(lambda r: r.status == SafetyState.CLIPPED)
    assert "kept inside the cylinder" in report.reasons[0]
    assert report.error_code == ErrorCode.COMMAND_OUT_OF_BOX


def test_a_stale_command_is_a_hold(seat: CommandBench) -> None:
    old_ns = seat.stamp_ns
    for step in range(5):
        stamp_ns = seat.stamp_ns
        seat.command(0.0, 0.0, 0.001, step=step)
        seat.until_stamp(stamp_ns + PERIOD_NS)
    seat.safety.clear()
    seat.command(0.0, 0.0, -0.01, stamp_ns=old_ns, step=9)
    report = seat.reported(lambda r: r.status == SafetyState.HOLD)
    assert "s old" in report.reasons[0]
    assert report.error_code == ErrorCode.COMMAND_STALE


def test_silence_ends_in_hold_then_retract_then_stop(seat: CommandBench) -> None:
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


def test_stops_of_the_1_khz_loop_latch_the_guard_until_the_loop_is_engaged(
    seat: CommandBench,
) -> None:
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


def test_the_driver_refuses_what_is_no_target_for_now(seat: CommandBench) -> None:
    refused = seat.driver[-1].refused_targets
    stamp_ns, q_rad = seat.stamp_ns, list(seat.joints[-1].position)
    seat.target([NAN, *q_rad[1:]], stamp_ns)
    seat.target(q_rad[:6], stamp_ns)
    seat.target(q_rad, stamp_ns, [*JOINT_NAMES[:6], "elbow"])
    seat.target(q_rad, stamp_ns - PERIOD_NS)
    wait_for(lambda: seat.driver[-1].refused_targets == refused + 4, 10.0, "four refusals")
    assert seat.stamp_ns == stamp_ns


def test_a_target_lists_its_joints_in_any_order(seat: CommandBench) -> None:
    stamp_ns, q_rad = seat.stamp_ns, list(seat.joints[-1].position)
    seat.target(q_rad[::-1], stamp_ns, list(JOINT_NAMES[::-1]))
    seat.until_stamp(stamp_ns + PERIOD_NS)
    assert np.abs(np.array(seat.joints[-1].position) - q_rad).max() < 1e-3


def test_a_goal_outside_the_workspace_is_refused(bench: CommandBench) -> None:
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
def test_a_bad_episode_is_refused_with_what_is_allowed(
    bench: CommandBench, goal, text: str
) -> None:
    result = bench.run(**goal)
    assert result.error_code == ErrorCode.EPISODE_BAD_SPEC
    assert text in result.error_msg
    assert not result.valid


def test_an_episode_goes_on_without_its_recording(bench: CommandBench) -> None:
    result = bench.run(record=True)
    assert result.error_code == ErrorCode.RECORDER_IO
    assert "not recorded" in result.error_msg
    assert result.success
    assert result.valid


def test_one_episode_at_a_time_and_it_can_be_canceled(bench: CommandBench) -> None:
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


def test_a_canceled_episode_cancels_its_reset(bench: CommandBench) -> None:
    goal = RunEpisode.Goal(connector="usb", policy="p_controller", seed=9)
    phases: list[str] = []
    client = bench.client.action(RunEpisode, "run_episode")
    sent = client.send_goal_async(
        goal, feedback_callback=lambda message: phases.append(message.feedback.phase)
    )
    handle = bench.client.wait(sent, 10.0, "the goal")
    wait_for(lambda: "resetting" in phases, 20.0, "the reset")
    bench.client.wait(handle.cancel_goal_async(), 10.0, "the cancellation")
    result = bench.client.wait(handle.get_result_async(), 20.0, "the result").result.result
    assert result.error_code == ErrorCode.EPISODE_CANCELED
    assert result.steps == 0
    assert not bench.acquire("first").error_code  # the reset has left the seat
    bench.release("first")


def test_a_killed_policy_server_leaves_the_base_action_until_the_episode_ends(
    bench: CommandBench, graph
) -> None:
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
    assert not result.valid
    assert not result.success
    assert (result.reason, result.error_code) == ("policy_fault", ErrorCode.EPISODE_POLICY_FAILED)
    assert result.late_policy_replies == result.steps == 3
    wait_for(lambda: len(bench.steps) == 3, 10.0, "the steps")
    assert all(step.policy_late for step in bench.steps)
    for step in bench.steps[:2]:
        assert step.base_action.z < 0.0
        assert step.command == step.base_action
    assert bench.steps[2].command == Vector3()  # the arm holds
    wait_for(lambda: graph.pid_of("policy_server") != killed[0], 10.0, "a new policy server")
    after = bench.run(seed=4)
    assert after.late_policy_replies == 0
    assert after.success == undisturbed.success


def test_a_frozen_driver_is_waited_for_and_asked_again(bench: CommandBench, graph) -> None:
    undisturbed = bench.run(seed=6)
    bench.steps.clear()
    handle = bench.client.send_goal(
        RunEpisode, "run_episode", RunEpisode.Goal(connector="usb", policy="p_controller", seed=6)
    )
    wait_for(lambda: len(bench.steps) > 2, 20.0, "the first steps")
    driver = graph.pid_of("twin_driver")
    os.kill(driver, signal.SIGSTOP)
    try:
        wait_for(
            lambda: len({c.step for c in bench.commanded[-2:]}) == 1, 10.0, "a command sent again"
        )
    finally:
        os.kill(driver, signal.SIGCONT)
    result = bench.client.wait(handle.get_result_async(), 30.0, "the result").result.result
    assert result.error_code == 0
    assert (result.success, result.steps) == (undisturbed.success, undisturbed.steps)
    assert result.peak_force_n == undisturbed.peak_force_n
