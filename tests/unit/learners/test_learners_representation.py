"""The regression that teaches an actor's encoder what the critics see besides."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sawyer_core import ConfigError
from sawyer_policies.learners import ReplayBuffer, SacConfig, Td3Config, make_learner
from sawyer_policies.learners.batch import Batch
from sawyer_policies.learners.config import EncoderConfig
from sawyer_policies.learners.errors import NonFiniteLossError
from sawyer_policies.observations import LearnerSpaces

SPACES = LearnerSpaces(state_dim=3, image_shape=(32, 32), privileged_dim=2)
CONFIGS = {
    "sac": SacConfig(hidden=(16, 16), batch_size=32),
    "td3": Td3Config(hidden=(16, 16), batch_size=32),
}


def replay_of_spots(count: int = 256) -> ReplayBuffer:
    """Pictures with a bright spot; the critics are told where it is, from -1 to 1."""
    rng = np.random.default_rng(0)
    replay = ReplayBuffer(count, SPACES)
    for _ in range(count):
        row, column = rng.integers(2, 30, 2)
        image = rng.integers(0, 40, (32, 32)).astype(np.uint8)
        image[row - 2 : row + 2, column - 2 : column + 2] = 220
        place = np.array([0.0, row / 16.0 - 1.0, column / 16.0 - 1.0], dtype=np.float32)
        seen = {"state": place, "image": image}
        action = rng.uniform(-1, 1, 3).astype(np.float32)
        replay.add(seen, action, float(rng.standard_normal()), seen, False)
    return replay


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_the_code_learns_to_tell_where_the_spot_is(name: str, fast: bool) -> None:
    replay = replay_of_spots()
    learner = make_learner(name, CONFIGS[name], SPACES, seed=0, fast=fast)
    first = learner.represent(replay, 1)
    learner.represent(replay, 150)
    assert learner.represent(replay, 10) < 0.2 * first


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_it_trains_encoder_and_layer_and_nothing_else(name: str) -> None:
    replay = replay_of_spots(64)
    learner = make_learner(name, CONFIGS[name], SPACES, seed=0)
    before = learner.state()[0]
    learner.represent(replay, 3)
    after = learner.state()[0]
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    weights = {key for key in changed if not key.startswith("adam.")}
    assert weights == {
        key for key in before if key.startswith(("actor.encoder", "representation"))
    }
    assert all(key.startswith("adam.representation") for key in changed - weights)
    assert "representation.weight" not in learner.policy_network()[1]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_a_decoupled_encoder_is_the_regressions_alone(name: str, fast: bool) -> None:
    replay = replay_of_spots(64)
    config = replace(CONFIGS[name], encoder=EncoderConfig(decoupled=True))
    learner = make_learner(name, config, SPACES, seed=0, fast=fast)
    before = learner.policy_network()[1]
    learner.update_many(replay, 8)
    after = learner.policy_network()[1]
    for key in before:
        same = torch.equal(before[key], after[key])
        assert same == key.startswith("encoder."), key
    learner.represent(replay, 1)
    assert not torch.equal(
        before["encoder.linear.weight"], learner.policy_network()[1]["encoder.linear.weight"]
    )


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_both_ways_to_update_agree(name: str, decoupled: bool) -> None:
    """Tolerance 2e-4, as for updates from pictures."""
    replay = replay_of_spots(64)
    config = replace(CONFIGS[name], encoder=EncoderConfig(decoupled=decoupled))
    both = [make_learner(name, config, SPACES, seed=0, fast=fast) for fast in (False, True)]
    for learner in both:
        learner.update_many(replay, 4)
        learner.represent(replay, 4)
        learner.update_many(replay, 4)
    plain, fast = (learner.state()[0] for learner in both)
    assert plain.keys() == fast.keys()
    assert max(float((plain[key] - fast[key]).abs().max()) for key in plain) < 2e-4


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_a_state_goes_on_to_the_same_curve(name: str) -> None:
    replay = replay_of_spots(64)
    straight, first = (make_learner(name, CONFIGS[name], SPACES, seed=3) for _ in range(2))
    for learner in (straight, first):
        learner.represent(replay, 4)
    second = make_learner(name, CONFIGS[name], SPACES, seed=99)
    second.load_state(*first.state())
    assert second.represent(replay, 4) == straight.represent(replay, 4)
    for key, value in straight.state()[0].items():
        assert torch.equal(value, second.state()[0][key]), key


@pytest.mark.parametrize("fast", [False, True])
def test_a_loss_that_is_not_finite_carries_its_batch_and_changes_nothing(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = replay_of_spots(8)
    learner = make_learner("sac", CONFIGS["sac"], SPACES, seed=0, fast=fast)
    sample = replay.sample

    def damaged(n: int, rng: np.random.Generator) -> Batch:
        batch = sample(n, rng)
        batch.obs["state"][0] = torch.nan
        return batch

    monkeypatch.setattr(replay, "sample", damaged)
    before = learner.state()[0]
    with pytest.raises(
        NonFiniteLossError, match=r"update 1 .*representation_loss = nan"
    ) as raised:
        learner.represent(replay, 2)
    assert raised.value.batch.obs["state"][0].isnan().all()
    after = learner.state()[0]
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize(
    "spaces", [LearnerSpaces(3, (32, 32)), LearnerSpaces(5, None, privileged_dim=2)]
)
def test_without_an_encoder_of_its_own_it_is_refused(spaces: LearnerSpaces) -> None:
    learner = make_learner("sac", CONFIGS["sac"], spaces, seed=0)
    with pytest.raises(ConfigError, match="an actor with pictures and privileged critics"):
        learner.represent(replay_of_spots(8), 1)
