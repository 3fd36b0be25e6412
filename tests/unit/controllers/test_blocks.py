"""Block assembly: reward of eq. (44), success, yaw and control noise of an episode."""

import dataclasses

import numpy as np
import pytest

from sawyer_controllers.blocks import (
    BlocksReward,
    BlocksRewardConfig,
    BlocksSensor,
    BlocksSuccessConfig,
    make_blocks_reward,
    make_sensor,
)
from sawyer_controllers.episode import EpisodeCore, EpisodeSpec, draw_episode
from sawyer_controllers.sensing import Evidence, InsertionSensor, SensingConfig
from sawyer_core import ConfigError, SensorFrame, UnknownNameError
from sawyer_core.tasks import InsertionTask
from sawyer_core.testing import FakeArm

GOAL = (0.5, 0.16, 0.128)
TASK = InsertionTask(
    connector="blocks",
    kind="blocks",
    goal_position_m=GOAL,
    goal_quat_xyzw=(0.70710678118654752, 0.70710678118654752, 0.0, 0.0),
    mouth_height_m=0.049,
    insertion_depth_m=0.049,
    electrical=False,
    base_gains=(0.5, 0.5, 0.3),
    learned_clip_m=0.01,
)
STANDING = np.zeros(10)
PERIOD_NS = 100_000_000


def blocks(**values: float) -> np.ndarray:
    """Object state with some of left/right x, y, z, yaw, tilt set, e.g. ``right_tilt=0.2``."""
    state = np.zeros(10)
    for name, value in values.items():
        side, what = name.split("_")
        state[5 * (side == "right") + ("x", "y", "z", "yaw", "tilt").index(what)] = value
    return state


def test_the_reward_is_f_plus_g_by_hand() -> None:
    config = BlocksRewardConfig(
        distance_weight_per_m=1.0, near_weight=0.0, tilt_weight_per_rad=0.1,
        shift_weight_per_m=1.0, yaw_weight_per_rad=0.1, scale=1.0,
    )  # fmt: skip
    reward = BlocksReward(GOAL, config)
    at = np.add(GOAL, [0.03, 0.0, 0.04])  # 50 mm away
    state = blocks(left_x=0.003, left_y=0.004, left_yaw=-0.2, right_tilt=0.1)
    # -0.05 - 0.1 * 0.1 - 1 * 0.005 - 0.1 * 0.2
    assert reward(at, state) == pytest.approx(-0.085)
    assert reward(GOAL, STANDING) == 0.0


def test_a_toppled_block_costs_no_more_than_the_limits() -> None:
    config = BlocksRewardConfig()
    reward = BlocksReward(GOAL, config)
    toppled = blocks(left_x=0.2, left_yaw=2.5, left_tilt=1.57)
    worst = config.scale * (
        config.tilt_weight_per_rad * config.tilt_limit_rad
        + config.shift_weight_per_m * config.shift_limit_m
        + config.yaw_weight_per_rad * config.yaw_limit_rad
    )
    assert reward(GOAL, toppled) == pytest.approx(-worst)


def test_rewards_by_name_and_what_they_refuse() -> None:
    turned = blocks(left_yaw=0.3)
    assert make_blocks_reward("blocks", TASK)(GOAL, turned) < 0.0
    assert make_blocks_reward("blocks_tilt", TASK)(GOAL, turned) == 0.0
    with pytest.raises(UnknownNameError, match="blocks_tilt"):
        make_blocks_reward("block", TASK)
    with pytest.raises(ConfigError, match=r"task\.kind"):
        make_blocks_reward("blocks", dataclasses.replace(TASK, kind="insertion"))
    with pytest.raises(ConfigError, match="object_state"):
        make_blocks_reward("blocks", TASK)(GOAL, None)


@pytest.mark.parametrize(
    ("offset_m", "state", "good"),
    [
        (0.0049, STANDING, True),
        (0.0051, STANDING, False),
        (0.0, blocks(left_tilt=np.radians(9.9)), True),
        (0.0, blocks(left_tilt=np.radians(10.1)), False),
        (0.0, blocks(right_x=0.006, right_y=0.0079), True),
        (0.0, blocks(right_x=0.006, right_y=0.0081), False),
        (0.0, blocks(left_yaw=0.4), True),
        (0.0, None, False),
        (0.0, np.full(10, np.nan), False),
    ],
)
def test_success_at_the_boundary(offset_m: float, state: "np.ndarray | None", good: bool) -> None:
    sensor = BlocksSensor(SensingConfig(), TASK)
    at = np.add(GOAL, [0.0, 0.0, offset_m])
    seen = [sensor.update(step * PERIOD_NS, at, GOAL, state) for step in range(7)]
    assert [one.success for one in seen] == [good and step >= 5 for step in range(7)]
    assert [one.inserted for one in seen] == [good and step >= 2 for step in range(7)]
    assert (seen[-1].evidence is Evidence.POSE) is good


def test_success_must_be_held_without_a_break_and_stays() -> None:
    sensor = BlocksSensor(SensingConfig(), TASK, BlocksSuccessConfig())
    good = [True] * 4 + [False] + [True] * 6 + [False] * 2
    seen = [
        sensor.update(step * PERIOD_NS, GOAL, GOAL, STANDING if ok else blocks(left_tilt=1.0))
        for step, ok in enumerate(good)
    ]
    assert [one.success for one in seen].index(True) == 10
    assert seen[-1].success
    assert not seen[-1].inserted
    sensor.reset()
    assert not sensor.update(20 * PERIOD_NS, GOAL, GOAL, STANDING).success


def test_the_sensor_follows_the_kind_of_task() -> None:
    assert isinstance(make_sensor(SensingConfig(), TASK), BlocksSensor)
    plain = dataclasses.replace(TASK, kind="insertion")
    assert isinstance(make_sensor(SensingConfig(), plain), InsertionSensor)


def test_yaw_is_drawn_per_block_and_leaves_the_other_draws_alone() -> None:
    plain = draw_episode(EpisodeSpec("blocks", seed=4))
    assert plain.block_yaw_rad == ()
    specs = [EpisodeSpec("blocks", seed=s, block_yaw_rad=0.3) for s in range(300)]
    draws = [draw_episode(spec) for spec in specs]
    yaw = np.array([draw.block_yaw_rad for draw in draws])
    assert yaw.shape == (300, 2)
    assert np.abs(yaw).max() <= 0.3
    assert np.abs(yaw.mean(axis=0)).max() < 0.03
    assert abs(np.corrcoef(yaw.T)[0, 1]) < 0.15
    assert (draws[4].twin_seed, draws[4].policy_seed) == (plain.twin_seed, plain.policy_seed)


def test_the_discrete_set_has_three_yaws() -> None:
    spec = EpisodeSpec("blocks", block_yaw_rad=0.35, block_yaw_set="discrete")
    drawn = [draw_episode(dataclasses.replace(spec, seed=s)).block_yaw_rad for s in range(300)]
    values, counts = np.unique(np.array(drawn), return_counts=True)
    assert values.tolist() == [-0.35, 0.0, 0.35]
    assert counts.min() > 150  # of 600, a third each


def _core(**spec: float) -> EpisodeCore:
    core = EpisodeCore(TASK)
    made = EpisodeSpec("blocks", seed=7, learned_clip_m=0.01, **spec)
    core.begin(made, draw_episode(made))
    return core


def _frame() -> SensorFrame:
    return FakeArm().frame()


def test_control_noise_is_added_to_the_command_and_logged() -> None:
    frame = _frame()
    quiet, noisy = _core(), _core(control_sigma=0.05, control_mu=0.2)
    samples = []
    for _ in range(400):
        command = noisy.act(frame, None, np.zeros(3)).translation_m
        action = noisy.last_action
        assert action is not None
        np.testing.assert_allclose(command, action.base_m + action.disturbance_m, atol=1e-15)
        assert action.learned_clipped_m.tolist() == [0.0, 0.0, 0.0]
        samples.append(action.disturbance_m / 0.01)
    np.testing.assert_allclose(np.mean(samples, axis=0), 0.2, atol=0.01)
    np.testing.assert_allclose(np.std(samples, axis=0), 0.05, atol=0.006)
    quiet.act(frame, None, np.zeros(3))
    assert quiet.last_action is not None
    assert not quiet.last_action.disturbance_m.any()


def test_the_same_seed_gives_the_same_noise() -> None:
    frame = _frame()
    first, second = _core(control_sigma=0.1), _core(control_sigma=0.1)
    for _ in range(5):
        a = first.act(frame, None, np.zeros(3)).translation_m
        assert a.tolist() == second.act(frame, None, np.zeros(3)).translation_m.tolist()


def test_a_constant_bias_settles_at_bias_over_gain() -> None:
    """Derived in residual_insertion_daib A.6: 0.1 of 1 cm over 0.3 is 3.3 mm."""
    core = _core(control_mu=0.1)
    x = np.add(GOAL, [0.0, 0.0, 0.02])
    for _ in range(60):
        x = x + core._base.action(x, GOAL) + core._disturbance()
    np.testing.assert_allclose(x - GOAL, [0.002, 0.002, 0.001 / 0.3], atol=1e-6)


def test_the_task_has_its_own_gains_and_clip() -> None:
    core = _core()
    frame = _frame()
    core.act(frame, None, [0.02, -0.02, 0.005])
    action = core.last_action
    assert action is not None
    assert action.learned_clipped_m.tolist() == [0.01, -0.01, 0.005]
    error = frame.arm.ee_position_m - np.array(GOAL)
    np.testing.assert_allclose(action.base_m, -np.array([0.5, 0.5, 0.3]) * error)
