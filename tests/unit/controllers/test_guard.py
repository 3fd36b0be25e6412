from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.guard import (
    CommandGuard,
    GuardConfig,
    GuardDecision,
    GuardStatus,
)
from sawyer_core.errors import CommandRejectedError, ConfigError, RejectionCode
from sawyer_core.testing import FAKE_TASK as TASK
from sawyer_core.testing import FakeArm
from sawyer_core.types import ArmState, EeDelta, Wrench

NS = 1_000_000_000


def state(position: tuple[float, ...] = (0.6, 0.1, 0.05), stamp_ns: int = 0) -> ArmState:
    arm = FakeArm(position)
    arm.stamp_ns = stamp_ns
    return arm.state()


def wrench(x: float = 0.0, y: float = 0.0, z: float = 0.0, *, stamp_ns: int = 0) -> Wrench:
    return Wrench(stamp_ns, np.array([x, y, z]), np.zeros(3))


def delta(
    x: float = 0.0, y: float = 0.0, z: float = 0.0, *, stamp_ns: int = 0, source: str = "a"
) -> EeDelta:
    return EeDelta(stamp_ns, np.array([x, y, z]), source, 0)


def acquired(config: GuardConfig | None = None) -> CommandGuard:
    guard = CommandGuard(config or GuardConfig(), TASK)
    guard.acquire("a")
    return guard


def check(
    command: EeDelta, at: ArmState | None = None, force: Wrench | None = None
) -> GuardDecision:
    return acquired().check(command, at or state(), force or wrench())


def test_harmless_command_passes_unchanged() -> None:
    decision = check(delta(0.001, -0.002, -0.01))
    assert decision.delta_m.tolist() == [0.001, -0.002, -0.01]
    assert (decision.status, decision.reasons) == (GuardStatus.OK, ())


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_step_clip_at_the_boundary_and_just_outside(axis: int, sign: float) -> None:
    command = np.zeros(3)
    command[axis] = sign * 0.015
    assert check(EeDelta(0, command, "a", 0)).status is GuardStatus.OK
    decision = check(EeDelta(0, command * 1.001, "a", 0))
    assert decision.status is GuardStatus.CLIPPED
    assert decision.delta_m == pytest.approx(command)
    assert "0.015" in decision.reasons[0]


def test_oversized_command_is_refused_just_outside_the_bound() -> None:
    assert check(delta(0.1)).status is GuardStatus.CLIPPED
    refused = check(delta(0.1001))
    assert refused.status is GuardStatus.HOLD
    assert refused.delta_m.tolist() == [0.0, 0.0, 0.0]
    assert "0.1001" in refused.reasons[0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_hold(bad: float) -> None:
    assert "not finite" in check(delta(0.0, bad)).reasons[0]
    assert check(delta(0.0, bad)).status is GuardStatus.HOLD
    assert check(delta(), force=wrench(z=math.nan)).status is GuardStatus.HOLD
    broken = replace(state(), ee_position_m=np.array([0.6, math.nan, 0.05]))
    assert check(delta(), broken).status is GuardStatus.HOLD


@pytest.mark.parametrize(
    ("position", "command", "allowed"),
    [
        ((0.645, 0.1, 0.05), (0.005, 0.0, 0.0), (0.005, 0.0, 0.0)),
        ((0.645, 0.1, 0.05), (0.0051, 0.0, 0.0), (0.005, 0.0, 0.0)),
        ((0.6, 0.1, 0.195), (0.0, 0.0, 0.005), (0.0, 0.0, 0.005)),
        ((0.6, 0.1, 0.195), (0.0, 0.0, 0.0051), (0.0, 0.0, 0.005)),
        ((0.6, 0.1, -0.045), (0.0, 0.0, -0.005), (0.0, 0.0, -0.005)),
        ((0.6, 0.1, -0.045), (0.0, 0.0, -0.0051), (0.0, 0.0, -0.005)),
        ((0.66, 0.1, 0.05), (0.0, 0.0, 0.0), (-0.01, 0.0, 0.0)),
        ((0.9, 0.1, 0.05), (0.0, 0.0, 0.0), (-0.015, 0.0, 0.0)),
    ],
)
def test_workspace_at_the_boundary_and_outside(
    position: tuple[float, ...], command: tuple[float, ...], allowed: tuple[float, ...]
) -> None:
    decision = check(delta(*command), state(position))
    assert decision.delta_m == pytest.approx(allowed, abs=1e-12)
    assert decision.clipped is (command != allowed)


numbers = st.floats(allow_nan=True, allow_infinity=True)
steps = st.lists(st.one_of(st.floats(-0.2, 0.2), numbers), min_size=3, max_size=3)
inside = st.tuples(st.floats(0, 0.05), st.floats(0, 2 * math.pi), st.floats(-0.05, 0.2)).map(
    lambda v: (0.6 + v[0] * math.cos(v[1]), 0.1 + v[0] * math.sin(v[1]), v[2])
)
anywhere = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
forces = st.tuples(numbers, numbers, numbers)


@given(steps, inside, forces)
def test_from_inside_the_output_is_always_inside(
    step: list[float], position: tuple[float, ...], force: tuple[float, ...]
) -> None:
    guard = acquired()
    decision = guard.check(delta(*step), state(position), wrench(*force))
    assert np.abs(decision.delta_m).max() <= 0.015
    assert guard.workspace.contains(np.array(position) + decision.delta_m)


@given(steps, anywhere)
def test_from_outside_no_output_leads_further_away(
    step: list[float], position: tuple[float, ...]
) -> None:
    guard = acquired()

    def away(point: np.ndarray) -> float:
        return float(np.linalg.norm(point - guard.workspace.clamp(point)))

    decision = guard.check(delta(*step), state(position), wrench())
    start = np.array(position)
    assert np.abs(decision.delta_m).max() <= 0.015
    assert away(start + decision.delta_m) <= away(start) + 1e-9


@pytest.mark.parametrize(("axis", "limit"), [(0, 30.0), (1, 30.0), (2, 50.0)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_contact_stop_at_the_limit_and_just_above(axis: int, limit: float, sign: float) -> None:
    force = np.zeros(3)
    force[axis] = sign * limit
    guard = acquired()
    assert guard.check(delta(), state(), Wrench(0, force, np.zeros(3))).status is GuardStatus.OK
    decision = guard.check(delta(), state(), Wrench(0, force * 1.001, np.zeros(3)))
    assert decision.status is GuardStatus.HOLD
    assert decision.yielding
    assert guard.contact_stops == 1


def test_push_against_a_high_force_is_cut_but_retreat_is_not() -> None:
    high = wrench(z=45.1)  # 0.9 of 50 N is 45 N; it pushes up, down would press further
    decision = check(delta(0.001, 0.0, -0.002), force=high)
    assert decision.delta_m.tolist() == [0.001, 0.0, 0.0]
    assert decision.status is GuardStatus.CLIPPED
    assert check(delta(0.0, 0.0, 0.002), force=high).status is GuardStatus.OK
    assert check(delta(0.0, 0.0, -0.002), force=wrench(z=44.9)).status is GuardStatus.OK


def test_way_back_into_the_workspace_does_not_press_on() -> None:
    """Outside at +x, held off by a force to +x: the way back would push against it."""
    outside, held_off = state((0.66, 0.1, 0.05)), wrench(x=28.0)
    decision = check(delta(-0.002), outside, held_off)
    assert decision.delta_m.tolist() == [0.0, 0.0, 0.0]
    assert len(decision.reasons) == 2
    assert check(delta(), outside, held_off).delta_m.tolist() == [0.0, 0.0, 0.0]


def test_component_taken_away_does_not_lead_out_of_the_workspace() -> None:
    """Inwards along x keeps the sum inside; without it y alone would leave."""
    edge = (0.6 + 0.04, 0.1 + 0.03, 0.05)
    decision = check(delta(-0.012, 0.01), state(edge), wrench(x=28.0))
    end = np.array(edge) + decision.delta_m
    assert acquired().workspace.contains(end)
    assert decision.delta_m[0] >= 0.0


high_forces = st.tuples(
    *[st.sampled_from([-28.0, 0.0, 28.0])] * 2, st.sampled_from([-46.0, 0.0, 46.0])
)


@given(st.tuples(*[st.floats(-0.02, 0.02)] * 3), st.one_of(inside, anywhere), high_forces)
def test_no_output_presses_on_wherever_the_arm_is(
    step: tuple[float, ...], position: tuple[float, ...], force: tuple[float, ...]
) -> None:
    guard, start = acquired(), np.array(position)
    decision = guard.check(delta(*step), state(position), wrench(*force))
    near = np.abs(force) > 0.9 * np.array([30.0, 30.0, 50.0])
    away = guard.workspace.distance
    assert away(start + decision.delta_m) <= away(start) + 1e-9
    assert not (near & (decision.delta_m * np.array(force) < 0.0)).any()


def test_contact_stops_latch_after_three_until_reset() -> None:
    guard = acquired()
    for stop in range(1, 4):
        decision = guard.check(delta(), state(), wrench(x=31.0))
        assert guard.contact_stops == stop
        again = guard.check(delta(), state(), wrench(x=32.0))  # still the same contact
        assert guard.contact_stops == stop
        if stop < 3:
            assert decision.status is again.status is GuardStatus.HOLD
            assert guard.check(delta(), state(), wrench()).status is GuardStatus.OK
    assert decision.status is GuardStatus.STOPPED
    assert guard.latched
    assert guard.check(delta(0.0, 0.0, 0.005), state(), wrench()).status is GuardStatus.STOPPED
    stopped = guard.watchdog(10 * NS, state())
    assert stopped is not None
    assert stopped.status is GuardStatus.STOPPED
    guard.reset()
    assert guard.check(delta(), state(), wrench()).status is GuardStatus.OK


def test_stops_of_the_joint_loop_latch_the_guard_and_engaging_it_anew_frees_it() -> None:
    guard = acquired()
    guard.note_loop_stops(2)
    assert (guard.contact_stops, guard.latched) == (2, False)
    guard.note_loop_stops(3)
    assert guard.latched
    stopped = guard.check(delta(), state(), wrench())
    assert stopped.status is GuardStatus.STOPPED
    assert "3 contact stops" in stopped.reasons[0]
    guard.note_loop_stops(0)
    assert guard.check(delta(), state(), wrench()).status is GuardStatus.OK


def test_a_contact_that_loop_and_guard_have_stopped_is_one_stop() -> None:
    guard = acquired()
    guard.note_loop_stops(1)
    guard.check(delta(), state(), wrench(z=51.0))
    assert guard.contact_stops == 1


def test_command_from_an_old_state_is_refused_just_outside_the_bound() -> None:
    at = check(delta(stamp_ns=0), state(stamp_ns=200_000_000))
    assert at.status is GuardStatus.OK
    old = check(delta(stamp_ns=0), state(stamp_ns=200_000_001))
    assert old.status is GuardStatus.HOLD
    assert "old" in old.reasons[0]


def test_reset_forgets_the_silence() -> None:
    guard = acquired()
    guard.check(delta(), state(), wrench())
    assert guard.watchdog(NS, state()) is not None
    guard.reset()
    assert guard.watchdog(NS, state()) is None


def test_old_force_is_no_force() -> None:
    for age_ns, status in ((200_000_000, GuardStatus.OK), (200_000_001, GuardStatus.HOLD)):
        now = NS
        decision = check(delta(stamp_ns=now), state(stamp_ns=now), wrench(stamp_ns=now - age_ns))
        assert decision.status is status
    assert "force is 0.200 s old" in decision.reasons[0]


def test_degrade_order_hold_then_retract_then_stop() -> None:
    guard = acquired()
    low = state((0.6, 0.1, 0.01))
    assert guard.watchdog(100 * NS, low) is None  # nothing was ever commanded
    guard.check(delta(), low, wrench())
    order = []
    for late_s in (0.1, 0.3, 0.301, 1.0, 2.0, 2.001, 5.0):
        decision = guard.watchdog(round(late_s * NS), low)
        order.append(None if decision is None else decision.status)
    hold, retract = GuardStatus.HOLD, GuardStatus.RETRACT
    assert order == [None, None, hold, hold, hold, retract, retract]
    # It goes straight up in bounded steps, to 30 mm above the mouth and no further.
    position = np.array([0.6, 0.1, 0.01])
    while True:
        decision = guard.watchdog(5 * NS, state(tuple(position)))
        assert decision is not None
        if decision.status is GuardStatus.STOPPED:
            break
        assert decision.delta_m[:2].tolist() == [0.0, 0.0]
        assert 0.0 < decision.delta_m[2] <= 0.005
        position = position + decision.delta_m
    assert position[2] == pytest.approx(0.012 + 0.03)
    # The commander's return ends it.
    now = 6 * NS
    back = guard.check(delta(stamp_ns=now), state(stamp_ns=now), wrench(stamp_ns=now))
    assert back.status is GuardStatus.OK
    assert guard.watchdog(6 * NS, low) is None


def test_degrade_to_stop() -> None:
    guard = acquired(GuardConfig(degrade_to="stop"))
    guard.check(delta(), state(), wrench())
    decision = guard.watchdog(round(2.001 * NS), state())
    assert decision is not None
    assert decision.status is GuardStatus.STOPPED


def test_refused_commands_are_no_sign_of_life() -> None:
    guard = acquired()
    guard.check(delta(), state(), wrench())
    later = state(stamp_ns=NS)
    guard.check(delta(math.nan, stamp_ns=NS), later, wrench())
    decision = guard.watchdog(NS, later)
    assert decision is not None
    assert decision.status is GuardStatus.HOLD


def test_retract_of_a_broken_state_stops() -> None:
    guard = acquired()
    guard.check(delta(), state(), wrench())
    broken = replace(state(), ee_position_m=np.array([0.6, 0.1, math.nan]))
    decision = guard.watchdog(5 * NS, broken)
    assert decision is not None
    assert decision.status is GuardStatus.STOPPED


def test_one_commander_at_a_time() -> None:
    guard = CommandGuard(GuardConfig(), TASK)
    with pytest.raises(CommandRejectedError) as error:
        guard.check(delta(), state(), wrench())
    assert error.value.code is RejectionCode.NOT_ACQUIRED
    guard.acquire("a")
    guard.acquire("a")
    assert guard.commander == "a"
    for action in (
        lambda: guard.acquire("b"),
        lambda: guard.release("b"),
        lambda: guard.check(delta(source="b"), state(), wrench()),
    ):
        with pytest.raises(CommandRejectedError, match="'a'") as error:
            action()
        assert error.value.code is RejectionCode.OTHER_COMMANDER
    guard.release("a")
    guard.acquire("b")
    assert guard.check(delta(source="b"), state(), wrench()).status is GuardStatus.OK


def test_second_commander_does_not_feed_the_watchdog() -> None:
    guard = acquired()
    guard.check(delta(), state(), wrench())
    with pytest.raises(CommandRejectedError):
        guard.check(delta(source="b", stamp_ns=NS), state(stamp_ns=NS), wrench())
    assert guard.watchdog(NS, state()) is not None


def test_commander_needs_a_name() -> None:
    with pytest.raises(CommandRejectedError):
        CommandGuard(GuardConfig(), TASK).acquire("")


@pytest.mark.parametrize(
    ("field", "value"), [("max_step_m", 0.0), ("degrade_to", "pray"), ("push_share", 1.1)]
)
def test_bad_settings_are_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        GuardConfig(**{field: value})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"degrade_after_s": 0.29}, "degrade_after_s.*at least hold_after_s = 0.3"),
        ({"hold_after_s": 2.1}, "degrade_after_s.*at least hold_after_s = 2.1"),
        ({"refuse_step_m": 0.014}, "refuse_step_m.*at least max_step_m = 0.015"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        GuardConfig(**settings)


def test_settings_may_meet() -> None:
    GuardConfig(hold_after_s=1.0, degrade_after_s=1.0, max_step_m=0.05, refuse_step_m=0.05)
