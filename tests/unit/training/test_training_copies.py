"""Copies of a step: the same command under other goals, the same assembly in a mirror."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from sawyer_controllers.blocks.rewards import BlocksReward
from sawyer_controllers.p_controller import PController, PControllerConfig
from sawyer_core.errors import ConfigError
from sawyer_policies.observations import preset
from sawyer_policies.training import train, training_config
from sawyer_policies.training.copies import SIGNS, GoalCopies, Step, make_copies, mirrored
from sawyer_policies.training.environment import TrainingEnvironment
from sawyer_policies.training.loop import TrainingLoop
from sawyer_policies.training.testing import GOAL, PointEnv, make_point, tiny

CONFIG = training_config({"goal_copies": 5, "noise_mm": 1.0})
UNIT = st.floats(-1.0, 1.0, width=32)
VECTOR = st.tuples(UNIT, UNIT, UNIT).map(np.array)


def insertion_step(offset: Any, goal_offset: Any, action: Any) -> Step:
    goal = GOAL + 1e-3 * np.asarray(goal_offset) * (1.0, 1.0, 0.0)
    seen = {"ee_position": GOAL + 0.01 * np.asarray(offset), "goal_position": goal}
    following = {"ee_position": GOAL + 0.005 * np.asarray(offset), "goal_position": goal}
    return Step(seen, np.asarray(action, dtype=np.float32), following)


@given(VECTOR, VECTOR, VECTOR, st.integers(0, 10_000), st.sampled_from([1.0, 0.5]))
def test_goal_copies_command_the_same_and_stay_within_the_noise(
    offset: Any, goal_offset: Any, action: Any, number: int, gain: float
) -> None:
    base = PController(PControllerConfig((gain, gain, 0.3)))
    step = insertion_step(offset, goal_offset, action)
    copies = list(GoalCopies(CONFIG, GOAL, base)(step, number))
    assert len(copies) == 5

    def command(one: Step) -> Any:
        asked = base.action(one.seen["ee_position"], one.seen["goal_position"])
        return asked + one.action * CONFIG.action_scale_m

    for copy in copies:
        np.testing.assert_allclose(command(copy), command(step), atol=1e-9)
        assert np.abs(copy.action).max() <= 1.0
        assert np.abs(copy.seen["goal_position"] - GOAL).max() <= 1e-3 + 1e-12
        assert copy.seen["goal_position"][2] == GOAL[2]
        assert np.array_equal(copy.following["goal_position"], copy.seen["goal_position"])
        for name, before in (("seen", step.seen), ("following", step.following)):
            assert np.array_equal(getattr(copy, name)["ee_position"], before["ee_position"])


def test_goals_of_the_copies_fill_the_noise_and_depend_on_seed_and_number_alone() -> None:
    make = GoalCopies(CONFIG, GOAL, PController())
    step = insertion_step([0, 0, 1], [0.9, -0.9, 0], [0, 0, 0])
    copies = [copy for number in range(200) for copy in make(step, number)]
    goals = 1e3 * np.array([copy.seen["goal_position"] - GOAL for copy in copies])
    # a full action makes up for 1.5 mm: no goal is further from the one of the step
    np.testing.assert_allclose(goals[:, :2].min(axis=0), [-0.6, -1.0], atol=0.05)
    np.testing.assert_allclose(goals[:, :2].max(axis=0), [1.0, 0.6], atol=0.05)
    again = [copy for number in range(200) for copy in make(step, number)]
    assert all(np.array_equal(a.action, b.action) for a, b in zip(copies, again, strict=True))
    assert not np.array_equal(copies[0].action, copies[5].action)


def blocks_step(rng: np.random.Generator) -> Step:
    def arrays() -> dict[str, Any]:
        rows = np.column_stack(
            [rng.uniform(-0.02, 0.02, (2, 3)), rng.uniform(-0.4, 0.4, 2), rng.uniform(0, 0.4, 2)]
        )
        return {
            "ee_position": GOAL + rng.uniform(-0.05, 0.05, 3),
            "goal_position": GOAL,
            "force": rng.uniform(-5, 5, 3),
            "object_state": rows.reshape(-1),
        }

    return Step(arrays(), rng.uniform(-1, 1, 3).astype(np.float32), arrays())


@given(st.integers(0, 2**32 - 1))
def test_mirrors_keep_the_reward_and_undo_themselves(seed: int) -> None:
    step = blocks_step(np.random.default_rng(seed))
    reward = BlocksReward(GOAL)
    copies = list(mirrored(step, 0))
    assert len(copies) == training_config({"task": "blocks", "mirror_copies": True}).copies
    for index, copy in enumerate(copies):
        for name in ("seen", "following"):
            before, after = getattr(step, name), getattr(copy, name)
            assert reward(after["ee_position"], after["object_state"]) == pytest.approx(
                reward(before["ee_position"], before["object_state"])
            )
            back = getattr(list(mirrored(copy, 0))[index], name)
            for key, value in before.items():
                np.testing.assert_allclose(back[key], value, atol=1e-12)


def test_left_and_right_change_places() -> None:
    step = blocks_step(np.random.default_rng(0))
    left, right = np.asarray(step.seen["object_state"]).reshape(2, 5)
    swapped, turned, _ = mirrored(step, 0)
    assert SIGNS[:2] == ((-1.0, 1.0), (1.0, -1.0))
    rows = swapped.seen["object_state"].reshape(2, 5)
    np.testing.assert_allclose(rows[0], right * [-1, 1, 1, -1, 1])
    np.testing.assert_allclose(rows[1], left * [-1, 1, 1, -1, 1])
    rows = turned.seen["object_state"].reshape(2, 5)
    np.testing.assert_allclose(rows[0], left * [1, -1, 1, -1, 1])
    np.testing.assert_allclose(turned.action, step.action * [1, -1, 1])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"goal_copies": 2, "base_controller": "none"}, "an observation with goal_error"),
        ({"goal_copies": 2, "reward": "sparse"}, "an observation with goal_error"),
        ({"goal_copies": 2, "task": "blocks"}, "an observation with goal_error"),
        ({"mirror_copies": True}, "false but for task blocks"),
        (
            {"task": "blocks", "mirror_copies": True, "env.control_mu": 0.1},
            "false with env.control_mu = 0.1",
        ),
        (
            {"task": "blocks", "mirror_copies": True, "base_policy": "residual_blocks"},
            "false with base_policy = residual_blocks",
        ),
        ({"goal_copies": 2, "n_step": 2}, "1 with goal_copies or mirror_copies"),
    ],
)
def test_copies_that_would_be_wrong_are_refused(values: "dict[str, Any]", said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        training_config(values)
    assert said in str(raised.value)


def test_a_run_stores_them_with_the_reward_of_the_step(tmp_path: Any) -> None:
    config = tiny(observation="state_goal", goal_copies=3, learning_starts=1000, steps=40)
    environment = TrainingEnvironment(PointEnv(config), preset("state_goal", GOAL))
    loop = TrainingLoop(
        config,
        tmp_path,
        environment,
        writer=None,
        notify=print,  # type: ignore[arg-type]
    )
    loop.run_episode()
    batch = loop.replay.gather(torch.arange(len(loop.replay)))
    assert len(loop.replay) == 4 * loop.state.env_steps
    assert loop.replay.capacity == 160
    rewards = batch.reward.reshape(-1, 4).numpy()
    assert (rewards == rewards[:, :1]).all()


@pytest.mark.parametrize("n_step", [1, 3])
def test_learning_waits_for_the_first_stored_step(tmp_path: Any, n_step: int) -> None:
    config = tiny(n_step=n_step, update_at="step", learning_starts=1, steps=30)
    result = train(config, tmp_path, environment=make_point)
    assert (result.env_steps, result.finished) == (30, True)


def test_none_are_made_unless_asked_for() -> None:
    make = make_copies(training_config({"goal_copies": 0}), GOAL, PController())
    assert not list(make(insertion_step([0, 0, 1], [0, 0, 0], [0, 0, 0]), 0))
