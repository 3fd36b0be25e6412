"""The Gymnasium environment."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_sim.env import InsertionEnv

ENV = "sawyer_sim:Sawyer/Insertion-v0"


@pytest.mark.parametrize("observation", ["state", "image32", "both"])
def test_passes_the_checker(observation):
    env = gymnasium.make(ENV, observation=observation, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()


def test_same_seed_same_rollout_after_other_episodes():
    env = InsertionEnv("usb", noise_mm=1.0)
    actions = np.random.default_rng(0).uniform(-1, 1, (6, 3)).astype(np.float32)

    def rollout(seed):
        seen = [env.reset(seed=seed)[0]]
        seen += [env.step(action)[0] for action in actions]
        return np.array(seen)

    first = rollout(5)
    rollout(6)
    assert np.array_equal(rollout(5), first)
    env.close()


def test_action_is_scaled_and_added_to_the_base():
    env = InsertionEnv("usb", action_scale_m=0.0005)
    env.reset(seed=1)
    env.step(np.array([1.0, -1.0, 0.5], dtype=np.float32))
    action = env._session.core.last_action
    assert action.learned_m == pytest.approx([5e-4, -5e-4, 2.5e-4])
    assert action.command_m == pytest.approx(action.base_m + action.learned_m)
    assert action.base_m[2] < -0.01
    env.close()


def test_base_none_gives_the_learned_action_alone():
    env = InsertionEnv("usb", base_controller="none")
    env.reset(seed=1)
    env.step(np.zeros(3, dtype=np.float32))
    assert np.array_equal(env._session.core.last_action.command_m, np.zeros(3))
    env.close()


def test_success_terminates_with_a_result_and_the_reward():
    env = InsertionEnv("usb")
    env.reset(seed=0)
    ended, rewards = False, []
    while not ended:
        _, reward, terminated, truncated, info = env.step(np.zeros(3, dtype=np.float32))
        rewards.append(reward)
        ended = terminated or truncated
    assert terminated
    assert info["result"]["success"]
    assert rewards[0] == 0.0
    assert rewards[-1] == 1.0
    env.close()


def test_horizon_truncates():
    env = InsertionEnv("usb", base_controller="none", horizon=3)
    env.reset(seed=0)
    for _ in range(3):
        _, _, terminated, truncated, info = env.step(np.zeros(3, dtype=np.float32))
    assert (terminated, truncated) == (False, True)
    assert info["result"]["reason"] == "horizon"
    env.close()


def test_dense_reward_grows_towards_the_goal():
    env = InsertionEnv("usb", reward="dense")
    env.reset(seed=0)
    rewards = [env.step(np.zeros(3, dtype=np.float32))[1] for _ in range(5)]
    assert rewards == sorted(rewards)
    env.close()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"connector": "usbc"}, UnknownNameError),
        ({"observation": "pixels"}, UnknownNameError),
        ({"base_controller": "pid"}, UnknownNameError),
        ({"reward": "shaped"}, UnknownNameError),
        ({"render_mode": "human"}, UnknownNameError),
        ({"action_scale_m": 0.5}, ConfigError),
        ({"noise_mm": -1.0}, ConfigError),
    ],
)
def test_bad_arguments_are_refused(changes, error):
    with pytest.raises(error):
        InsertionEnv(**changes)


def test_unknown_option_is_refused():
    env = InsertionEnv("usb")
    with pytest.raises(UnknownNameError, match="noise_mm"):
        env.reset(seed=0, options={"noise": 1.0})
    env.close()


def test_vectorises_over_processes():
    envs = gymnasium.make_vec(
        ENV, num_envs=2, vectorization_mode="async", vector_kwargs={"context": "spawn"}
    )
    seen, _ = envs.reset(seed=[3, 4])
    assert seen.shape == (2, 4)
    seen, reward, _, _, _ = envs.step(np.zeros((2, 3), dtype=np.float32))
    assert reward.shape == (2,)
    alone = InsertionEnv("usb")
    alone.reset(seed=4)
    expected = alone.step(np.zeros(3, dtype=np.float32))[0]
    assert np.array_equal(seen[1], expected)
    alone.close()
    envs.close()
