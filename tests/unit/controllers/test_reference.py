from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.reference import CubicReference
from sawyer_core.errors import ConfigError

CAP = [1.0] * 7
vector = st.lists(st.floats(-0.05, 0.05), min_size=7, max_size=7)


@given(vector, vector, st.integers(1, 300))
def test_endpoints_and_rest_at_the_end(start: list[float], goal: list[float], ticks: int) -> None:
    reference = CubicReference([1e9] * 7)
    reference.rest(start)
    assert not reference.move(0, goal, ticks * 0.001)
    assert len(reference.positions) == ticks
    assert reference.positions[-1] == pytest.approx(goal, abs=1e-15)
    assert reference.velocities[-1] == pytest.approx([0.0] * 7, abs=1e-9)
    # From rest the way is monotonous: no row is outside start and goal.
    rows = np.array(reference.positions)
    assert (rows <= np.maximum(start, goal) + 1e-12).all()
    assert (rows >= np.minimum(start, goal) - 1e-12).all()


@given(vector, vector, vector, st.integers(0, 99))
def test_interrupted_move_goes_on_smoothly(
    start: list[float], first: list[float], second: list[float], at: int
) -> None:
    reference = CubicReference(CAP)
    reference.rest(start)
    reference.move(0, first, 0.1)
    position = np.array(reference.positions[at])
    velocity = np.array(reference.velocities[at])
    reference.move(at, second, 0.1)
    step = np.array(reference.positions[0]) - position
    assert step == pytest.approx(velocity * 0.001, abs=5e-5)
    assert np.abs(reference.velocities).max() <= 1.0 + 1e-9


@given(
    st.lists(st.floats(-3, 3), min_size=7, max_size=7),
    st.lists(st.lists(st.floats(-3, 3), min_size=7, max_size=7), min_size=1, max_size=5),
    st.integers(0, 49),
)
def test_speed_cap_holds_for_any_sequence(
    start: list[float], goals: list[list[float]], at: int
) -> None:
    reference = CubicReference(CAP)
    reference.rest(start)
    index = 0
    for goal in goals:
        reference.move(index, goal, 0.05)
        assert np.abs(reference.velocities).max() <= 1.0 + 1e-9
        index = at
    moves = np.diff(np.array(reference.positions), axis=0)
    assert moves.size == 0 or np.abs(moves).max() <= 1.0 * 0.001 + 1e-9


def test_cap_is_met_at_the_boundary_and_cut_just_outside() -> None:
    reference = CubicReference(CAP)
    for change, cut in ((0.0666, False), (0.0667, True)):  # cap * T / 1.5 = 66.67 mrad
        reference.rest([0.0] * 7)
        assert reference.move(0, [change] + [0.0] * 6, 0.1) is cut
    reference.rest([0.0] * 7)
    assert reference.move(0, [0.2, 0.1] + [0.0] * 5, 0.1)
    end = reference.positions[-1]
    assert end[0] == pytest.approx(0.1 / 1.5)
    assert end[1] == pytest.approx(0.5 * end[0])  # still on the straight line


def test_derivatives_agree_with_differences() -> None:
    reference = CubicReference([10.0] * 7)
    reference.rest([0.0] * 7)
    reference.move(0, [0.1] * 7, 0.1)
    reference.move(30, [-0.1] * 7, 0.1)
    rows = np.array(reference.positions)
    slope = (rows[2:] - rows[:-2]) / 0.002
    assert np.abs(slope - reference.velocities[1:-1]).max() < 2e-2
    bend = np.diff(reference.velocities, axis=0) / 0.001
    accelerations = reference.feedforward(None, np.eye(7))
    middle = 0.5 * (accelerations[1:] + accelerations[:-1])
    assert np.abs(bend - middle).max() < 1e-6


def test_tick_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="tick_s"):
        CubicReference(CAP, tick_s=0.0)
