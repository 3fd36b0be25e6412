from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.cartesian import CartesianConfig, CartesianInterface
from sawyer_controllers.guard import GuardDecision, GuardStatus
from sawyer_controllers.kinematics import ArmModel
from sawyer_controllers.workspace import Workspace
from sawyer_core.errors import CommandRejectedError, IkError, RejectionCode
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import ArmState

MODEL = ArmModel()
HOME = np.array([0.0, -1.18, 0.0, 2.18, 0.0, 0.57, 3.3161])
POSITION, QUAT = MODEL.fk(HOME)
TASK = InsertionTask(
    connector="test",
    goal_position_m=(float(POSITION[0]), float(POSITION[1]), float(POSITION[2]) - 0.06),
    goal_quat_xyzw=tuple(QUAT.tolist()),
    mouth_height_m=0.012,
    insertion_depth_m=0.012,
)


def state(q: np.ndarray = HOME, stamp_ns: int = 0) -> ArmState:
    return MODEL.arm_state(stamp_ns, q, np.zeros(7), np.zeros(7))


def interface(**settings: object) -> CartesianInterface:
    made = CartesianInterface(CartesianConfig(**settings), MODEL, TASK)
    made.reset(state())
    return made


def reached(q: np.ndarray) -> np.ndarray:
    return MODEL.fk(q)[0] - POSITION


def test_target_is_the_displaced_pose_with_the_tasks_orientation() -> None:
    target = interface().target(state(stamp_ns=42), [0.003, -0.002, -0.01], 0.1)
    position, quat = MODEL.fk(target.q_rad)
    assert position - POSITION == pytest.approx([0.003, -0.002, -0.01], abs=1e-6)
    assert abs(float(quat @ QUAT)) == pytest.approx(1.0, abs=1e-9)
    assert (target.stamp_ns, target.duration_s) == (42, 0.1)


def test_measured_reference_starts_from_the_measured_pose_each_time() -> None:
    made = interface(reference="measured")
    for _ in range(5):  # the arm is blocked: it is asked for the same pose again and again
        target = made.target(state(), [0.0, 0.0, -0.004], 0.1)
        assert reached(target.q_rad)[2] == pytest.approx(-0.004, abs=1e-6)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_commanded_reference_builds_up_to_the_offset_limit(share: float) -> None:
    limit = 0.01 * share
    made = interface(reference="commanded", max_vertical_offset_m=limit)
    heights = [reached(made.target(state(), [0.0, 0.0, -0.004], 0.1).q_rad)[2] for _ in range(5)]
    expected = [max(-0.004 * n, -limit) for n in range(1, 6)]
    assert heights == pytest.approx(expected, abs=1e-6)
    assert made.clipped


@given(
    st.lists(st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(["measured", "commanded"]),
)
def test_reference_stays_near_the_arm_and_in_the_workspace(
    deltas: list[list[float]], reference: str
) -> None:
    made = interface(reference=reference)
    for delta in deltas:
        made.target(state(), delta, 0.1)
        x_ref = made.reference_m
        assert x_ref is not None
        offset = np.abs(x_ref - POSITION)
        assert (offset <= [0.015 + 1e-12] * 3).all()
        assert Workspace.of_task(TASK).contains(x_ref)


def test_reference_is_kept_inside_the_workspace() -> None:
    task = replace(TASK, workspace_radius_m=0.004)
    made = CartesianInterface(CartesianConfig(), MODEL, task)
    made.reset(state())
    at = made.target(state(), [0.004, 0.0, 0.0], 0.1)
    assert reached(at.q_rad)[0] == pytest.approx(0.004, abs=1e-6)
    assert not made.clipped
    made.reset(state())
    outside = made.target(state(), [0.005, 0.0, 0.0], 0.1)
    assert reached(outside.q_rad)[0] == pytest.approx(0.004, abs=1e-6)
    assert made.clipped


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_displacement_that_is_no_number_is_refused(bad: float) -> None:
    made = interface()
    before = made.reference_m
    with pytest.raises(CommandRejectedError) as error:
        made.target(state(), [0.0, bad, 0.0], 0.1)
    assert error.value.code is RejectionCode.NON_FINITE
    after = made.reference_m
    assert before is not None
    assert after is not None
    assert after.tolist() == before.tolist()


def test_state_that_is_no_number_is_refused() -> None:
    made = interface()
    bad = replace(state(), ee_position_m=np.array([math.nan, 0.0, 0.0]))
    with pytest.raises(CommandRejectedError, match="non_finite"):
        made.target(bad, np.zeros(3), 0.1)
    with pytest.raises(CommandRejectedError, match="non_finite"):
        made.reset(bad)


def test_reset_is_needed_first() -> None:
    made = CartesianInterface(CartesianConfig(), MODEL, TASK)
    assert made.reference_m is None
    with pytest.raises(CommandRejectedError, match="not_started"):
        made.target(state(), np.zeros(3), 0.1)
    hold = GuardDecision(np.zeros(3), GuardStatus.HOLD)
    with pytest.raises(CommandRejectedError, match="not_started"):
        made.execute(hold, state(), 0.1)


def test_unreachable_reference_raises_and_keeps_the_old_one() -> None:
    far = np.array([1.4, 0.16, 0.0])
    task = replace(TASK, goal_position_m=(1.4, 0.16, 0.0))
    made = CartesianInterface(CartesianConfig(), MODEL, task)
    made.reset(state())
    before = made.reference_m
    with pytest.raises(IkError):
        made.target(replace(state(), ee_position_m=far), np.zeros(3), 0.1)
    after = made.reference_m
    assert before is not None
    assert after is not None
    assert after.tolist() == before.tolist()


@pytest.mark.parametrize("status", [GuardStatus.HOLD, GuardStatus.STOPPED])
def test_hold_repeats_the_last_joint_reference(status: GuardStatus) -> None:
    made = interface()
    last = made.target(state(), [0.0, 0.0, -0.01], 0.1)
    sagged = state(HOME + 0.001, 5)
    held = made.execute(GuardDecision(np.zeros(3), status, ("late",)), sagged, 0.1)
    assert held.q_rad.tolist() == last.q_rad.tolist()
    assert held.stamp_ns == 5
    yielding = GuardDecision(np.zeros(3), status, ("contact stop",), yielding=True)
    assert made.execute(yielding, sagged, 0.1).q_rad.tolist() == (HOME + 0.001).tolist()
    crept = state(HOME + 0.002, 6)
    assert made.execute(yielding, crept, 0.1).q_rad.tolist() == (HOME + 0.001).tolist()
    # From there it goes on without a jump back to the old reference.
    after = made.target(sagged, np.zeros(3), 0.1)
    assert np.abs(after.q_rad - sagged.q_rad).max() < 5e-3


def test_allowed_command_is_executed() -> None:
    decision = GuardDecision(np.array([0.0, 0.0, -0.01]), GuardStatus.CLIPPED, ("clipped",))
    target = interface().execute(decision, state(), 0.1)
    assert reached(target.q_rad)[2] == pytest.approx(-0.01, abs=1e-6)
