"""The journal keeps every transition through a kill at any byte, and hides no damage."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from sawyer_core import RecordingError
from sawyer_policies.online.journal import MAGIC, Journal
from sawyer_policies.online.transitions import EpisodeAssembler, EpisodeEnd, StepRecord, own_action

PERIOD_NS = 100_000_000


def step(episode: int, number: int, *, last: bool = False, start_ns: int = 0) -> StepRecord:
    rng = np.random.default_rng([episode, number])
    stamp_ns = start_ns + (100 * episode + number) * PERIOD_NS
    named = {
        "ee_position": rng.normal(size=3),
        "image": rng.integers(0, 256, (32, 32), dtype=np.uint8),
    }
    return StepRecord(
        episode=episode,
        step=number,
        stamp_ns=stamp_ns,
        next_stamp_ns=stamp_ns + PERIOD_NS,
        seen=named,
        after={name: array[::-1] for name, array in named.items()},
        action=rng.uniform(-1, 1, 3).astype(np.float32),
        reward=float(rng.normal()),
        terminal=last,
        version="v000003",
        held=number == 1,
    )


def end_of(last: StepRecord, *, valid: bool = True) -> EpisodeEnd:
    result = {"success": True, "reason": "success", "final_distance_m": 0.001}
    return EpisodeEnd(last.episode, last.step + 1, valid, last.next_stamp_ns, result)


def write_episode(journal: Journal, episode: int, steps: int) -> None:
    for number in range(steps):
        last = step(episode, number, last=number == steps - 1)
        journal.append_step(last)
    journal.close_episode(end_of(last), steps)


def same(first: StepRecord, second: StepRecord) -> bool:
    pairs = [(first.action, second.action)]
    for ours, theirs in ((first.seen, second.seen), (first.after, second.after)):
        assert list(ours) == list(theirs)
        pairs += [(ours[name], theirs[name]) for name in ours]
    assert all(a.dtype == b.dtype for a, b in pairs)
    plain = (
        "episode",
        "step",
        "stamp_ns",
        "next_stamp_ns",
        "reward",
        "terminal",
        "version",
        "held",
    )
    return all(np.array_equal(a, b) for a, b in pairs) and all(
        getattr(first, name) == getattr(second, name) for name in plain
    )


def test_episodes_come_back_bit_for_bit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    write_episode(journal, 0, 3)
    write_episode(journal, 1, 2)
    journal.close()
    again = Journal(tmp_path / "j")
    assert (again.episodes, again.transitions, again.dropped_bytes) == (2, 5, 0)
    episodes = list(again.read())
    assert [len(episode.steps) for episode in episodes] == [3, 2]
    assert episodes[0].end == end_of(step(0, 2))
    for episode in episodes:
        for record in episode.steps:
            last = record.step == len(episode.steps) - 1
            assert same(record, step(record.episode, record.step, last=last))
    assert [e.end.episode for e in again.read(1)] == [1]
    assert list(again.read(2)) == []


def test_cut_anywhere_it_keeps_the_whole_episodes_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    sizes = [journal.size_bytes]
    for episode in range(3):
        write_episode(journal, episode, 2)
        sizes.append(journal.size_bytes)
    journal.close()
    data = path.read_bytes()
    for cut in [*range(0, len(data), 397), *sizes, *(size - 1 for size in sizes)]:
        path.write_bytes(data[:cut])
        whole = sum(size <= cut for size in sizes[1:])
        torn = Journal(path)
        assert torn.episodes == whole
        assert torn.transitions == 2 * whole
        write_episode(torn, whole, 4)
        torn.close()
        again = Journal(path)
        assert [len(episode.steps) for episode in again.read()] == [2] * whole + [4]
        again.close()


def test_zeros_and_a_garbled_last_record_are_a_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    write_episode(journal, 0, 2)
    journal.close()
    data = path.read_bytes()
    path.write_bytes(data + bytes(500))
    again = Journal(path)
    assert (again.episodes, again.dropped_bytes) == (1, 500)
    again.close()
    assert path.read_bytes() == data
    path.write_bytes(data + struct.pack("<II", 3, 99) + b"abc")
    assert Journal(path).dropped_bytes == 11


def test_damage_in_the_middle_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    write_episode(journal, 0, 2)
    journal.close()
    data = bytearray(path.read_bytes())
    data[len(MAGIC) + 200] ^= 1
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=r"damaged at byte 8, \d+ before its end"):
        Journal(path)
    assert path.read_bytes() == bytes(data)  # nothing was cut
    path.write_bytes(b"something else")
    with pytest.raises(RecordingError, match="no journal"):
        Journal(path)


@pytest.mark.parametrize("bit", [8, 20, 25])
def test_a_damaged_length_is_no_torn_end(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    for episode in range(3):
        write_episode(journal, episode, 2)
    journal.close()
    data = bytearray(path.read_bytes())
    data[len(MAGIC) + bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="damaged at byte 8"):
        Journal(path)
    assert path.read_bytes() == bytes(data)  # nothing was cut


def test_two_writers_are_refused(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j")
    with pytest.raises(RecordingError, match="in use"):
        Journal(tmp_path / "j")
    first.close()
    Journal(tmp_path / "j").close()


def test_a_full_disk_leaves_no_part_of_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "j")
    write_episode(journal, 0, 1)
    size = journal.size_bytes
    real = os.pwrite

    def full(handle: int, data: bytes, offset: int) -> int:
        if offset > size + 100:
            raise OSError(28, "No space left on device")
        return real(handle, data[:101], offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        journal.append_step(step(1, 0))
    monkeypatch.undo()
    assert (tmp_path / "j").stat().st_size == size == journal.size_bytes
    write_episode(journal, 1, 2)
    assert journal.transitions == 3


def test_the_assembler_takes_only_what_follows() -> None:
    assembler = EpisodeAssembler()
    assert not assembler.add(step(0, 1))  # the first step is missing
    assert assembler.add(step(0, 0))
    assert not assembler.add(step(0, 0))  # there already
    assert not assembler.add(step(0, 2))
    assert not assembler.add(step(1, 1))
    assert assembler.add(step(0, 1, last=True))
    assert not assembler.add(step(0, 2))  # after the end
    end = end_of(step(0, 1))
    steps = assembler.whole(end)
    assert steps is not None
    assert [one.step for one in steps] == [0, 1]
    other = EpisodeEnd(0, 2, True, end.stamp_ns + 1)
    assert assembler.whole(other) is None
    assert assembler.add(step(0, 0, start_ns=5))  # the same episode, run again
    assert [one.stamp_ns for one in assembler.steps] == [5]
    assert assembler.began_after(5)
    assert not assembler.began_after(6)


def test_the_own_action_is_exact() -> None:
    rng = np.random.default_rng(0)
    for scale in (0.001, 0.002, 0.01):
        action = rng.uniform(-1, 1, (2000, 3)).astype(np.float32)
        executed_m = action.astype(np.float64) * scale
        np.testing.assert_array_equal(own_action(executed_m, scale), action)
