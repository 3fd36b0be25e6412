from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sawyer_controllers.reset import ResetCommand, ResetConfig, ResetPhase, ResetRoutine
from sawyer_controllers.sensing import (
    Evidence,
    InsertionSensor,
    InsertionState,
    SensingConfig,
)
from sawyer_core.errors import CommandRejectedError, ConfigError
from sawyer_core.testing import FAKE_TASK as TASK
from sawyer_core.testing import FakeArm
from sawyer_core.types import SensorFrame


def insertion(frame: SensorFrame, inserted: bool) -> InsertionState:
    evidence = Evidence.ELECTRICAL if inserted else Evidence.NONE
    return InsertionState(frame.stamp_ns, inserted, False, evidence, 0.0, 0.0, 0.0)


def run(
    routine: ResetRoutine,
    arm: FakeArm,
    *,
    world: Callable[[FakeArm, ResetCommand], np.ndarray] = lambda arm, command: command.delta_m,
    inserted: Callable[[FakeArm], bool] = lambda arm: False,
    zero: Callable[[int], bool] = lambda attempt: True,
    steps: int = 600,
) -> tuple[list[ResetPhase], ResetCommand]:
    phases: list[ResetPhase] = []
    attempts = 0
    frame = arm.frame()
    for _ in range(steps):
        command = routine.step(frame.arm, frame.wrench, insertion(frame, inserted(arm)))
        if not phases or phases[-1] is not command.phase:
            phases.append(command.phase)
        if command.done or command.failed:
            break
        if command.zero_force:
            routine.force_zeroed(zero(attempts), "too noisy")
            attempts += 1
        frame = arm.move(np.zeros(3) if command.hold else world(arm, command))
    return phases, command


def test_from_above_it_goes_to_5_cm_above_the_commanded_goal() -> None:
    arm = FakeArm((0.62, 0.08, 0.06))
    routine = ResetRoutine(ResetConfig(), TASK)
    goal = np.array([0.601, 0.0995, 0.0])
    routine.start(arm.state(), goal)
    phases, command = run(routine, arm)
    assert phases == [
        ResetPhase.APPROACH,
        ResetPhase.SETTLE,
        ResetPhase.ZERO_FORCE,
        ResetPhase.DONE,
    ]
    assert command.done
    assert not command.failed
    assert np.abs(arm.ee_position_m - goal - [0.0, 0.0, 0.05]).max() <= 0.0005
    assert (routine.failures, routine.recoveries) == (0, 0)


def test_plugged_in_it_unplugs_straight_up_before_it_moves_sideways() -> None:
    arm = FakeArm((0.6, 0.1, 0.0))
    path: list[np.ndarray] = []

    def world(arm: FakeArm, command: ResetCommand) -> np.ndarray:
        path.append(arm.ee_position_m.copy())
        return command.delta_m

    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), (0.605, 0.1, 0.0), inserted=True)
    phases, command = run(routine, arm, world=world, inserted=lambda a: a.ee_position_m[2] < 0.01)
    assert phases[0] is ResetPhase.UNPLUG
    assert command.done
    moved_aside = [p for p in path if abs(p[0] - 0.6) > 1e-9]
    assert min(p[2] for p in moved_aside) >= 0.022 - 1e-9  # mouth + 10 mm


def test_it_goes_sideways_before_it_goes_down() -> None:
    arm = FakeArm((0.64, 0.1, 0.15))
    path: list[np.ndarray] = []

    def world(arm: FakeArm, command: ResetCommand) -> np.ndarray:
        path.append(arm.ee_position_m.copy())
        return command.delta_m

    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal)
    _, command = run(routine, arm, world=world)
    assert command.done
    assert all(p[2] == 0.15 for p in path if p[0] - 0.6 > 0.005)
    assert sum(p[0] - 0.6 > 0.005 for p in path) >= 3


def test_no_step_exceeds_its_limit() -> None:
    arm = FakeArm((0.63, 0.06, 0.19))
    sizes: list[float] = []

    def world(arm: FakeArm, command: ResetCommand) -> np.ndarray:
        sizes.append(float(np.abs(command.delta_m).max()))
        return command.delta_m

    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal)
    run(routine, arm, world=world)
    assert max(sizes) <= 0.015


def test_jam_is_recovered_by_wiggling() -> None:
    arm = FakeArm((0.6, 0.1, 0.005))
    wiggles = 0

    def world(arm: FakeArm, command: ResetCommand) -> np.ndarray:
        nonlocal wiggles
        wiggles += command.phase is ResetPhase.RECOVER
        stuck = wiggles < 6 and arm.ee_position_m[2] < 0.012
        return np.zeros(3) if stuck else command.delta_m

    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal)
    phases, command = run(routine, arm, world=world)
    assert phases[:2] == [ResetPhase.RETREAT, ResetPhase.RECOVER]
    assert command.done
    assert (routine.failures, routine.recoveries) == (0, 1)


def test_wiggle_goes_to_all_four_sides() -> None:
    arm = FakeArm((0.6, 0.1, 0.005))
    sides: set[tuple[float, float]] = set()

    def world(arm: FakeArm, command: ResetCommand) -> np.ndarray:
        if command.phase is ResetPhase.RECOVER:
            sides.add((command.delta_m[0], command.delta_m[1]))
            assert command.delta_m[2] > 0.0
        return np.zeros(3)

    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal)
    run(routine, arm, world=world)
    assert sides == {(0.002, 0.0), (-0.002, 0.0), (0.0, 0.002), (0.0, -0.002)}


@pytest.mark.parametrize("retries", [0, 2])
def test_jam_that_stays_fails_after_the_retries(retries: int) -> None:
    arm = FakeArm((0.6, 0.1, 0.005))
    routine = ResetRoutine(ResetConfig(retries=retries), TASK)
    routine.start(arm.state(), TASK.goal)
    _, command = run(routine, arm, world=lambda arm, command: np.zeros(3))
    assert command.failed
    assert not command.done
    assert "does not come up" in command.message
    assert (routine.failures, routine.recoveries) == (1, retries)
    # It holds from then on, and a new start tries again.
    frame = arm.frame()
    again = routine.step(frame.arm, frame.wrench, insertion(frame, False))
    assert again.hold
    routine.start(arm.state(), TASK.goal)
    _, command = run(routine, arm)
    assert command.done
    assert routine.failures == 1


def test_plug_left_in_the_socket_fails() -> None:
    arm = FakeArm((0.6, 0.1, 0.0))
    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal, inserted=True)
    _, command = run(routine, arm, inserted=lambda arm: True)
    assert command.failed
    assert "still reports contact" in command.message


def test_signal_above_the_socket_that_is_not_believed_is_no_free_plug_either() -> None:
    arm = FakeArm((0.6, 0.1, 0.0))
    arm.electrical_contact = True
    routine, sensor = ResetRoutine(ResetConfig(), TASK), InsertionSensor(SensingConfig(), TASK)
    routine.start(arm.state(), TASK.goal, inserted=True)
    frame = arm.frame()
    while routine.phase not in (ResetPhase.FAILED, ResetPhase.APPROACH):
        state = sensor.update_frame(frame, TASK.goal, np.zeros(3))
        command = routine.step(frame.arm, frame.wrench, state)
        frame = arm.move(command.delta_m)
    assert not state.inserted
    assert routine.phase is ResetPhase.FAILED
    assert "still reports contact" in command.message


def test_steady_error_of_the_arm_is_corrected() -> None:
    """An arm that falls 1 mm short at every step still gets within half a millimetre."""
    arm = FakeArm((0.6, 0.1, 0.06))
    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal)
    _, command = run(
        routine, arm, world=lambda arm, command: command.delta_m - np.array([0.0, 0.0, 0.001])
    )
    assert command.done
    assert abs(arm.ee_position_m[2] - 0.05) <= 0.0005


def test_approach_that_never_arrives_fails_with_the_reason() -> None:
    arm = FakeArm((0.62, 0.1, 0.06))
    routine = ResetRoutine(ResetConfig(phase_steps=20), TASK)
    routine.start(arm.state(), TASK.goal)
    phases, command = run(routine, arm, world=lambda arm, command: np.zeros(3))
    assert phases[-1] is ResetPhase.FAILED
    assert "approach took more than 20 steps" in command.message


def test_passing_through_the_start_pose_is_no_arrival() -> None:
    arm = FakeArm((0.6, 0.1, 0.05))
    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal)
    frame = arm.frame()
    for speed, phase in ((0.0101, ResetPhase.APPROACH), (0.0099, ResetPhase.SETTLE)):
        passing = replace(frame.arm, ee_linear_m_per_s=np.array([0.0, 0.0, speed]))
        assert routine.step(passing, frame.wrench).phase is phase


def test_settling_elsewhere_leads_back_and_is_bounded() -> None:
    def play(drifts: int) -> tuple[list[ResetPhase], ResetCommand, FakeArm]:
        arm = FakeArm((0.6, 0.1, 0.06))
        left = drifts

        def world(arm: FakeArm, command: ResetCommand) -> np.ndarray:
            return command.delta_m

        routine = ResetRoutine(ResetConfig(approaches=3), TASK)
        routine.start(arm.state(), TASK.goal)
        phases: list[ResetPhase] = []
        frame = arm.frame()
        for _ in range(200):
            command = routine.step(frame.arm, frame.wrench)
            if not phases or phases[-1] is not command.phase:
                phases.append(command.phase)
                if command.phase is ResetPhase.SETTLE and left:
                    left -= 1
                    arm.ee_position_m[0] += 0.00151  # it creeps away while it settles
            if command.done or command.failed:
                break
            if command.zero_force:
                routine.force_zeroed(True)
            frame = arm.move(np.zeros(3) if command.hold else world(arm, command))
        return phases, command, arm

    phases, command, arm = play(2)
    assert command.done
    assert phases.count(ResetPhase.APPROACH) == 3
    assert np.abs(arm.ee_position_m - [0.6, 0.1, 0.05]).max() <= 0.001
    _, command, _ = play(3)
    assert command.failed
    assert "mm away from the start pose, 3 times" in command.message


def test_settling_waits_for_the_joints() -> None:
    arm = FakeArm((0.6, 0.1, 0.05))
    routine = ResetRoutine(ResetConfig(), TASK)
    routine.start(arm.state(), TASK.goal)
    frame = arm.frame()
    for speed in (0.0101, 0.0099, 0.0101, 0.0099):
        moving = replace(frame.arm, dq_rad_per_s=np.full(7, speed))
        assert routine.step(moving, frame.wrench).phase is ResetPhase.SETTLE
    still = replace(frame.arm, dq_rad_per_s=np.full(7, 0.0099))
    assert routine.step(still, frame.wrench).zero_force


def test_bad_force_calibration_is_repeated_then_fails() -> None:
    for bad, done in ((2, True), (3, False)):
        arm = FakeArm((0.6, 0.1, 0.06))
        routine = ResetRoutine(ResetConfig(zero_retries=2), TASK)
        routine.start(arm.state(), TASK.goal)
        _, command = run(routine, arm, zero=lambda attempt, bad=bad: attempt >= bad)
        assert command.done is done
        assert command.failed is not done
        assert done or "too noisy" in command.message


def test_calibration_that_is_never_reported_times_out() -> None:
    arm = FakeArm((0.6, 0.1, 0.05))
    routine = ResetRoutine(ResetConfig(phase_steps=30), TASK)
    routine.start(arm.state(), TASK.goal)
    frame = arm.frame()
    for _ in range(60):
        command = routine.step(frame.arm, frame.wrench)
    assert command.failed
    assert "zero_force" in command.message


def test_state_that_is_no_number_holds_and_times_out() -> None:
    arm = FakeArm((0.6, 0.1, 0.06))
    routine = ResetRoutine(ResetConfig(phase_steps=20), TASK)
    routine.start(arm.state(), TASK.goal)
    frame = arm.frame()
    broken = replace(frame.arm, ee_position_m=np.full(3, np.nan))
    for _ in range(20):
        command = routine.step(broken, frame.wrench)
        assert command.hold
    assert routine.step(broken, frame.wrench).failed


@pytest.mark.parametrize("goal", [(0.66, 0.1, 0.0), (0.6, 0.1, np.nan), (0.6, 0.1, -0.06)])
def test_goal_outside_the_workspace_is_refused(goal: tuple[float, ...]) -> None:
    routine = ResetRoutine(ResetConfig(), TASK)
    with pytest.raises(ConfigError, match="goal_position_m"):
        routine.start(FakeArm().state(), goal)
    assert routine.phase is ResetPhase.IDLE


def test_misuse_raises() -> None:
    routine = ResetRoutine(ResetConfig(), TASK)
    frame = FakeArm().frame()
    with pytest.raises(CommandRejectedError):
        routine.step(frame.arm, frame.wrench)
    with pytest.raises(CommandRejectedError, match="idle"):
        routine.force_zeroed(True)
