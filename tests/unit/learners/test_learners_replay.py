"""The replay buffer: what goes in comes out, refusals, files that are whole or refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sawyer_core.errors import ConfigError, ShapeError
from sawyer_policies.learners import CheckpointError, LearnerSpaces, ReplayBuffer

BOTH = LearnerSpaces(4, (32, 32), 3)


def observation(rng: np.random.Generator, spaces: LearnerSpaces) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    if spaces.state_dim:
        found["state"] = rng.standard_normal(spaces.state_dim).astype(np.float32)
    if spaces.image_shape is not None:
        found["image"] = rng.integers(0, 256, spaces.image_shape).astype(np.uint8)
    return found


def fill(buffer: ReplayBuffer, count: int, seed: int = 0) -> list[tuple]:
    rng = np.random.default_rng(seed)
    added = []
    for index in range(count):
        one = (
            observation(rng, buffer.spaces),
            rng.uniform(-1, 1, buffer.spaces.action_dim).astype(np.float32),
            float(index),
            observation(rng, buffer.spaces),
            index % 3 == 0,
        )
        buffer.add(*one)
        added.append(one)
    return added


def test_a_sample_is_what_was_added() -> None:
    buffer = ReplayBuffer(64, BOTH)
    added = fill(buffer, 20)
    batch = buffer.sample(50, np.random.default_rng(3))
    batch.check(BOTH)
    for row in range(50):
        obs, action, reward, next_obs, terminal = added[int(batch.reward[row])]
        for name in ("state", "image"):
            np.testing.assert_array_equal(batch.obs[name][row].numpy(), obs[name])
            np.testing.assert_array_equal(batch.next_obs[name][row].numpy(), next_obs[name])
        np.testing.assert_array_equal(batch.action[row].numpy(), action)
        assert float(batch.reward[row]) == reward
        assert float(batch.terminal[row]) == float(terminal)


def test_the_ring_keeps_the_newest() -> None:
    buffer = ReplayBuffer(8, BOTH)
    fill(buffer, 21)
    assert len(buffer) == 8
    rewards = buffer.gather(torch.arange(8)).reward.tolist()
    assert sorted(rewards) == [float(index) for index in range(13, 21)]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("obs.state", {"obs": {"image": np.zeros((32, 32), np.uint8)}}),
        ("next_obs.image", {"next_obs": {"state": np.zeros(4)}}),
        ("obs.image", {"obs": {"state": np.zeros(4), "image": np.zeros((32, 32))}}),
        ("action", {"action": np.zeros(2)}),
        ("transition", {"reward": float("nan")}),
    ],
)
def test_what_does_not_fit_is_named(field: str, change: dict) -> None:
    buffer = ReplayBuffer(8, BOTH)
    whole = {"state": np.zeros(4), "image": np.zeros((32, 32), np.uint8)}
    arguments = {
        "obs": whole, "action": np.zeros(3), "reward": 0.0, "next_obs": whole, "terminal": False,
    }  # fmt: skip
    with pytest.raises(ShapeError, match=field):
        buffer.add(**{**arguments, **change})
    assert len(buffer) == 0


def test_nothing_is_sampled_from_an_empty_buffer() -> None:
    with pytest.raises(ConfigError, match="at least one transition"):
        ReplayBuffer(8, BOTH).sample(2, np.random.default_rng(0))


@pytest.mark.parametrize("counts", [(10, 5), (1500, 700), (2500, 600)])
def test_files_hold_the_buffer_also_after_more_was_added(
    tmp_path: Path, counts: tuple[int, int]
) -> None:
    spaces = LearnerSpaces(2, None, 3)
    buffer = ReplayBuffer(2048, spaces)
    for seed, count in enumerate(counts):
        fill(buffer, count, seed)
        buffer.save(tmp_path)
        loaded = ReplayBuffer.load(tmp_path, spaces)
        assert (loaded.added, len(loaded)) == (buffer.added, len(buffer))
        slots = torch.arange(len(buffer))
        assert torch.equal(loaded.rows[slots], buffer.rows[slots])
    assert len(list(tmp_path.glob("chunk_*"))) <= 3


def test_pictures_are_kept_in_files(tmp_path: Path) -> None:
    buffer = ReplayBuffer(16, BOTH)
    fill(buffer, 12)
    buffer.save(tmp_path)
    loaded = ReplayBuffer.load(tmp_path)
    assert loaded.images is not None
    assert buffer.images is not None
    assert torch.equal(loaded.images[:12], buffer.images[:12])


def test_full_chunks_are_not_written_again(tmp_path: Path) -> None:
    spaces = LearnerSpaces(2, None, 3)
    buffer = ReplayBuffer(10_000, spaces)
    fill(buffer, 1030)
    buffer.save(tmp_path)
    full = next(tmp_path.glob("chunk_000000000_*"))
    written = full.stat().st_mtime_ns
    fill(buffer, 10)
    buffer.save(tmp_path)
    assert full.stat().st_mtime_ns == written
    assert len(list(tmp_path.glob("chunk_*"))) == 2


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    buffer = ReplayBuffer(16, BOTH)
    fill(buffer, 12)
    buffer.save(tmp_path)
    chunk = next(tmp_path.glob("chunk_*"))
    chunk.write_bytes(chunk.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="cut short or altered"):
        ReplayBuffer.load(tmp_path)
    with pytest.raises(CheckpointError, match="expected"):
        ReplayBuffer.load(tmp_path, LearnerSpaces(5, None, 3))
    (tmp_path / "replay.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read"):
        ReplayBuffer.load(tmp_path)
