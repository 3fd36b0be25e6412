"""Returns over several steps."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sawyer_core import ConfigError
from sawyer_policies.learners import LearnerSpaces, ReplayBuffer
from sawyer_policies.training.n_step import NStepStore

SPACES = LearnerSpaces(1, None, 3)
GAMMA = 0.9


def seen(value):
    return {"state": np.array([value], np.float32)}


def stored(rewards, n, terminal):
    replay = ReplayBuffer(64, SPACES)
    store = NStepStore(replay, n, GAMMA)
    last = len(rewards) - 1
    for t, reward in enumerate(rewards):
        action = np.full(3, t / 100, np.float32)
        store.add(seen(t), action, reward, seen(t + 1), terminal and t == last)
    store.cut(seen(len(rewards)))
    return replay.gather(torch.arange(len(replay)))


def target(batch, values):
    """What a one-step learner makes of it, V(s) = values[s]."""
    following = torch.tensor([values[int(s)] for s in batch.next_obs["state"][:, 0]])
    return batch.reward + GAMMA * (1.0 - batch.terminal) * following


@settings(max_examples=40, deadline=None)
@given(
    rewards=st.lists(st.floats(-5, 5), min_size=1, max_size=12),
    n=st.integers(1, 6),
    terminal=st.booleans(),
)
def test_targets_are_returns_over_n_steps(rewards, n, terminal):
    values = np.linspace(-1.0, 2.0, len(rewards) + 1)
    batch = stored(rewards, n, terminal)
    assert len(batch) == len(rewards)
    for t, found in enumerate(target(batch, values)):
        m = min(n, len(rewards) - t)
        wanted = sum(GAMMA**k * rewards[t + k] for k in range(m))
        if not (terminal and t + m == len(rewards)):
            wanted += GAMMA**m * values[t + m]
        assert float(found) == pytest.approx(wanted, abs=1e-4)
        row = [t for t in batch.obs["state"][:, 0].tolist()]
    assert sorted(row) == list(range(len(rewards)))


def test_one_step_stores_plain_transitions_at_once():
    replay = ReplayBuffer(4, SPACES)
    NStepStore(replay, 1, GAMMA).add(seen(0), np.zeros(3, np.float32), 2.0, seen(1), False)
    batch = replay.gather(torch.arange(1))
    assert (batch.reward.item(), batch.terminal.item()) == (2.0, 0.0)


def test_steps_of_two_episodes_do_not_mix():
    replay = ReplayBuffer(8, SPACES)
    store = NStepStore(replay, 3, GAMMA)
    for start in (0, 10):
        store.add(seen(start), np.zeros(3, np.float32), 1.0, seen(start + 1), False)
        store.cut(seen(start + 1))
    batch = replay.gather(torch.arange(2))
    assert batch.next_obs["state"][:, 0].tolist() == [1.0, 11.0]


def test_no_steps_are_refused():
    with pytest.raises(ConfigError, match="n_step"):
        NStepStore(ReplayBuffer(4, SPACES), 0, GAMMA)
