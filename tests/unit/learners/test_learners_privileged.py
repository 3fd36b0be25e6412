"""Critics with an observation of their own, and an actor that sees only its part."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sawyer_core import UnknownNameError
from sawyer_policies.learners import ReplayBuffer, SacConfig, Td3Config, make_learner
from sawyer_policies.observations import LearnerSpaces, ObservationEncoder, preset

SPACES = LearnerSpaces(state_dim=3, image_shape=(32, 32), privileged_dim=2)
CONFIGS = {
    "sac": SacConfig(hidden=(16, 16), batch_size=16, policy_delay=2),
    "td3": Td3Config(hidden=(16, 16), batch_size=16),
}


def filled(count=64):
    rng = np.random.default_rng(0)
    replay = ReplayBuffer(count, SPACES)

    def seen():
        return {
            "state": rng.normal(size=3).astype(np.float32),
            "image": rng.integers(0, 256, (32, 32), dtype=np.uint8),
        }

    for _ in range(count):
        action = rng.uniform(-1, 1, 3).astype(np.float32)
        replay.add(seen(), action, float(rng.normal()), seen(), False)
    return replay


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_the_policy_does_not_see_what_is_privileged(name):
    learner = make_learner(name, CONFIGS[name], SPACES, seed=0)
    learner.update_many(filled(), 6)
    rng = np.random.default_rng(1)
    obs = {"state": np.zeros((1, 3), np.float32), "image": np.full((1, 32, 32), 90, np.uint8)}
    other = {**obs, "state": np.array([[0.0, 5.0, -5.0]], np.float32)}
    own = {**obs, "state": np.array([[2.0, 0.0, 0.0]], np.float32)}
    action = learner.act(obs, deterministic=True, rng=rng)
    assert np.array_equal(learner.act(other, deterministic=True, rng=rng), action)
    assert not np.array_equal(learner.act(own, deterministic=True, rng=rng), action)
    architecture, weights = learner.policy_network()
    assert architecture["state_dim"] == 1
    assert any(key.startswith("encoder.") for key in weights)


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_the_actor_trains_its_own_encoder_and_warm_up_leaves_it(name):
    learner = make_learner(name, CONFIGS[name], SPACES, seed=0)
    replay = filled()
    before = learner.policy_network()[1]
    learner.update_many(replay, 4, update_actor=False)
    after = learner.policy_network()[1]
    assert all(torch.equal(before[key], after[key]) for key in before)
    learner.update_many(replay, 8)
    trained = learner.policy_network()[1]
    assert not torch.equal(before["encoder.convs.0.weight"], trained["encoder.convs.0.weight"])
    assert learner.actor_updates == 4  # every second one


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_a_state_goes_on_to_the_same_curve(name):
    replay = filled()
    straight = make_learner(name, CONFIGS[name], SPACES, seed=3)
    straight.update_many(replay, 10)
    first = make_learner(name, CONFIGS[name], SPACES, seed=3)
    first.update_many(replay, 5)
    second = make_learner(name, CONFIGS[name], SPACES, seed=99)
    second.load_state(*first.state())
    second.update_many(replay, 5)
    for key, value in straight.state()[0].items():
        assert torch.equal(value, second.state()[0][key]), key


def test_a_replay_of_other_spaces_is_not_taken(tmp_path):
    replay = filled(8)
    replay.save(tmp_path)
    assert ReplayBuffer.load(tmp_path, SPACES).spaces == SPACES


def test_privileged_features_follow_those_of_the_policy():
    config = preset("image32", (0.5, 0.16, 0.108), critic="state_goal")
    encoder = ObservationEncoder(config)
    assert encoder.spaces == LearnerSpaces(7, (32, 32), privileged_dim=7)
    assert encoder.spaces.of_policy() == LearnerSpaces(0, (32, 32))
    served = ObservationEncoder(config.for_policy())
    assert served.spaces == LearnerSpaces(0, (32, 32))
    assert [spec.name for spec in served.observation_spec().arrays] == ["image"]
    with pytest.raises(UnknownNameError, match="image"):
        preset("image32", critic="image32")


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_normalised_critics_stay_bounded_and_learn(name):
    spaces = LearnerSpaces(2, None)
    config = replace(CONFIGS[name], critic_layer_norm=True)
    learner = make_learner(name, config, spaces, seed=0)
    far = {"state": torch.full((1, 2), 1e6)}
    value = learner.critic(learner.critic.code(far), torch.zeros(1, 3)).detach()
    assert float(value.abs().max()) < 100.0
    plain = make_learner(name, CONFIGS[name], spaces, seed=0, fast=False)
    unbounded = plain.critic(plain.critic.code(far), torch.zeros(1, 3)).detach()
    assert float(unbounded.abs().max()) > 1000.0
    names = [key for key in learner.state()[0] if "gains" in key and key.startswith("critic.")]
    assert len(names) == 2
