from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sawyer_core.errors import RecordingError
from sawyer_datasets import (
    BagSettings,
    BagStatus,
    EpisodeBagWriter,
    read_episode,
    recover_bag,
    verify_bag,
)
from sawyer_datasets.testing import encode

RELAXED = settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def number_cdr(value: float) -> bytes:
    return encode("std_msgs/msg/Float64", {"data": value})


def storage(path: Path) -> Path:
    return next(path.glob("*.mcap"))


def copy_of(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


@pytest.fixture(scope="module")
def small_bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed bag of 12 chunks on two topics."""
    path = tmp_path_factory.mktemp("small") / "bag"
    topics = {name: ("std_msgs/msg/Float64", "", None) for name in ("a", "b")}
    with EpisodeBagWriter(path, topics, settings=BagSettings(chunk_bytes=100)) as writer:
        for index in range(24):
            writer.write("ab"[index % 2], index * 1000, number_cdr(index))
    return path


def all_numbers(path: Path) -> list[float]:
    episode = read_episode(path)
    pairs = [
        (int(stamp), float(value))
        for topic in episode.values()
        for stamp, value in zip(topic.stamp_ns, topic["data"], strict=True)
    ]
    return [value for _, value in sorted(pairs)]


def test_whole_bag(whole_bag: Path) -> None:
    report = verify_bag(whole_bag)
    assert report.status is BagStatus.COMPLETE
    assert report.problems == ()
    assert report.lost_messages == 0
    assert "complete" in report.summary()
    assert report.to_dict()["topics"]["/wrench"]["type"] == "geometry_msgs/msg/WrenchStamped"


@RELAXED
@given(data=st.data())
def test_truncation_at_any_byte(small_bag: Path, tmp_path: Path, data: st.DataObject) -> None:
    size = storage(small_bag).stat().st_size
    keep = data.draw(st.integers(0, size - 1), label="bytes kept")
    bag = copy_of(small_bag, tmp_path / "cut")
    with storage(bag).open("r+b") as stream:
        stream.truncate(keep)
    report = verify_bag(bag)
    assert report.status is not BagStatus.COMPLETE
    assert report.problems
    assert report.message_count + report.lost_messages == 24
    if report.message_count:
        numbers = all_numbers(bag)
        assert numbers == [float(i) for i in range(len(numbers))]  # a prefix, nothing invented
        shutil.rmtree(tmp_path / "cut_recovered", ignore_errors=True)
        recovered = recover_bag(bag)
        assert recovered.status is BagStatus.COMPLETE
        assert all_numbers(recovered.path) == numbers
    else:
        assert report.status is BagStatus.DAMAGED
        with pytest.raises(RecordingError):
            recover_bag(bag)


@RELAXED
@given(data=st.data())
def test_a_changed_byte_is_noticed_or_harmless(
    small_bag: Path, tmp_path: Path, data: st.DataObject
) -> None:
    raw = bytearray(storage(small_bag).read_bytes())
    position = data.draw(st.integers(0, len(raw) - 1), label="position")
    raw[position] ^= data.draw(st.integers(1, 255), label="flip")
    bag = copy_of(small_bag, tmp_path / "flipped")
    storage(bag).write_bytes(raw)
    report = verify_bag(bag)
    if report.message_count:
        numbers = all_numbers(bag)
        assert set(numbers) <= {float(i) for i in range(24)}
        assert report.status is BagStatus.DAMAGED or len(numbers) == 24


@RELAXED
@given(seed=st.integers(0, 2**32), length=st.integers(0, 400))
def test_garbage_never_raises_and_never_looks_whole(
    small_bag: Path, tmp_path: Path, seed: int, length: int
) -> None:
    bag = copy_of(small_bag, tmp_path / "garbage")
    magic = storage(small_bag).read_bytes()[:8]
    noise = random.Random(seed).randbytes(length)
    storage(bag).write_bytes(magic + noise if seed % 2 else noise)
    report = verify_bag(bag)
    assert report.status is BagStatus.DAMAGED
    assert report.lost_messages == 24


def test_damage_in_the_middle_keeps_both_sides(small_bag: Path, tmp_path: Path) -> None:
    bag = copy_of(small_bag, tmp_path / "hole")
    raw = bytearray(storage(bag).read_bytes())
    middle = len(raw) // 3
    raw[middle : middle + 60] = b"\xff" * 60
    storage(bag).write_bytes(raw)
    report = verify_bag(bag)
    assert report.status is BagStatus.DAMAGED
    assert 0 < report.lost_messages < 12
    numbers = all_numbers(bag)
    assert numbers[0] == 0.0
    assert numbers[-1] == 23.0
    assert "lost: " in report.summary()


def test_recovery_says_where_it_came_from_and_leaves_the_source(
    small_bag: Path, tmp_path: Path
) -> None:
    bag = copy_of(small_bag, tmp_path / "cut")
    with storage(bag).open("r+b") as stream:
        stream.truncate(storage(small_bag).stat().st_size // 3)
    before = {p.name: p.read_bytes() for p in bag.iterdir()}
    report = recover_bag(bag, tmp_path / "new")
    assert {p.name: p.read_bytes() for p in bag.iterdir()} == before
    custom = read_episode(tmp_path / "new").custom
    assert custom["recovered_from"] == "cut"
    assert custom["recovered_status"] == "damaged"
    assert int(custom["recovered_lost_messages"]) == 24 - report.message_count
    with pytest.raises(RecordingError, match="not empty"):
        recover_bag(bag, tmp_path / "new")


@pytest.mark.parametrize("spoil", ["remove", "empty", "garbage", "wrong_keys"])
def test_metadata_missing_or_unreadable(small_bag: Path, tmp_path: Path, spoil: str) -> None:
    bag = copy_of(small_bag, tmp_path / "bag")
    metadata = bag / "metadata.yaml"
    if spoil == "remove":
        metadata.unlink()
    else:
        metadata.write_bytes(
            {"empty": b"", "garbage": b"\xff\xfe{[", "wrong_keys": b"a: 1\n"}[spoil]
        )
    report = verify_bag(bag)
    assert report.status is BagStatus.READABLE
    assert report.message_count == 24
    assert any("metadata" in text for text in report.problems)
    assert recover_bag(bag).status is BagStatus.COMPLETE


def test_empty_storage_file(small_bag: Path, tmp_path: Path) -> None:
    bag = copy_of(small_bag, tmp_path / "bag")
    storage(bag).write_bytes(b"")
    report = verify_bag(bag)
    assert report.status is BagStatus.DAMAGED
    assert any("empty" in text for text in report.problems)
    with pytest.raises(RecordingError, match="empty"):
        read_episode(bag)


def test_wrong_magic(small_bag: Path, tmp_path: Path) -> None:
    bag = copy_of(small_bag, tmp_path / "bag")
    storage(bag).write_bytes(b"SQLite format 3\x00" + bytes(100))
    report = verify_bag(bag)
    assert report.status is BagStatus.DAMAGED
    assert any("not an MCAP file" in text for text in report.problems)


def test_storage_file_missing(small_bag: Path, tmp_path: Path) -> None:
    bag = copy_of(small_bag, tmp_path / "bag")
    storage(bag).unlink()
    report = verify_bag(bag)
    assert report.status is BagStatus.DAMAGED
    assert not report.readable
    assert report.lost_messages == 24


def test_no_bag_and_other_storage(small_bag: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there is no bag at"):
        verify_bag(tmp_path / "nothing")
    bag = copy_of(small_bag, tmp_path / "bag")
    text = (bag / "metadata.yaml").read_text().replace(": mcap", ": sqlite3")
    (bag / "metadata.yaml").write_text(text)
    with pytest.raises(RecordingError, match="sqlite3"):
        verify_bag(bag)


def test_single_file_without_its_folder(small_bag: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.mcap"
    shutil.copy(storage(small_bag), alone)
    report = verify_bag(alone)
    assert report.status is BagStatus.READABLE
    assert report.message_count == 24


def test_bag_without_messages_is_complete(tmp_path: Path) -> None:
    EpisodeBagWriter(tmp_path / "bag", {"a": ("std_msgs/msg/Bool", "", None)}).close()
    report = verify_bag(tmp_path / "bag")
    assert report.status is BagStatus.COMPLETE
    assert report.message_count == 0
    with pytest.raises(RecordingError, match="nothing can be recovered"):
        recover_bag(tmp_path / "bag")


def test_live_bag_is_not_recovered(tmp_path: Path) -> None:
    with EpisodeBagWriter(tmp_path / "bag", {"a": ("std_msgs/msg/Float64", "", None)}) as writer:
        writer.write("a", 1, number_cdr(1.0))
        writer.flush()
        with pytest.raises(RecordingError, match="being recorded right now"):
            recover_bag(tmp_path / "bag")


def test_bag_of_another_recorder(tmp_path: Path) -> None:
    """Made by rosbags' own writer: no closing record of ours, lz4-free, unchecked chunks."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.LATEST)
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/a", "std_msgs/msg/Float64", typestore=store)
        for index in range(5):
            writer.write(connection, index, number_cdr(index))
    report = verify_bag(tmp_path / "bag")
    assert report.status is BagStatus.COMPLETE
    assert all_numbers(tmp_path / "bag") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert recover_bag(tmp_path / "bag").message_count == 5
