"""What the loop stores, when it learns, and with which seeds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sawyer_policies.observations import preset
from sawyer_policies.training import TrainingLoop, transition_end
from sawyer_policies.training.disk import PatientWriter
from sawyer_policies.training.environment import Outcome, TrainingEnvironment
from sawyer_policies.training.exploration import push_action
from sawyer_policies.training.metrics import read_metrics
from sawyer_policies.training.testing import GOAL, PointEnv, tiny


def make_loop(tmp_path: Path, config: Any, **of_env: Any) -> "tuple[TrainingLoop, PointEnv]":
    env = PointEnv(config, **of_env)
    environment = TrainingEnvironment(env, preset(config.observation, GOAL))
    writer = PatientWriter(lambda _: None)
    loop = TrainingLoop(config, tmp_path, environment, writer=writer, notify=lambda _: None)
    return loop, env


def outcome(
    *, ended: bool, cut: bool = False, valid: bool = True, reason: str = "success"
) -> Outcome:
    info = {"result": {"valid": valid, "reason": reason}} if ended or cut else {}
    return Outcome({}, -2.0, ended, cut, info)


def test_end_goes_on_for_ever_and_time_limit_does_not_end() -> None:
    config = tiny()  # gamma 0.98: the sum of -2 for ever is -100
    assert transition_end(config, -2.0, outcome(ended=False)) == (-2.0, False)
    assert transition_end(config, -2.0, outcome(ended=False, cut=True)) == (-2.0, False)
    assert transition_end(config, -2.0, outcome(ended=True)) == (pytest.approx(-100.0), True)
    assert transition_end(config, -2.0, outcome(ended=True, valid=False)) == (-2.0, False)
    scaled = tiny(reward_scale=0.5)
    assert transition_end(scaled, -2.0, outcome(ended=True)) == (pytest.approx(-50.0), True)
    plain = tiny(absorbing_terminals=False)
    assert transition_end(plain, -2.0, outcome(ended=True)) == (-2.0, True)


def test_offset_and_penalty_of_a_stop() -> None:
    config = tiny(reward_offset=3.0, reward_scale=0.1, stop_penalty=5.0)
    assert transition_end(config, -2.0, outcome(ended=False)) == (pytest.approx(0.1), False)
    assert transition_end(config, -2.0, outcome(ended=True)) == (pytest.approx(5.0), True)
    stop = outcome(ended=True, reason="safety_stop")
    assert transition_end(config, -2.0, stop) == (pytest.approx(-20.0), True)


def test_stored_transitions(tmp_path: Path) -> None:
    config = tiny(warmup_steps=1000, horizon=5)
    loop, env = make_loop(tmp_path, config, stop_at=4)
    loop.run_episode()
    batch = loop.replay.gather(__import__("torch").arange(len(loop.replay)))
    assert len(batch) == 4
    # the policy's own action, not the displacement, nor the sum with the base's
    np.testing.assert_array_equal(batch.action.numpy(), np.array(env.actions, dtype=np.float32))
    assert batch.terminal.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert batch.reward[3] < 20.0 * batch.reward[2]
    np.testing.assert_array_equal(
        batch.obs["state"][1:].numpy(), batch.next_obs["state"][:-1].numpy()
    )


def test_time_limit_is_no_end(tmp_path: Path) -> None:
    config = tiny(horizon=3, warmup_action="zero", warmup_steps=1000, base_controller="none")
    loop, env = make_loop(tmp_path, config)
    row = loop.run_episode()
    assert (row["steps"], row["reason"], row["success"]) == (3, "horizon", False)
    batch = loop.replay.gather(__import__("torch").arange(3))
    assert batch.terminal.tolist() == [0.0, 0.0, 0.0]
    assert np.array(env.actions).tolist() == np.zeros((3, 3)).tolist()


@pytest.mark.parametrize("update_at", ["episode", "step"])
def test_only_critics_learn_while_warming_up(tmp_path: Path, update_at: str) -> None:
    config = tiny(warmup_steps=60, learning_starts=20, update_at=update_at, horizon=10)
    loop, _ = make_loop(tmp_path, config)
    weights = {name: value.clone() for name, value in loop.learner.policy_network()[1].items()}
    while loop.state.env_steps < 40:
        loop.run_episode()
    assert loop.learner.updates > 0
    assert loop.learner.actor_updates == 0
    now = loop.learner.policy_network()[1]
    assert all(np.array_equal(weights[name].numpy(), now[name].numpy()) for name in weights)
    while loop.state.env_steps < 120:
        loop.run_episode()
    assert loop.learner.actor_updates > 0


def test_updates_per_step(tmp_path: Path) -> None:
    config = tiny(updates_per_step=3, learning_starts=1, horizon=10)
    loop, _ = make_loop(tmp_path, config)
    loop.run_episode()
    assert loop.learner.updates == 3 * loop.state.env_steps
    none = make_loop(tmp_path, tiny(updates_per_step=0))[0]
    none.run_episode()
    assert none.learner.updates == 0


def test_seeds_of_training_episodes(tmp_path: Path) -> None:
    loop, env = make_loop(tmp_path, tiny(seed=7))
    for _ in range(3):
        loop.run_episode()
    assert env.seeds == [1_700_000, 1_700_001, 1_700_002]
    largest = tiny(seed=20_000).episode_seed(99_999)
    assert largest < 2**31


def test_warm_up_of_the_fresh_policy_has_mean_zero(tmp_path: Path) -> None:
    loop, _ = make_loop(tmp_path, tiny(warmup_steps=10_000))
    seen = {"state": np.ones(4, dtype=np.float32)}
    actions = np.array([loop.choose(seen) for _ in range(400)])
    assert np.abs(actions.mean(axis=0)).max() < 0.08  # std 0.37 / sqrt(400) = 0.02
    uniform, _ = make_loop(tmp_path, tiny(warmup_steps=10_000, warmup_action="uniform"))
    drawn = np.array([uniform.choose(seen) for _ in range(400)])
    assert drawn.std() == pytest.approx(1 / np.sqrt(3), abs=0.05)


def test_weight_average(tmp_path: Path) -> None:
    loop, _ = make_loop(tmp_path, tiny(actor_average_decay=0.5, warmup_steps=0, horizon=5))
    seen = []
    for _ in range(8):
        loop.run_episode()
        seen.append({n: v.numpy().copy() for n, v in loop.learner.policy_network()[1].items()})
    expected = {name: value.copy() for name, value in seen[0].items()}
    for weights in seen[1:]:
        expected = {n: 0.5 * expected[n] + 0.5 * weights[n] for n in expected}
    average = loop.policy()[1]
    for name, value in expected.items():
        np.testing.assert_allclose(average[name].numpy(), value, rtol=1e-5, atol=1e-7)
    last = loop.learner.policy_network()[1]
    assert any(not np.allclose(average[name], last[name]) for name in last)


@pytest.mark.parametrize("n_step", [1, 3])
def test_a_step_that_a_hold_took_the_place_of_is_not_stored(tmp_path: Path, n_step: int) -> None:
    config = tiny(learning_starts=1000, steps=12, horizon=6, n_step=n_step)
    loop, env = make_loop(tmp_path, config)
    act, number = env.step, iter(range(100))

    def step(action: Any) -> Any:
        seen, reward, ended, cut, info = act(action)
        return seen, reward, ended, cut, {**info, "held": next(number) == 2}

    env.step = step  # type: ignore[method-assign]
    loop.run()
    stored = loop.replay.gather(torch.arange(len(loop.replay)))
    assert len(loop.replay) == 11
    kept = [action for index, action in enumerate(env.actions) if index != 2]
    np.testing.assert_allclose(stored.action.numpy(), np.array(kept), atol=1e-6)


def test_budget_cuts_the_last_episode(tmp_path: Path) -> None:
    config = tiny(steps=25, horizon=10, base_controller="none", warmup_action="zero")
    loop, _ = make_loop(tmp_path, config)
    assert loop.run()
    rows = read_metrics(tmp_path)
    assert [row["steps"] for row in rows] == [10, 10, 5]
    assert rows[-1]["reason"] == "budget"
    assert rows[-1]["final_distance_m"] is None
    assert rows[-1]["success_rate_20"] == 0.0


def test_a_push_is_one_full_axis_for_the_first_steps_of_an_episode() -> None:
    lengths = set()
    for episode in range(60):
        actions = np.array([push_action(3, episode, step, 5) for step in range(20)])
        size = np.abs(actions).sum(axis=1)
        length = int(size.sum())
        assert size.tolist() == [1.0] * length + [0.0] * (20 - length)
        assert (actions[:length] == actions[0]).all()
        lengths.add(length)
    assert lengths == set(range(1, 11))


def test_what_was_learned_from_demonstrations_is_not_learned_again(tmp_path: Path) -> None:
    config = tiny(demo_pretrain_updates=30, steps=60)
    shown, _ = make_loop(tmp_path / "shown", tiny(steps=40))
    shown.run()

    def make(name: str) -> TrainingLoop:
        loop, _ = make_loop(tmp_path / name, config)
        loop.demo_replay = shown.replay
        return loop

    whole, cut = make("whole"), make("cut")
    whole.run()
    assert not cut.run(stop=lambda: True)
    assert cut.learner.updates == 30
    rest = make("cut")
    assert rest.restore()
    rest.run()
    assert rest.learner.updates == whole.learner.updates
    for name, value in rest.learner.state()[0].items():
        assert torch.equal(value, whole.learner.state()[0][name]), name


def test_a_warm_up_by_pushes_is_what_the_run_stores(tmp_path: Path) -> None:
    config = tiny(warmup_steps=10_000, warmup_action="push", noise_hold_steps=3, steps=60)
    loop, env = make_loop(tmp_path, config)
    loop.run()
    acted = np.array(env.actions)
    assert set(np.abs(acted).sum(axis=1).tolist()) == {0.0, 1.0}
