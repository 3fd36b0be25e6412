from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.workspace import Workspace
from sawyer_core.errors import ConfigError
from sawyer_core.tasks import InsertionTask

SPACE = Workspace(center_x_m=0.6, center_y_m=0.1, radius_m=0.05, bottom_z_m=-0.05, top_z_m=0.2)
points = st.lists(st.floats(-2, 2), min_size=3, max_size=3).map(np.array)


def test_of_task_is_the_cylinder_around_the_goal(task: InsertionTask) -> None:
    x, y, z = task.goal_position_m
    space = Workspace.of_task(task)
    assert (space.center_x_m, space.center_y_m, space.radius_m) == (x, y, 0.05)
    assert (space.bottom_z_m, space.top_z_m) == pytest.approx((z - 0.05, z + 0.2))


@pytest.mark.parametrize(
    ("at", "outside"),
    [
        ((0.65, 0.1, 0.0), (0.65001, 0.1, 0.0)),
        ((0.6, 0.05, 0.0), (0.6, 0.04999, 0.0)),
        ((0.6, 0.1, 0.2), (0.6, 0.1, 0.20001)),
        ((0.6, 0.1, -0.05), (0.6, 0.1, -0.05001)),
        ((0.63, 0.14, 0.0), (0.63001, 0.14001, 0.0)),
    ],
)
def test_boundary_and_just_outside(at: tuple[float, ...], outside: tuple[float, ...]) -> None:
    assert SPACE.contains(at)
    assert not SPACE.contains(outside)
    assert SPACE.clamp(outside) == pytest.approx(at, abs=2e-5)
    SPACE.check_goal(at)
    with pytest.raises(ConfigError, match="cylinder"):
        SPACE.check_goal(outside)


@given(points)
def test_clamp_is_inside_and_moves_nothing_that_is(point: np.ndarray) -> None:
    clamped = SPACE.clamp(point)
    assert SPACE.contains(clamped)
    if SPACE.contains(point, 0.0):
        assert clamped.tolist() == point.tolist()


@pytest.mark.parametrize("goal", [(np.nan, 0.1, 0.0), (0.6, 0.1, np.inf), (0.6, 0.1)])
def test_goal_must_be_three_finite_numbers(goal: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="goal_position_m"):
        SPACE.check_goal(goal)


def test_workspace_must_have_an_inside() -> None:
    with pytest.raises(ConfigError):
        Workspace(0.6, 0.1, 0.0, -0.05, 0.2)
    with pytest.raises(ConfigError):
        Workspace(0.6, 0.1, 0.05, 0.2, 0.2)
    with pytest.raises(ConfigError):
        Workspace(np.nan, 0.1, 0.05, 0.0, 0.2)
