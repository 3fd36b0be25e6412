"""The fused update equals the plain one, on the CPU and on a GPU where there is one."""

import numpy as np
import pytest
import torch

from sawyer_policies.learners import (
    CONFIGS,
    DemoConfig,
    LearnerSpaces,
    ReplayBuffer,
    make_learner,
)
from sawyer_policies.learners.fast.mlp import TwinPass
from sawyer_policies.learners.networks import TwinMlp

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
STATE = LearnerSpaces(4, None, 3)
IMAGE = LearnerSpaces(0, (32, 32), 3)
BOTH = LearnerSpaces(3, (32, 32), 3)
# the critics see three numbers, the policy the picture alone, or the picture and one number
BLIND = LearnerSpaces(3, (32, 32), 3, privileged_dim=3)
SQUINT = LearnerSpaces(3, (32, 32), 3, privileged_dim=2)


def replay_of(spaces: LearnerSpaces, count: int = 200) -> ReplayBuffer:
    rng = np.random.default_rng(7)
    buffer = ReplayBuffer(256, spaces, device=DEVICE)

    def seen() -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        if spaces.state_dim:
            found["state"] = rng.standard_normal(spaces.state_dim).astype(np.float32)
        if spaces.image_shape is not None:
            found["image"] = rng.integers(0, 256, spaces.image_shape).astype(np.uint8)
        return found

    for index in range(count):
        action = rng.uniform(-1, 1, spaces.action_dim).astype(np.float32)
        buffer.add(seen(), action, float(rng.standard_normal()), seen(), index % 10 == 0)
    return buffer


def pair(name: str, spaces: LearnerSpaces, **settings: object) -> list:
    config = CONFIGS[name](hidden=(32, 48), batch_size=32, **settings)  # type: ignore[arg-type]
    return [
        make_learner(name, config, spaces, seed=3, device=DEVICE, fast=fast)
        for fast in (False, True)
    ]


def largest_difference(learners: list) -> float:
    plain, fast = (learner.state()[0] for learner in learners)
    assert plain.keys() == fast.keys()
    return max(float((plain[name] - fast[name]).abs().max()) for name in plain)


@pytest.mark.parametrize("demos", [False, True])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_hundred_updates_from_states_agree(name: str, demos: bool) -> None:
    """Tolerance 2e-5 on every parameter, target and moment after 110 updates (they are O(1))."""
    buffer = replay_of(STATE)
    learners = pair(name, STATE)
    extra = {"demo_replay": buffer} if demos else {}
    for learner in learners:
        learner.update_many(buffer, 10, update_actor=False, **extra)
        learner.update_many(buffer, 100, **extra)
    assert largest_difference(learners) < 2e-5
    assert learners[0].updates == learners[1].updates == 110
    assert learners[0].actor_updates == learners[1].actor_updates > 0


@pytest.mark.parametrize("spaces", [IMAGE, BOTH, BLIND, SQUINT])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_updates_from_pictures_agree(name: str, spaces: LearnerSpaces) -> None:
    """Tolerance 2e-4 after 12 updates: convolutions are summed in another order."""
    buffer = replay_of(spaces, 64)
    learners = pair(name, spaces, demo=DemoConfig(q_filter=False))
    for learner in learners:
        learner.update_many(buffer, 2, update_actor=False)
        learner.update_many(buffer, 6)
        learner.update_many(buffer, 4, demo_replay=buffer)
    assert largest_difference(learners) < 2e-4


@pytest.mark.parametrize("demos", [False, True])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_normalised_critics_agree_from_states(name: str, demos: bool) -> None:
    """Tolerance 2e-5 as without the norm, its gains and shifts among what is compared."""
    buffer = replay_of(STATE)
    learners = pair(name, STATE, critic_layer_norm=True)
    extra = {"demo_replay": buffer} if demos else {}
    for learner in learners:
        learner.update_many(buffer, 10, update_actor=False, **extra)
        learner.update_many(buffer, 100, **extra)
    state = learners[1].state()[0]
    moved = [key for key in state if key.startswith("critic.twin.gains")]
    assert len(moved) == 2
    assert all(float((state[key] - 1.0).abs().max()) > 1e-3 for key in moved)
    assert type(learners[1]).__name__.startswith("Fast")
    assert largest_difference(learners) < 2e-5


@pytest.mark.parametrize("demos", [False, True])
@pytest.mark.parametrize("spaces", [IMAGE, BOTH, BLIND, SQUINT])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_normalised_critics_agree_from_pictures(
    name: str, spaces: LearnerSpaces, demos: bool
) -> None:
    """Tolerance 2e-4 after 8 updates."""
    buffer = replay_of(spaces, 64)
    settings = {"demo": DemoConfig(q_filter=False), "critic_layer_norm": True}
    learners = pair(name, spaces, **settings)
    extra = {"demo_replay": buffer} if demos else {}
    for learner in learners:
        learner.update_many(buffer, 2, update_actor=False)
        learner.update_many(buffer, 6, **extra)
    assert largest_difference(learners) < 2e-4


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_both_ways_exchange_their_states(name: str, norm: bool) -> None:
    buffer = replay_of(STATE)
    plain, fast = pair(name, STATE, critic_layer_norm=norm)
    fast.update_many(buffer, 5)
    plain.load_state(*fast.state())
    assert largest_difference([plain, fast]) == 0.0
    plain.update_many(buffer, 5)
    fast.update_many(buffer, 5)
    assert largest_difference([plain, fast]) < 2e-6


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_single_updates_agree_also_with_one_hidden_layer(name: str, norm: bool) -> None:
    buffer = replay_of(STATE)
    config = CONFIGS[name](hidden=(24,), batch_size=32, critic_layer_norm=norm)
    learners = [
        make_learner(name, config, STATE, seed=3, device=DEVICE, fast=fast)
        for fast in (False, True)
    ]
    batches = [buffer.sample(32, np.random.default_rng(k)) for k in range(4)]
    for learner in learners:
        found = [learner.update(batch, demo=batches[0]) for batch in batches]
        assert float(found[0]["critic_loss"]) > 0.0
    assert largest_difference(learners) < 2e-6


@pytest.mark.parametrize("critics", [1, 2])
def test_gradients_of_normalised_critics_are_those_of_autograd(critics: int) -> None:
    """Tolerance 1e-5 of the largest entry of each parameter, 1e-4 by input."""
    torch.manual_seed(5)
    net = TwinMlp([7, 24, 40, 1], layer_norm=True).to(DEVICE)
    for parameter in (*net.gains, *net.shifts):
        parameter.data.add_(0.3 * torch.randn_like(parameter))
    x = torch.randn(16, 7, device=DEVICE, requires_grad=True)
    gradients = {name: torch.full_like(p.data, 9.0) for name, p in net.named_parameters()}
    fused = TwinPass(net, 16, gradients, columns=slice(4, None))
    first = TwinPass(net, 16, critics=1, columns=slice(4, None))
    q = net(x)
    weights = torch.randn(2, 16, device=DEVICE)
    weights[critics:] = 0.0
    expected = torch.autograd.grad((q * weights).sum(), [*net.parameters(), x], retain_graph=True)
    lowest = torch.autograd.grad(q.amin(0).sum() * 0.5, x)[0]
    with torch.no_grad():
        rows = x.detach()
        torch.testing.assert_close(fused.forward(rows), q.detach(), rtol=1e-5, atol=1e-6)
        upper = fused.backward(weights)
        fused.parameter_gradients(rows, weights)
        found = [gradients[name] for name, _ in net.named_parameters()]
        for one, other in zip(found, expected, strict=False):
            torch.testing.assert_close(one, other, rtol=0.0, atol=1e-5 * float(other.abs().max()))
        columns = [fused.input_gradient(upper)]
        if critics == 1:
            first.forward(rows)
            columns.append(first.input_gradient(first.backward(weights[:1])))
        for one in columns:
            torch.testing.assert_close(one, expected[-1][:, 4:], rtol=1e-4, atol=1e-5)
        least = fused.minimum_gradient(0.5)
        torch.testing.assert_close(least, lowest[:, 4:], rtol=1e-4, atol=1e-5)


def test_the_smaller_critic_may_be_the_same_everywhere() -> None:
    net = TwinMlp([7, 24, 1], layer_norm=True).to(DEVICE)
    net.biases[-1].data[0] += 100.0
    x = torch.randn(16, 7, device=DEVICE)
    fused = TwinPass(net, 16, columns=slice(4, None))
    with torch.no_grad():
        fused.forward(x)
        found = fused.minimum_gradient(1.0)
    x.requires_grad_()
    expected = torch.autograd.grad(net(x)[1].sum(), x)[0][:, 4:]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
