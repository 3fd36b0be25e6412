from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.p_controller import PController, PControllerConfig
from sawyer_core.errors import ConfigError


def test_decay_in_free_space_is_the_one_the_gains_imply() -> None:
    """Centred after one step, 0.7^n of 50 mm above the goal after n steps."""
    goal = np.array([0.6, 0.1, 0.0])
    x = goal + np.array([0.004, -0.003, 0.05])
    controller = PController()
    for step in range(1, 16):
        x = x + controller.action(x, goal)
        assert np.abs(x[:2] - goal[:2]).max() < 1e-15
        assert x[2] - goal[2] == pytest.approx(0.7**step * 0.05, rel=1e-9)
    assert 0.7**5 * 50 == pytest.approx(8.4, abs=0.01)  # the digest's figures, mm
    assert 0.7**10 * 50 == pytest.approx(1.4, abs=0.02)


def test_first_vertical_step_is_just_the_step_clip() -> None:
    action = PController().action([0.0, 0.0, 0.05], [0.0, 0.0, 0.0])
    assert action.tolist() == pytest.approx([0.0, 0.0, -0.015])


points = st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(np.array)


@given(points, points)
def test_action_is_minus_gain_times_error(x: np.ndarray, goal: np.ndarray) -> None:
    action = PController().action(x, goal)
    assert action == pytest.approx(-np.array([1.0, 1.0, 0.3]) * (x - goal), abs=1e-15)


@pytest.mark.parametrize("gains", [(1.0, 1.0), (1.0, 1.0, -0.1), (1.0, 1.0, float("nan"))])
def test_bad_gains_are_refused(gains: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="gains"):
        PControllerConfig(gains=gains)
