from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.scripted import (
    SCRIPTED_POLICIES,
    PolicyProtocol,
    RandomSearch,
    SpiralSearch,
    make_scripted,
    scripted_spec,
)
from sawyer_controllers.scripted.spiral_search import spiral_length, spiral_point
from sawyer_core.errors import SawyerError, UnknownNameError
from sawyer_core.types import PolicyInput

GOAL = np.array([0.6, 0.1, 0.0])


def seen(x: float, y: float, z: float, force_z: float = 0.0, step: int = 0) -> PolicyInput:
    return PolicyInput(np.array([x, y, z]), GOAL, np.array([0.0, 0.0, force_z]), step)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def walk(policy: PolicyProtocol, steps: int, seed: int = 1) -> np.ndarray:
    """Positions in a world with a stiff floor at z = 0 (1 N per 0.1 mm of wish below it)."""
    policy.reset(rng(seed))
    position, force, path = np.array([0.6, 0.1, 0.02]), 0.0, []
    for step in range(steps):
        wish = position + policy.action(seen(*position, force_z=force, step=step))
        force = max(0.0, -wish[2] * 1e4)
        position = np.array([wish[0], wish[1], max(wish[2], 0.0)])
        path.append(position)
    return np.array(path)


@pytest.mark.parametrize("name", SCRIPTED_POLICIES)
def test_every_policy_meets_its_spec_and_repeats_itself(name: str) -> None:
    spec = scripted_spec(name)
    assert spec.name == name
    policy = make_scripted(name)
    first = walk(policy, 40)
    assert first.tolist() == walk(policy, 40).tolist()
    assert first.tolist() == walk(make_scripted(name), 40).tolist()
    policy.reset(rng())
    spec.action.check(policy.action(seen(0.6, 0.1, 0.05)))
    assert spec.base_controller == ("p_controller" if name == "p_controller" else "none")


def test_unknown_policy_lists_the_choices() -> None:
    with pytest.raises(UnknownNameError, match="spiral_search") as error:
        make_scripted("spiral_serch")
    assert error.value.nearest == "spiral_search"
    with pytest.raises(UnknownNameError):
        scripted_spec("nothing")


@pytest.mark.parametrize("name", SCRIPTED_POLICIES)
def test_unknown_setting_is_refused(name: str) -> None:
    with pytest.raises(SawyerError, match="no_such"):
        make_scripted(name, no_such=1)


def test_p_controller_policy_adds_nothing() -> None:
    policy = make_scripted("p_controller")
    policy.reset(rng())
    assert policy.action(seen(0.7, 0.2, 0.3)).tolist() == [0.0, 0.0, 0.0]


def test_straight_down_takes_4_mm_steps() -> None:
    policy = make_scripted("straight_down")
    policy.reset(rng())
    assert policy.action(seen(0.61, 0.1, 0.05)).tolist() == [0.0, 0.0, -0.004]


@given(st.floats(0.0, 0.5), st.floats(1e-4, 1e-2))
def test_spiral_point_is_on_the_spiral_at_that_length(length: float, pitch: float) -> None:
    x, y = spiral_point(length, pitch)
    radius = math.hypot(x, y)
    angle = 2.0 * math.pi * radius / pitch
    assert spiral_length(angle, pitch) == pytest.approx(length, rel=1e-9, abs=1e-12)
    assert math.cos(angle) * radius == pytest.approx(x, abs=1e-9)
    assert math.sin(angle) * radius == pytest.approx(y, abs=1e-9)


def test_neighbouring_turns_are_one_pitch_apart() -> None:
    pitch = 0.001
    for turns in range(1, 8):
        x, y = spiral_point(spiral_length(2.0 * math.pi * turns, pitch), pitch)
        assert (x, y) == pytest.approx((turns * pitch, 0.0), abs=1e-12)


def test_spiral_steps_are_2_mm_of_path_and_cover_the_disc() -> None:
    policy = SpiralSearch()
    path = walk(policy, 200)
    contact = int(np.argmax(path[:, 2] <= 0.0))
    lateral = path[contact + 1 :, :2] - path[contact, :2]
    steps = np.linalg.norm(np.diff(lateral[:60], axis=0), axis=1)
    assert steps.max() <= 0.002 + 1e-9  # a chord is not longer than its arc
    assert np.median(steps) > 0.0018
    # No point of the disc searched so far is further than a pitch or half a step away.
    reach = np.linalg.norm(lateral[:60], axis=1).max() - 0.001
    for angle in np.linspace(0.0, 2.0 * np.pi, 24):
        for radius in np.linspace(0.0, reach, 6):
            point = radius * np.array([np.cos(angle), np.sin(angle)])
            assert np.linalg.norm(lateral[:60] - point, axis=1).min() < 0.0015


def test_spiral_starts_again_beyond_its_radius() -> None:
    path = walk(SpiralSearch(), 400)
    radius = np.linalg.norm(path[:, :2] - [0.6, 0.1], axis=1)
    assert radius.max() <= 0.01 + 1e-9
    assert radius[-150:].min() < 0.004


@pytest.mark.parametrize("name", ["random_search", "spiral_search"])
def test_searches_descend_first_then_press(name: str) -> None:
    policy = make_scripted(name)
    policy.reset(rng())
    for _ in range(3):
        assert policy.action(seen(0.6, 0.1, 0.02)).tolist() == [0.0, 0.0, -0.004]
    policy.action(seen(0.6, 0.1, 0.01, force_z=4.0))
    assert policy.action(seen(0.6, 0.1, 0.01, force_z=8.0))[2] == pytest.approx(0.0)
    assert policy.action(seen(0.6, 0.1, 0.01, force_z=4.0))[2] == pytest.approx(-0.002)
    assert policy.action(seen(0.6, 0.1, 0.01, force_z=30.0))[2] == pytest.approx(0.004)


def test_random_search_visits_positions_within_its_range() -> None:
    path = walk(RandomSearch(), 200)
    offset = path[:, :2] - [0.6, 0.1]
    assert np.abs(offset).max() <= 0.01
    assert np.abs(offset).max() > 0.005
    contact = int(np.argmax(path[:, 2] <= 0.0)) + 1
    visited = offset[contact + 1 :: 2]  # two steps each
    assert len({tuple(np.round(point, 9)) for point in visited}) == len(visited)
    other = walk(RandomSearch(), 200, seed=2)
    assert other.tolist() != path.tolist()


@pytest.mark.parametrize("name", ["random_search", "spiral_search"])
def test_search_of_a_plug_that_sticks_does_not_wind_up(name: str) -> None:
    policy = make_scripted(name)
    policy.reset(rng())
    stuck = seen(0.6, 0.1, 0.0, force_z=8.0)
    commanded = np.cumsum([policy.action(stuck)[:2] for _ in range(100)], axis=0)
    assert np.abs(commanded).max() <= 0.01 + 1e-9  # the pattern's own size
    assert np.abs(commanded).max() > 0.003
