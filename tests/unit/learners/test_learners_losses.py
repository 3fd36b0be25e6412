"""Targets, losses and the temperature by hand calculation or another library."""

import math

import numpy as np
import pytest
import torch

from sawyer_policies.learners import (
    Batch,
    DemoConfig,
    LearnerSpaces,
    ReplayBuffer,
    SacConfig,
    Td3Config,
    losses,
    make_learner,
)

SPACES = LearnerSpaces(2, None, 3)


def batch_of(size: int = 16, terminal: float = 0.0, reward: float = 0.5) -> Batch:
    rng = np.random.default_rng(3)
    return Batch.from_arrays(
        {
            "obs.state": rng.standard_normal((size, 2)).astype(np.float32),
            "action": rng.uniform(-1, 1, (size, 3)).astype(np.float32),
            "reward": np.full(size, reward, np.float32),
            "next_obs.state": rng.standard_normal((size, 2)).astype(np.float32),
            "terminal": np.full(size, terminal, np.float32),
        }
    )


def test_the_target_bootstraps_through_time_limits_alone() -> None:
    reward, value = torch.tensor([1.0, 1.0]), torch.tensor([10.0, 10.0])
    terminal = torch.tensor([0.0, 1.0])
    found = losses.bellman_target(reward, terminal, value, 0.9)
    assert found.tolist() == pytest.approx([10.0, 1.0])


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_the_learner_s_target_stops_at_terminals(name: str, fast: bool) -> None:
    config = (SacConfig if name == "sac" else Td3Config)(hidden=(8, 8), gamma=0.9)
    learner = make_learner(name, config, SPACES, seed=0, fast=fast)
    ended = learner.update(batch_of(terminal=1.0))
    assert float(ended["target_mean"]) == pytest.approx(0.5)
    learner = make_learner(name, config, SPACES, seed=0, fast=fast)
    cut = learner.update(batch_of(terminal=0.0))
    assert abs(float(cut["target_mean"]) - 0.5) > 1e-3


def test_td3_s_target_is_the_minimum_of_the_target_critics() -> None:
    config = Td3Config(hidden=(8, 8), gamma=0.9, target_noise=0.0, zero_init=False)
    learner = make_learner("td3", config, SPACES, seed=0, fast=True)
    batch = batch_of()
    with torch.no_grad():
        action = torch.tanh(learner.target_actor(batch.next_obs["state"]))  # type: ignore[attr-defined]
        x = torch.cat([batch.next_obs["state"], action], dim=1)
        twin = learner.target_critic.twin  # type: ignore[attr-defined]
        values = []
        for critic in range(2):
            h = torch.relu(x @ twin.weights[0][critic] + twin.biases[0][critic])
            h = torch.relu(h @ twin.weights[1][critic] + twin.biases[1][critic])
            values.append((h @ twin.weights[2][critic] + twin.biases[2][critic]).squeeze(1))
        expected = (0.5 + 0.9 * torch.minimum(*values)).mean()
    assert float(learner.update(batch)["target_mean"]) == pytest.approx(float(expected), abs=1e-6)


def test_target_smoothing_is_clipped_twice() -> None:
    mean = torch.tensor([[0.0, 0.8, -0.95]])
    noise = torch.tensor([[10.0, 1.0, -10.0]])
    found = losses.clipped_noise_action(mean, noise, 0.2, 0.5)
    assert found.tolist()[0] == pytest.approx([0.5, 1.0, -1.0])


def test_the_log_density_is_that_of_a_tanh_of_a_gaussian() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_std, noise = (torch.randn(6, 3, generator=generator) * 0.7 for _ in range(3))
    base = torch.distributions.Normal(mean, log_std.exp())
    tanh = torch.distributions.TanhTransform()
    expected = torch.distributions.TransformedDistribution(base, [tanh])
    raw = mean + log_std.exp() * noise
    found = losses.squashed_log_prob(raw, log_std, noise)
    torch.testing.assert_close(found, expected.log_prob(torch.tanh(raw)).sum(-1))
    far = torch.full((1, 3), 30.0)
    assert math.isfinite(float(losses.squashed_log_prob(far, far * 0, far * 0)))


@pytest.mark.parametrize(("init_log_std", "goes_up"), [(-5.0, True), (0.0, False)])
@pytest.mark.parametrize("fast", [True, False])
def test_the_temperature_moves_towards_the_target_entropy(
    init_log_std: float, goes_up: bool, fast: bool
) -> None:
    config = SacConfig(hidden=(8, 8), init_log_std=init_log_std, alpha_lr=0.01)
    learner = make_learner("sac", config, SPACES, seed=0, fast=fast)
    before = float(learner.log_alpha.detach())  # type: ignore[attr-defined]
    learner.update(batch_of())
    assert (float(learner.log_alpha.detach()) > before) == goes_up  # type: ignore[attr-defined]
    fixed = SacConfig(hidden=(8, 8), automatic_entropy=False)
    learner = make_learner("sac", fixed, SPACES, seed=0, fast=fast)
    learner.update(batch_of())
    assert float(learner.log_alpha.detach()) == pytest.approx(math.log(fixed.init_alpha))  # type: ignore[attr-defined]


def test_the_filter_keeps_only_better_demonstrations() -> None:
    mask = losses.q_filter_mask(torch.tensor([1.0, 2.0, 2.0]), torch.tensor([2.0, 1.0, 2.0]))
    assert mask.tolist() == [0.0, 1.0, 0.0]
    policy, demo = torch.zeros(3, 2), torch.tensor([[1.0, 1.0], [0.5, 0.0], [1.0, 0.0]])
    assert float(losses.cloning_loss(policy, demo, mask)) == pytest.approx(0.25 / 3)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_cloning_moves_the_policy_to_the_demonstrations(name: str, fast: bool) -> None:
    rng = np.random.default_rng(0)
    demos = ReplayBuffer(64, SPACES)
    for _ in range(64):
        state = {"state": rng.standard_normal(2)}
        demos.add(state, np.array([0.5, -0.5, 0.2]), 0.0, state, False)
    demo = DemoConfig(lambda1=0.0, q_filter=False)
    settings = {"hidden": (16, 16), "batch_size": 16, "actor_lr": 0.01, "demo": demo}
    config = (SacConfig if name == "sac" else Td3Config)(**settings)  # type: ignore[arg-type]
    learner = make_learner(name, config, SPACES, seed=0, fast=fast)
    metrics = learner.update_many(demos, 150, demo_replay=demos)
    assert metrics["bc_share"] == 1.0
    assert metrics["bc_loss"] < 0.05
    action = learner.act({"state": np.zeros((1, 2))}, deterministic=True, rng=rng)
    np.testing.assert_allclose(action[0], [0.5, -0.5, 0.2], atol=0.1)


@pytest.mark.parametrize("fast", [True, False])
def test_the_filter_uses_the_present_critic(fast: bool) -> None:
    """TD3, action 0 at the start: a demonstration counts where Q_1(s, a) > Q_1(s, 0)."""
    learner = make_learner("td3", Td3Config(hidden=(8, 8), policy_delay=1), SPACES, seed=1,
                           fast=fast)  # fmt: skip
    batch = batch_of(32)
    critic = learner.critic  # type: ignore[attr-defined]
    with torch.no_grad():
        state = batch.obs["state"]
        better = critic(state, batch.action)[0] > critic(state, torch.zeros(32, 3))[0]
    metrics = learner.update(batch_of(16), demo=batch)
    assert float(metrics["bc_share"]) == pytest.approx(float(better.float().mean()))
    assert 0.0 < float(metrics["bc_share"]) < 1.0
