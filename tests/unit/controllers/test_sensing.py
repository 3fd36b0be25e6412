from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.sensing import Evidence, InsertionSensor, SensingConfig
from sawyer_core.errors import ConfigError
from sawyer_core.tasks import InsertionTask
from sawyer_core.testing import FAKE_TASK as TASK
from sawyer_core.testing import FakeArm

MUTE = replace(TASK, electrical=False)
GOAL = TASK.goal
MS = 1_000_000
SEATED = (0.6, 0.1, 0.0)
ABOVE = (0.6, 0.1, 0.05)


def sensor(task: InsertionTask = TASK) -> InsertionSensor:
    return InsertionSensor(SensingConfig(), task)


def test_electrical_evidence_is_debounced_then_held() -> None:
    made = sensor()
    seen = [made.update(t * 50 * MS, True, SEATED, GOAL, (0.0, 0.0, 0.0)) for t in range(12)]
    assert [s.inserted for s in seen] == [False, False] + [True] * 10  # 100 ms
    assert [s.success for s in seen] == [False] * 10 + [True] * 2  # 500 ms
    assert seen[1].evidence is Evidence.NONE
    assert seen[2].evidence is Evidence.ELECTRICAL
    assert seen[10].held_s == pytest.approx(0.5)


def test_glitch_starts_the_debounce_anew() -> None:
    made = sensor()
    states = [made.update(t * 50 * MS, t != 6, SEATED, GOAL, (0.0, 0.0, 0.0)) for t in range(12)]
    assert not states[6].inserted
    assert not states[7].inserted
    assert states[9].inserted
    assert not states[11].success


def test_breaks_between_samples_count_when_the_driver_reports_them() -> None:
    made = sensor()
    for t in range(8):
        duration = 0.1 * t if t < 5 else 0.02 + 0.1 * (t - 5)
        state = made.update(
            t * 100 * MS, True, SEATED, GOAL, (0.0, 0.0, 0.0), contact_duration_s=duration
        )
    assert not state.success
    assert state.held_s == pytest.approx(0.22)


def test_success_stays_until_reset() -> None:
    made = sensor()
    for t in range(7):
        made.update(t * 100 * MS, True, SEATED, GOAL, (0.0, 0.0, 0.0))
    lost = made.update(700 * MS, False, ABOVE, GOAL, (0.0, 0.0, 0.0))
    assert (lost.inserted, lost.success) == (False, True)
    assert lost.evidence is Evidence.ELECTRICAL  # what the success rests on
    made.reset()
    fresh = made.update(800 * MS, False, ABOVE, GOAL, (0.0, 0.0, 0.0))
    assert (fresh.success, fresh.evidence) == (False, Evidence.NONE)


@pytest.mark.parametrize(
    ("height", "plausible"), [(0.012, True), (0.01201, False), (0.05, False), (np.nan, False)]
)
def test_signal_above_the_mouth_is_a_short_circuit(height: float, plausible: bool) -> None:
    made = sensor()
    for t in range(8):
        state = made.update(
            t * 100 * MS, True, (0.6, 0.1, height), GOAL, (0.0, 0.0, 0.0), contact_duration_s=9.0
        )
    assert (state.inserted, state.success, state.implausible == "") == (plausible,) * 3
    assert plausible or state.evidence is Evidence.NONE
    assert plausible or "above the mouth" in state.implausible


def test_short_circuit_stays_one_on_the_way_down_until_the_signal_was_off() -> None:
    made = sensor()
    heights = [0.05, 0.02, *[0.0] * 8]
    states = [
        made.update(
            t * 100 * MS, True, (0.6, 0.1, z), GOAL, (0.0,) * 3, contact_duration_s=1 + 0.1 * t
        )
        for t, z in enumerate(heights)
    ]
    assert not any(state.inserted or state.success for state in states)
    assert states[-1].implausible == "signal alive since above the mouth"
    made.update(1000 * MS, False, SEATED, GOAL, (0.0,) * 3, contact_duration_s=0.0)
    seen = [
        made.update(
            (1100 + t * 100) * MS, True, SEATED, GOAL, (0.0,) * 3, contact_duration_s=0.1 * t
        )
        for t in range(6)
    ]
    assert [state.success for state in seen] == [False] * 5 + [True]
    assert seen[-1].implausible == ""


def test_short_circuit_in_the_air_after_a_success_says_so() -> None:
    made = sensor()
    for t in range(7):
        made.update(t * 100 * MS, True, SEATED, GOAL, (0.0, 0.0, 0.0))
    state = made.update(700 * MS, True, ABOVE, GOAL, (0.0, 0.0, 0.0))
    assert (state.inserted, state.success) == (False, True)
    assert state.implausible


def test_with_an_electrical_signal_depth_alone_does_not_count() -> None:
    made = sensor()
    for t in range(20):
        state = made.update(t * 100 * MS, False, SEATED, GOAL, (0.0, 0.0, 20.0))
    assert (state.inserted, state.success, state.evidence) == (False, False, Evidence.NONE)


@pytest.mark.parametrize(
    ("position", "inside"),
    [
        ((0.6, 0.1, 0.002), True),
        ((0.6, 0.1, 0.00201), False),
        ((0.60199, 0.1, 0.0), True),
        ((0.60201, 0.1, 0.0), False),
        ((0.6, 0.09799, 0.0), False),
        ((0.6, 0.1, -0.001), True),
        ((np.nan, 0.1, 0.0), False),
        ((0.6, 0.1, np.nan), False),
    ],
)
def test_depth_evidence_at_the_tolerances(position: tuple[float, ...], inside: bool) -> None:
    made = sensor(MUTE)
    states = [made.update(t * 100 * MS, False, position, GOAL, (0.0, 0.0, 0.0)) for t in range(7)]
    assert states[2].inserted is inside  # three samples in a row
    assert not states[1].inserted
    assert states[5].success is inside
    assert states[5].evidence is (Evidence.DEPTH if inside else Evidence.NONE)


@pytest.mark.parametrize(
    ("height", "force_z", "inside"),
    [(0.0024, 5.0, True), (0.0024, 4.99, False), (0.00241, 9.0, False), (0.01, 40.0, False)],
)
def test_force_evidence_needs_depth_and_the_seats_answer(
    height: float, force_z: float, inside: bool
) -> None:
    made = sensor(MUTE)  # 0.8 of 12 mm deep is 2.4 mm above the goal
    for t in range(6):
        state = made.update(t * 100 * MS, False, (0.6, 0.1, height), GOAL, (0.0, 0.0, force_z))
    assert state.success is inside
    assert state.evidence is (Evidence.FORCE if inside else Evidence.NONE)


def test_depth_and_lateral_error_are_reported() -> None:
    state = sensor().update(0, False, (0.603, 0.104, 0.004), GOAL, (0.0, 0.0, 0.0))
    assert state.depth_m == pytest.approx(0.008)
    assert state.lateral_error_m == pytest.approx(0.005)


def test_gap_between_samples_breaks_the_hold() -> None:
    for gap_ms, success in ((250, True), (251, False)):
        made = sensor()
        stamps = [0, 100, 200, 300, 300 + gap_ms]
        for stamp in stamps:
            state = made.update(stamp * MS, True, SEATED, GOAL, (0.0, 0.0, 0.0))
        assert state.success is success


def test_stamps_that_go_back_start_anew_and_repeats_change_nothing() -> None:
    made = sensor()
    for t in range(5):
        made.update(t * 100 * MS, True, SEATED, GOAL, (0.0, 0.0, 0.0))
    same = made.update(400 * MS, False, ABOVE, GOAL, (0.0, 0.0, 0.0))
    assert same.inserted
    back = made.update(100 * MS, True, SEATED, GOAL, (0.0, 0.0, 0.0))
    assert not back.inserted
    assert back.held_s == 0.0


def test_frame_gives_the_same_as_its_parts() -> None:
    arm = FakeArm(SEATED)
    arm.electrical_contact = True
    one, two = sensor(), sensor()
    for _ in range(8):
        frame = arm.move((0.0, 0.0, 0.0))
        a = one.update_frame(frame, GOAL, np.zeros(3))
        b = two.update(
            frame.stamp_ns,
            True,
            frame.arm.ee_position_m,
            GOAL,
            np.zeros(3),
            contact_duration_s=frame.contact_duration_s,
        )
        assert a == b
    assert a.success


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ConfigError, match="shape"):
        sensor().update(0, True, (0.0, 0.0), GOAL, (0.0, 0.0, 0.0))


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(10, 240))
def test_success_needs_an_unbroken_run_of_half_a_second(
    signal: list[bool], period_ms: int
) -> None:
    made = sensor()
    run_ms, longest_ms = -1, -1
    for index, alive in enumerate(signal):
        run_ms = (run_ms + period_ms if run_ms >= 0 else 0) if alive else -1
        longest_ms = max(longest_ms, run_ms)
        state = made.update(index * period_ms * MS, alive, SEATED, GOAL, (0.0, 0.0, 0.0))
        assert state.inserted is (run_ms >= 100)
        assert state.success is (longest_ms >= 500)
