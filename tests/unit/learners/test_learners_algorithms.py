"""The learners learn, resume to the same curve and refuse what does not fit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sawyer_core.config import from_mapping
from sawyer_core.errors import ConfigError, ShapeError, UnknownNameError
from sawyer_policies.learners import (
    ALGORITHMS,
    CONFIGS,
    Batch,
    CheckpointError,
    LearnerSpaces,
    NonFiniteLossError,
    PolicyNetwork,
    ReplayBuffer,
    SacConfig,
    Td3Config,
    load_learner,
    make_learner,
    save_learner,
)

SMALL = LearnerSpaces(2, None, 3)
BOTH = LearnerSpaces(2, (32, 32), 3)
LINE = LearnerSpaces(1, None, 1)


def small(name: str, **settings: object):
    return CONFIGS[name](hidden=(16, 16), batch_size=16, **settings)  # type: ignore[arg-type]


def random_replay(spaces: LearnerSpaces, count: int = 64) -> ReplayBuffer:
    rng = np.random.default_rng(1)
    buffer = ReplayBuffer(128, spaces)

    def seen() -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {"state": rng.standard_normal(spaces.state_dim)}
        if spaces.image_shape is not None:
            found["image"] = rng.integers(0, 256, spaces.image_shape).astype(np.uint8)
        return found

    for _ in range(count):
        action = rng.uniform(-1, 1, spaces.action_dim)
        buffer.add(seen(), action, float(rng.standard_normal()), seen(), False)
    return buffer


def best_action(x: np.ndarray) -> np.ndarray:
    return 0.6 * x - 0.2


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_it_finds_the_best_action_on_a_line(name: str, fast: bool) -> None:
    """One step from x in [-1, 1], reward -(a - (0.6 x - 0.2))^2: the optimum is known."""
    rng = np.random.default_rng(0)
    buffer = ReplayBuffer(2048, LINE)
    for _ in range(1024):
        x, action = rng.uniform(-1, 1, 1), rng.uniform(-1, 1, 1)
        reward = -4.0 * float((action - best_action(x))[0] ** 2)
        buffer.add({"state": x}, action, reward, {"state": x}, True)
    rates = {"actor_lr": 5e-3, "critic_lr": 5e-3}
    extra = {"init_alpha": 0.01} if name == "sac" else {}
    config = CONFIGS[name](hidden=(32, 32), batch_size=64, **rates, **extra)  # type: ignore[arg-type]
    learner = make_learner(name, config, LINE, seed=0, fast=fast)
    learner.update_many(buffer, 400)
    x = np.linspace(-0.9, 0.9, 19, dtype=np.float32)[:, None]
    action = learner.act({"state": x}, deterministic=True, rng=rng)
    assert float(np.abs(action - best_action(x)).mean()) < 0.08


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_resumed_run_is_the_uninterrupted_one(name: str, fast: bool, tmp_path: Path) -> None:
    buffer, config = random_replay(SMALL), small(name)
    whole = make_learner(name, config, SMALL, seed=5, fast=fast)
    whole.update_many(buffer, 7, update_actor=False)
    save_learner(tmp_path, *whole.state())
    first = whole.update_many(buffer, 9, demo_replay=buffer)
    resumed = make_learner(name, config, SMALL, seed=99, fast=fast)
    resumed.load_state(*load_learner(tmp_path))
    second = resumed.update_many(buffer, 9, demo_replay=buffer)
    assert first == second
    (tensors, meta), (others, other_meta) = whole.state(), resumed.state()
    assert meta == other_meta
    assert all(torch.equal(tensors[key], others[key]) for key in tensors)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_how_updates_are_grouped_does_not_matter(name: str) -> None:
    buffer = random_replay(SMALL)
    one, many = (make_learner(name, small(name), SMALL, seed=2) for _ in range(2))
    for _ in range(7):
        one.update_many(buffer, 1)
    many.update_many(buffer, 3)
    many.update_many(buffer, 4)
    assert all(torch.equal(a, many.state()[0][key]) for key, a in one.state()[0].items())


def test_a_truncated_or_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    learner = make_learner("sac", small("sac"), SMALL, seed=0)
    tensors, meta = learner.state()
    save_learner(tmp_path, tensors, meta)
    with pytest.raises(CheckpointError, match="'sac' offered to a 'td3'"):
        make_learner("td3", small("td3"), SMALL, seed=0).load_state(tensors, meta)
    wide = make_learner("sac", CONFIGS["sac"](hidden=(8, 8)), SMALL, seed=0)
    with pytest.raises(CheckpointError, match="has shape"):
        wide.load_state(tensors, meta)
    del tensors["log_alpha"]
    with pytest.raises(CheckpointError, match=r"missing \['log_alpha'\]"):
        learner.load_state(tensors, meta)
    file = next(tmp_path.glob("learner_*.safetensors"))
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="cut short or altered"):
        load_learner(tmp_path)


def test_a_new_checkpoint_replaces_the_old_one_only_when_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sawyer_policies.learners import checkpoint

    learner = make_learner("td3", small("td3"), SMALL, seed=0)
    save_learner(tmp_path, *learner.state())
    learner.update_many(random_replay(SMALL), 4)
    writes = []

    def full_disk(path: Path, data: bytes) -> None:
        writes.append(path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write_atomically", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_learner(tmp_path, *learner.state())
    assert len(writes) == 1
    assert load_learner(tmp_path)[1]["updates"] == 0


@pytest.mark.parametrize("spaces", [SMALL, BOTH])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_fresh_residual_is_exactly_zero(name: str, spaces: LearnerSpaces) -> None:
    rng = np.random.default_rng(0)
    obs = {"state": rng.standard_normal((4, 2)).astype(np.float32)}
    if spaces.image_shape is not None:
        obs["image"] = rng.integers(0, 256, (4, 32, 32)).astype(np.uint8)
    learner = make_learner(name, small(name), spaces, seed=0)
    assert (learner.act(obs, deterministic=True, rng=rng) == 0.0).all()
    learner.update_many(random_replay(spaces), 3, update_actor=False)
    assert (learner.act(obs, deterministic=True, rng=rng) == 0.0).all()
    assert learner.actor_updates == 0
    noisy = learner.act(obs, deterministic=False, rng=np.random.default_rng(4))
    again = learner.act(obs, deterministic=False, rng=np.random.default_rng(4))
    assert np.abs(noisy).max() > 0.0
    np.testing.assert_array_equal(noisy, again)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_policy_network_is_the_actor(name: str) -> None:
    learner = make_learner(name, small(name), BOTH, seed=0)
    learner.update_many(random_replay(BOTH), 4)
    arch, weights = learner.policy_network()
    network = PolicyNetwork.from_architecture(arch).load(weights)
    rng = np.random.default_rng(0)
    state = rng.standard_normal((5, 2)).astype(np.float32)
    image = rng.integers(0, 256, (5, 32, 32)).astype(np.uint8)
    with torch.no_grad():
        mean, log_std = network(torch.from_numpy(state), torch.from_numpy(image))
    noise = np.random.default_rng(8).standard_normal((5, 3)).astype(np.float32)
    acted = learner.act({"state": state, "image": image}, deterministic=True, rng=rng)
    np.testing.assert_allclose(acted, np.tanh(mean.numpy()), atol=1e-6)
    if name == "sac":
        drawn = np.tanh(mean.numpy() + np.exp(log_std.numpy()) * noise)
        acted = learner.act(
            {"state": state, "image": image}, deterministic=False, rng=np.random.default_rng(8)
        )
        np.testing.assert_allclose(acted, drawn, atol=1e-6)
    else:
        assert bool(torch.isinf(log_std).all())
    weights.pop("trunk.layers.0.bias")
    with pytest.raises(ShapeError, match=r"trunk\.layers\.0\.bias"):
        PolicyNetwork.from_architecture(arch).load(weights)
    with pytest.raises(ConfigError, match=r"network\.head"):
        PolicyNetwork.from_architecture({**arch, "head": "linear"})


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_loss_that_is_not_finite_stops_with_its_batch(name: str, fast: bool) -> None:
    buffer = random_replay(SMALL)
    learner = make_learner(name, small(name), SMALL, seed=0, fast=fast)
    learner.update_many(buffer, 2)
    before = learner.state()[0]
    arrays = buffer.sample(16, np.random.default_rng(0)).as_arrays()
    arrays["reward"][3] = np.nan
    with pytest.raises(NonFiniteLossError, match="update 3") as caught:
        learner.update(Batch.from_arrays(arrays))
    saved = caught.value.batch.as_arrays()
    np.testing.assert_array_equal(saved["reward"], arrays["reward"])
    np.testing.assert_array_equal(saved["obs.state"], arrays["obs.state"])
    assert all(torch.equal(a, before[key]) for key, a in learner.state()[0].items())


def test_a_batch_of_other_spaces_is_refused() -> None:
    learner = make_learner("sac", small("sac"), SMALL, seed=0)
    batch = random_replay(LearnerSpaces(5, None, 3)).sample(4, np.random.default_rng(0))
    with pytest.raises(ShapeError, match=r"batch\.obs\.state"):
        learner.update(batch)
    with pytest.raises(ShapeError, match=r"obs\.state"):
        learner.act({"state": np.zeros((1, 5))}, deterministic=True, rng=np.random.default_rng(0))


def test_unknown_names_get_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="sac, td3"):
        make_learner("sacc", SacConfig(), SMALL, seed=0)
    with pytest.raises(UnknownNameError, match="did you mean 'gamma'"):
        from_mapping(SacConfig, {"gama": 0.9})
    with pytest.raises(UnknownNameError, match=r"did you mean 'demo\.lambda1'"):
        from_mapping(Td3Config, {"demo": {"lamda1": 0.9}})
    with pytest.raises(ConfigError, match="config = 'SacConfig'"):
        make_learner("td3", SacConfig(), SMALL, seed=0)
    with pytest.raises(ConfigError, match="init_log_std"):
        SacConfig(init_log_std=-6.0, log_std_min=-5.0)


def test_importing_the_package_does_not_load_torch() -> None:
    code = "import sys, sawyer_policies.learners; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
