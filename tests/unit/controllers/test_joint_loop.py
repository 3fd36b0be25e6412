from __future__ import annotations

import math

import numpy as np
import pinocchio as pin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.impedance import ImpedanceConfig
from sawyer_controllers.joint_loop import (
    JointLoop,
    JointLoopConfig,
    LoopStatus,
)
from sawyer_controllers.testing import (
    GRAVITY,
    HOME,
    LIMITS,
    MODEL,
    NO_FORCE,
    ZERO,
)
from sawyer_controllers.testing import (
    joint_target as target,
)
from sawyer_controllers.testing import (
    started_loop as started,
)
from sawyer_controllers.torque_limiter import Clamp
from sawyer_core.errors import CommandRejectedError, RejectionCode
from sawyer_core.types import JointTarget


class Plant:
    """Frictionless arm, semi-implicit Euler at 1 kHz."""

    def __init__(self, q: list[float]) -> None:
        self.q, self.dq = np.array(q), np.zeros(7)

    def step(self, torque: list[float]) -> None:
        ddq = pin.aba(MODEL._model, MODEL._data, self.q, self.dq, np.array(torque))
        self.dq = self.dq + 0.001 * ddq
        self.q = self.q + 0.001 * self.dq

    def run(self, loop: JointLoop, ticks: int) -> None:
        for _ in range(ticks):
            q = self.q.tolist()
            self.step(loop.tick(q, self.dq.tolist(), MODEL.gravity_list(q), NO_FORCE))


def test_before_start_the_loop_only_carries_the_arm() -> None:
    loop = JointLoop(JointLoopConfig(), LIMITS, model=MODEL)
    assert loop.status is LoopStatus.IDLE
    assert loop.tick(HOME, ZERO, GRAVITY, NO_FORCE) == GRAVITY
    with pytest.raises(CommandRejectedError, match="not_started"):
        loop.set_target(target(HOME))
    with pytest.raises(CommandRejectedError, match="not_started"):
        loop.hold()


@pytest.mark.parametrize("mode", ["impedance", "velocity"])
def test_arm_at_rest_stays_where_it_is(mode: str) -> None:
    loop = started(JointLoopConfig(mode=mode))
    plant = Plant(HOME)
    plant.run(loop, 300)
    assert np.abs(plant.q - HOME).max() < 1e-6
    assert loop.period_clamps == Clamp.NONE


@pytest.mark.parametrize(("mode", "within"), [("impedance", 1e-3), ("velocity", 5e-3)])
def test_arm_follows_a_target(mode: str, within: float) -> None:
    position, quat = MODEL.fk(HOME)
    goal = MODEL.ik(position + np.array([0.0, 0.0, -0.015]), quat, HOME)
    loop = started(JointLoopConfig(mode=mode))
    plant = Plant(HOME)
    plant.run(loop, 150)
    loop.set_target(target(goal))
    plant.run(loop, 200)
    reached = MODEL.fk(plant.q)[0]
    assert np.abs(reached - position - [0.0, 0.0, -0.015]).max() < within
    assert loop.status is LoopStatus.OK


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("amplitude", [0.02, 0.3])
def test_displaced_arm_comes_to_rest(joint: int, amplitude: float) -> None:
    loop, plant = started(), Plant(HOME)
    plant.run(loop, 120)
    plant.q[joint] += amplitude
    plant.run(loop, 1500)
    assert np.abs(plant.q - HOME).max() < 2e-3
    assert np.abs(plant.dq).max() < 1e-2


def test_reference_goes_from_where_it_is_to_the_target() -> None:
    loop = started()
    goal = np.array(HOME) + 0.01
    loop.set_target(target(goal, stamp_ns=7))
    assert loop.target_stamp_ns == 7
    for _ in range(100):
        loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
    assert loop.reference_rad == pytest.approx(goal.tolist())


@pytest.mark.parametrize("mode", ["impedance", "velocity"])
def test_holding_ends_with_zero_reference_speed(mode: str) -> None:
    loop = started(JointLoopConfig(mode=mode))
    loop.set_target(target(np.array(HOME) + 0.01))
    for _ in range(50):
        loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
    loop.hold()
    at = loop.reference_rad
    for _ in range(50):
        loop.tick(list(at), ZERO, GRAVITY, NO_FORCE)
    assert loop.reference_rad == at
    assert max(map(abs, loop.command_rad_per_s)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("upper", [True, False])
def test_reference_stays_within_the_joint_limits(joint: int, upper: bool) -> None:
    bound = float((LIMITS.upper_rad if upper else LIMITS.lower_rad)[joint])
    inside = bound - 0.05 if upper else bound + 0.05
    q = 0.5 * (LIMITS.lower_rad + LIMITS.upper_rad)
    q[joint] = inside - (0.01 if upper else -0.01)
    for goal_joint, clipped in ((inside, False), (inside + (1e-4 if upper else -1e-4), True)):
        loop = JointLoop(JointLoopConfig(), LIMITS, model=MODEL)
        loop.start(q.tolist())
        goal = q.copy()
        goal[joint] = goal_joint
        loop.set_target(target(goal, 1.0))
        assert bool(loop.period_clamps & Clamp.REFERENCE_POSITION) is clipped
        for _ in range(1000):
            loop.tick(q.tolist(), ZERO, ZERO, NO_FORCE)
        assert loop.reference_rad[joint] == pytest.approx(inside, abs=1e-12)


def test_reference_speed_is_capped() -> None:
    loop = started()
    for share, clipped in ((0.999, False), (1.001, True)):
        loop.start(HOME)
        goal = np.array(HOME)
        goal[0] += share * loop.config.speed_cap_rad_per_s[0] * 0.1 / 1.5
        loop.set_target(target(goal))
        assert bool(loop.period_clamps & Clamp.REFERENCE_SPEED) is clipped


@pytest.mark.parametrize(
    ("q", "duration_s", "code"),
    [
        ([math.nan, *HOME[1:]], 0.1, RejectionCode.NON_FINITE),
        ([math.inf, *HOME[1:]], 0.1, RejectionCode.NON_FINITE),
        (HOME, math.nan, RejectionCode.NON_FINITE),
        (HOME, 0.0, RejectionCode.OUT_OF_RANGE),
        (HOME, -0.1, RejectionCode.OUT_OF_RANGE),
        (HOME, 10.1, RejectionCode.OUT_OF_RANGE),
    ],
)
def test_bad_targets_are_refused_and_change_nothing(
    q: list[float], duration_s: float, code: RejectionCode
) -> None:
    loop = started()
    with pytest.raises(CommandRejectedError) as error:
        loop.set_target(target(q, duration_s))
    assert error.value.code is code
    assert loop.reference_rad == pytest.approx(HOME)


@pytest.mark.parametrize("q", [[math.nan] * 7, [0.0] * 6])
def test_start_needs_a_position(q: list[float]) -> None:
    loop = JointLoop(JointLoopConfig(), LIMITS, model=MODEL)
    with pytest.raises(CommandRejectedError):
        loop.start(q)
    assert loop.status is LoopStatus.IDLE


def test_watchdog_reports_hold_after_its_time() -> None:
    loop = started()
    loop.set_target(target(HOME))
    for _ in range(100 + 300):
        loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
    assert loop.status is LoopStatus.OK
    for _ in range(2):
        loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
    assert loop.status is LoopStatus.HOLD
    assert loop.reference_rad == pytest.approx(HOME)
    loop.set_target(target(HOME))
    assert loop.status is LoopStatus.OK


@pytest.mark.parametrize("where", ["q", "dq", "gravity"])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_untrue_measurements_fade_the_torque_then_latch(where: str, value: float) -> None:
    loop = started()
    loop.set_target(target(np.array(HOME) + 0.02))
    for _ in range(120):
        good = list(loop.tick(HOME, ZERO, GRAVITY, NO_FORCE))
    bad = {"q": HOME, "dq": ZERO, "gravity": GRAVITY}
    bad[where] = [value if j == 3 else v for j, v in enumerate(bad[where])]
    for tick in range(loop.config.fault_ticks):
        assert loop.status is LoopStatus.OK, tick
        out = loop.tick(bad["q"], bad["dq"], bad["gravity"], NO_FORCE)
        assert all(math.isfinite(t) for t in out)
    assert loop.status is LoopStatus.FAULT
    assert loop.faults == loop.config.fault_ticks
    for _ in range(100):
        out = loop.tick(bad["q"], bad["dq"], bad["gravity"], NO_FORCE)
    assert out == pytest.approx(GRAVITY)
    assert out != pytest.approx(good)
    with pytest.raises(CommandRejectedError, match="latched"):
        loop.set_target(target(HOME))


def test_one_bad_sample_does_not_end_the_run() -> None:
    loop = started()
    loop.set_target(target(HOME))
    loop.tick([math.nan] * 7, ZERO, GRAVITY, NO_FORCE)
    loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
    assert (loop.status, loop.faults) == (LoopStatus.OK, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_force_that_is_no_number_holds_and_latches(value: float) -> None:
    loop = started()
    loop.set_target(target(np.array(HOME) + 0.02))
    for _ in range(loop.config.fault_ticks):
        assert loop.status is LoopStatus.OK
        loop.tick(HOME, ZERO, GRAVITY, (value, 0.0, 0.0))
    assert loop.status is LoopStatus.FAULT
    held = loop.reference_rad
    for _ in range(50):
        loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
    assert loop.reference_rad == held
    with pytest.raises(CommandRejectedError, match="latched"):
        loop.set_target(target(HOME))


def test_late_periods_hold() -> None:
    loop = started()
    loop.set_target(target(np.array(HOME) + 0.02))
    for _ in range(9):
        assert not loop.note_period(0.0031)
    assert not loop.note_period(0.003)  # in time: counts from the start again
    for _ in range(9):
        assert not loop.note_period(0.0031)
    assert loop.note_period(0.0031)
    assert loop.status is LoopStatus.HOLD
    assert loop.late == 19


def test_inputs_may_be_arrays_and_answers_agree() -> None:
    fast, slow = started(), started()
    for loop in (fast, slow):
        loop.set_target(target(np.array(HOME) + 0.01))
    for _ in range(50):
        plain = list(fast.tick(HOME, ZERO, GRAVITY, NO_FORCE))
        arrays = slow.tick(np.array(HOME), np.zeros(7), np.array(GRAVITY), np.zeros(3))
        assert plain == [float(t) for t in arrays]


def test_same_inputs_same_torques_to_the_last_bit() -> None:
    def run() -> list[float]:
        loop, plant = started(), Plant(HOME)
        seen: list[float] = []
        for k in range(3):
            loop.set_target(target(np.array(HOME) + 0.005 * k))
            plant.run(loop, 100)
            seen.extend(plant.q.tolist())
        return seen

    assert run() == run()


number = st.one_of(st.floats(-7, 7), st.floats(allow_nan=True, allow_infinity=True))
vector = st.lists(number, min_size=7, max_size=7)
force = st.tuples(number, number, number)


@given(
    st.lists(st.tuples(vector, vector, vector, force, vector), min_size=1, max_size=6),
    st.sampled_from(["impedance", "velocity"]),
)
def test_no_input_gets_a_bad_torque_out(
    ticks: list[tuple[list[float], list[float], list[float], tuple[float, ...], list[float]]],
    mode: str,
) -> None:
    loop = JointLoop(
        JointLoopConfig(mode=mode, impedance=ImpedanceConfig(inertia_feedforward=False)), LIMITS
    )
    loop.start(HOME)
    codes = {None}
    for q, dq, gravity, force_n, goal in ticks:
        codes.add(refusal(loop, goal))
        for _ in range(3):
            out = loop.tick(q, dq, gravity, force_n)
            assert all(abs(t) <= top for t, top in zip(out, LIMITS.effort_n_m, strict=True))
        reference = np.array(loop.reference_rad)
        assert (reference >= LIMITS.lower_rad + 0.05 - 1e-9).all()
        assert (reference <= LIMITS.upper_rad - 0.05 + 1e-9).all()
    assert codes <= {None, RejectionCode.NON_FINITE, RejectionCode.LATCHED}


def refusal(loop: JointLoop, goal: list[float]) -> RejectionCode | None:
    try:
        loop.set_target(JointTarget(0, np.array(goal), 0.1))
    except CommandRejectedError as error:
        return error.code
    return None
