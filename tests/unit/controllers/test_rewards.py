"""Rewards of chapter 9."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.rewards import (
    RewardConfig,
    RewardInput,
    make_reward,
    needs_image,
)
from sawyer_core.errors import ConfigError, ShapeError, UnknownNameError
from sawyer_core.pictures import read_pgm, write_pgm
from sawyer_core.tasks import InsertionTask, load_task

GOAL = (0.5, 0.16, 0.108)
TASK = InsertionTask(
    connector="usb",
    goal_position_m=GOAL,
    goal_quat_xyzw=(1.0, 0.0, 0.0, 0.0),
    mouth_height_m=0.012,
    insertion_depth_m=0.012,
)


def seen(offset=(0.0, 0.0, 0.0), force_z=0.0, inserted=False, image=None):
    return RewardInput(np.array(GOAL) + offset, np.array([0.0, 0.0, force_z]), inserted, image)


def test_sparse_is_the_insertion_signal():
    reward = make_reward("sparse", TASK)
    assert reward(seen(inserted=True)) == 1.0
    assert reward(seen(inserted=False, force_z=40.0)) == 0.0


def test_dense_in_numbers():
    reward = make_reward("dense", TASK)
    # 10 mm above the goal: -100 * 0.01 + 0.002 / 0.011 - 0.1 * 5, above the flip
    assert reward(seen((0, 0, 0.01), 5.0)) == pytest.approx(-1.0 + 0.002 / 0.011 - 0.5)
    # seated: pressing pays, the bonus is capped at beta / epsilon = 2
    assert reward(seen((0, 0, 0), 5.0)) == pytest.approx(2.0 + 0.5)


def test_dense_flips_at_most_at_four_fifths_of_the_depth():
    reward = make_reward("dense", TASK)
    assert reward(seen((0, 0, 0.0025), 10.0)) < reward(seen((0, 0, 0.0025)))
    assert reward(seen((0, 0, 0.0023), 10.0)) > reward(seen((0, 0, 0.0023)))


def test_the_printed_sign_punishes_reaching_the_goal():
    printed = make_reward("dense", TASK, config=RewardConfig(middle_sign=-1.0))
    assert printed(seen()) == pytest.approx(-2.0)
    assert printed(seen()) < printed(seen((0, 0, 0.01)))


@given(st.floats(0.001, 0.05), st.floats(1.1, 3.0))
def test_dense_falls_with_distance(distance_m, factor):
    reward = make_reward("dense", TASK)
    assert reward(seen((distance_m * factor, 0, 0))) < reward(seen((distance_m, 0, 0)))


def test_image_is_minus_the_sum_of_pixel_differences():
    goal = np.full((32, 32), 100, np.uint8)
    raw = RewardConfig(match_brightness=False)
    reward = make_reward("image", TASK, goal_image=goal, config=raw)
    other = goal.copy()
    other[0, :4] = 151
    assert reward(seen(image=goal)) == 0.0
    assert reward(seen(image=other)) == pytest.approx(-4 * 51 / 255)
    with pytest.raises(ShapeError, match="image"):
        reward(seen())


def test_image_reward_does_not_mind_a_darker_day():
    goal = np.tile(np.arange(60, 124, 2, dtype=np.uint8), (32, 1))
    darker = (goal // 2).astype(np.uint8)
    assert make_reward("image", TASK, goal_image=goal)(seen(image=darker)) == pytest.approx(0.0)
    raw = make_reward("image", TASK, goal_image=goal, config=RewardConfig(match_brightness=False))
    assert raw(seen(image=darker)) == pytest.approx(-float((goal - darker).sum()) / 255)
    black = np.zeros((32, 32), np.uint8)
    assert np.isfinite(make_reward("image", TASK, goal_image=goal)(seen(image=black)))


def test_image_reward_wants_a_goal_image():
    assert needs_image("image")
    assert not needs_image("dense")
    with pytest.raises(ConfigError, match="goal_image_file"):
        make_reward("image", TASK)
    with pytest.raises(UnknownNameError, match="dense"):
        make_reward("dens", TASK)


def test_goal_image_is_found_beside_the_task(tmp_path: Path):
    picture = np.arange(32 * 32, dtype=np.uint32).reshape(32, 32).astype(np.uint8)
    write_pgm(tmp_path / "goal.pgm", picture)
    (tmp_path / "task.yaml").write_text(
        "connector: usb\ngoal_position_m: [0.5, 0.16, 0.108]\n"
        "goal_quat_xyzw: [1.0, 0.0, 0.0, 0.0]\nmouth_height_m: 0.01\n"
        "insertion_depth_m: 0.01\ngoal_image_file: goal.pgm\n"
    )
    task = load_task(tmp_path / "task.yaml")
    assert np.array_equal(read_pgm(Path(task.goal_image_file)), picture)
    assert make_reward("image", task)(seen(image=picture)) == 0.0


def test_a_truncated_picture_is_refused(tmp_path: Path):
    path = tmp_path / "goal.pgm"
    write_pgm(path, np.zeros((4, 5), np.uint8))
    assert [entry.name for entry in tmp_path.iterdir()] == ["goal.pgm"]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ConfigError, match="19 pixels"):
        read_pgm(path)
    path.write_bytes(b"P6\n1 1\n255\nabc")
    with pytest.raises(ConfigError, match="PGM"):
        read_pgm(path)
    with pytest.raises(ConfigError, match="readable"):
        read_pgm(tmp_path / "none.pgm")
