from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from sawyer_core.errors import ConfigError, RecordingError, UnknownNameError
from sawyer_datasets import BagSettings, BagStatus, EpisodeBagWriter, TopicQos, verify_bag
from sawyer_datasets.bag_metadata import parse
from sawyer_datasets.testing import TOPICS, encode

NUMBER = {"number": ("std_msgs/msg/Float64", "", None)}


def number_cdr(value: float) -> bytes:
    return encode("std_msgs/msg/Float64", {"data": value})


def read_with_rosbags(path: Path) -> list[tuple[str, int, bytes]]:
    with Reader(path) as reader:
        return [(c.topic, stamp, bytes(raw)) for c, stamp, raw in reader.messages()]


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_independent_reader_returns_every_byte(tmp_path: Path, compression: str) -> None:
    rng = np.random.default_rng(1)
    topics = {"a": NUMBER["number"], "ns/b": ("std_msgs/msg/UInt8MultiArray", "", None)}
    written = []
    settings = BagSettings(compression=compression, chunk_bytes=4000)
    with EpisodeBagWriter(tmp_path / "bag", topics, settings=settings) as writer:
        for index in range(200):
            name = "a" if index % 3 else "ns/b"
            payload = b"\x00\x01\x00\x00" + rng.bytes(8 if name == "a" else index * 4)
            writer.write(name, index * 1_000_000, payload)
            written.append((name, index * 1_000_000, payload))
    assert read_with_rosbags(tmp_path / "bag") == written


def test_stored_definitions_decode_in_a_process_without_the_interfaces(tmp_path: Path) -> None:
    spec = TOPICS["/insertion_state"]
    cdr = encode(spec.msgtype, {"depth_m": 0.0125, "success": 1}, spec.definition)
    with EpisodeBagWriter(tmp_path / "bag", {"/insertion_state": spec}) as writer:
        writer.write("/insertion_state", 5, cdr)
    with AnyReader([tmp_path / "bag"], default_typestore=get_typestore(Stores.EMPTY)) as reader:
        connection, stamp, raw = next(reader.messages())
        message = reader.deserialize(raw, connection.msgtype)
    assert stamp == 5
    assert message.depth_m == 0.0125
    assert message.success


def test_metadata_lists_types_hashes_counts_and_qos(tmp_path: Path) -> None:
    qos = TopicQos(reliability="best_effort", durability="transient_local", depth=1)
    topics = {
        "number": ("std_msgs/msg/Float64", "", qos),
        "empty": ("std_msgs/msg/Bool", "", {"depth": 3}),
    }
    custom = {"seed": "12: '\"\\ ü"}
    with EpisodeBagWriter(tmp_path / "bag", topics, custom=custom) as writer:
        for stamp in (10, 20, 35):
            writer.write("number", stamp, number_cdr(0.5))
    text = (tmp_path / "bag" / "metadata.yaml").read_text()
    info = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert info["storage_identifier"] == "mcap"
    assert info["message_count"] == 3
    assert info["duration"]["nanoseconds"] == 25
    assert info["starting_time"]["nanoseconds_since_epoch"] == 10
    assert info["relative_file_paths"] == ["bag_0.mcap"]
    assert info["custom_data"]["seed"] == custom["seed"]
    first, second = info["topics_with_message_count"]
    assert [first["message_count"], second["message_count"]] == [3, 0]
    known = get_typestore(Stores.LATEST).hash_rihs01("std_msgs/msg/Float64")
    assert first["topic_metadata"]["type_description_hash"] == known
    profile = yaml.safe_load(first["topic_metadata"]["offered_qos_profiles"])[0]
    assert (profile["reliability"], profile["durability"], profile["depth"]) == (2, 1, 1)
    with Reader(tmp_path / "bag") as reader:
        stored = {c.topic: c.ext.offered_qos_profiles[0].depth for c in reader.connections}
    assert stored == {"number": 1, "empty": 3}


def test_bag_is_readable_while_it_is_written(tmp_path: Path) -> None:
    writer = EpisodeBagWriter(tmp_path / "bag", NUMBER)
    for index in range(30):
        writer.write("number", index, number_cdr(index))
    writer.flush()
    assert len(read_with_rosbags(tmp_path / "bag")) == 30
    report = verify_bag(tmp_path / "bag")
    assert report.recording_now
    assert report.status is BagStatus.READABLE
    writer.close()
    assert verify_bag(tmp_path / "bag").status is BagStatus.COMPLETE


def test_buffered_messages_reach_the_file_without_further_writes(tmp_path: Path) -> None:
    writer = EpisodeBagWriter(tmp_path / "bag", NUMBER, settings=BagSettings(flush_age_s=0.05))
    writer.write("number", 1, number_cdr(1.0))
    deadline = time.monotonic() + 5.0
    while verify_bag(tmp_path / "bag").message_count == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    writer.close()


def test_stamps_that_outrun_the_clock_are_flushed_too(tmp_path: Path) -> None:
    settings = BagSettings(flush_age_s=1.0, flush_span_s=0.5)
    with EpisodeBagWriter(tmp_path / "bag", NUMBER, settings=settings) as writer:
        for index in range(100):
            writer.write("number", index * 100_000_000, number_cdr(index))
            report = verify_bag(tmp_path / "bag")
            newest_on_disk = report.end_ns if report.end_ns is not None else -1
            assert index * 100_000_000 - newest_on_disk < 1_000_000_000


def test_many_threads_write_every_message(tmp_path: Path) -> None:
    topics = {f"t{i}": NUMBER["number"] for i in range(4)}
    with EpisodeBagWriter(
        tmp_path / "bag", topics, settings=BagSettings(chunk_bytes=2000)
    ) as writer:

        def work(name: str) -> None:
            for index in range(300):
                writer.write(name, index, number_cdr(index))

        threads = [threading.Thread(target=work, args=(name,)) for name in topics]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    report = verify_bag(tmp_path / "bag")
    assert report.status is BagStatus.COMPLETE
    assert {t.messages for t in report.topics} == {300}


def test_topic_added_while_recording(tmp_path: Path) -> None:
    with EpisodeBagWriter(tmp_path / "bag", NUMBER) as writer:
        writer.write("number", 1, number_cdr(1.0))
        writer.flush()
        writer.add_topic("late", ("std_msgs/msg/Bool", "", None))
        writer.write("late", 2, encode("std_msgs/msg/Bool", {"data": 1}))
        with pytest.raises(RecordingError, match="already being recorded"):
            writer.add_topic("late", ("std_msgs/msg/Bool", "", None))
    assert [name for name, _, _ in read_with_rosbags(tmp_path / "bag")] == ["number", "late"]


def test_second_writer_is_refused_while_the_first_lives_and_after(tmp_path: Path) -> None:
    first = EpisodeBagWriter(tmp_path / "bag", NUMBER)
    with pytest.raises(RecordingError, match=f"already being recorded.*process {os.getpid()}"):
        EpisodeBagWriter(tmp_path / "bag", NUMBER)
    first.write("number", 1, number_cdr(1.0))
    first.close()
    with pytest.raises(RecordingError, match="not empty"):
        EpisodeBagWriter(tmp_path / "bag", NUMBER)
    assert verify_bag(tmp_path / "bag").message_count == 1


def test_existing_files_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "notes.txt").write_text("mine")
    with pytest.raises(RecordingError, match=r"notes\.txt"):
        EpisodeBagWriter(tmp_path / "bag", NUMBER)
    assert [p.name for p in (tmp_path / "bag").iterdir()] == ["notes.txt"]


def test_exception_in_the_block_marks_the_bag(tmp_path: Path) -> None:
    def fails() -> None:
        with EpisodeBagWriter(tmp_path / "bag", NUMBER) as writer:
            writer.write("number", 1, number_cdr(1.0))
            raise ValueError("arm lost")

    with pytest.raises(ValueError, match="arm lost"):
        fails()
    report = verify_bag(tmp_path / "bag")
    assert report.status is BagStatus.READABLE
    assert report.message_count == 1
    assert any("arm lost" in text for text in report.problems)


@pytest.mark.parametrize(
    ("topic", "stamp", "payload", "error", "words"),
    [
        ("nunber", 0, b"\x00\x01\x00\x00", UnknownNameError, "did you mean 'number'"),
        ("number", -1, b"\x00\x01\x00\x00", ConfigError, "stamp_ns"),
        ("number", 0, b"", RecordingError, "CDR header"),
        ("number", 0, b"\x07\x01\x00\x00", RecordingError, "CDR header"),
    ],
)
def test_bad_messages_are_refused_and_do_not_stop_the_recording(
    tmp_path: Path, topic: str, stamp: int, payload: bytes, error: type[Exception], words: str
) -> None:
    with EpisodeBagWriter(tmp_path / "bag", NUMBER) as writer:
        with pytest.raises(error, match=words):
            writer.write(topic, stamp, payload)
        writer.write("number", 1, number_cdr(1.0))
    assert verify_bag(tmp_path / "bag").message_count == 1


def test_unknown_type_without_definition_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="my_pkg/msg/Thing"):
        EpisodeBagWriter(tmp_path / "bag", {"x": ("my_pkg/msg/Thing", "", None)})
    assert not (tmp_path / "bag").exists()


def test_write_after_close_is_refused(tmp_path: Path) -> None:
    writer = EpisodeBagWriter(tmp_path / "bag", NUMBER)
    writer.close()
    writer.close()
    with pytest.raises(RecordingError, match="closed"):
        writer.write("number", 1, number_cdr(1.0))
    assert verify_bag(tmp_path / "bag").status is BagStatus.COMPLETE


def test_full_disk_names_path_and_space_and_keeps_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = EpisodeBagWriter(tmp_path / "bag", NUMBER)
    for index in range(10):
        writer.write("number", index, number_cdr(index))
    writer.flush()
    size_before = next((tmp_path / "bag").glob("*.mcap")).stat().st_size
    real, budget = os.pwrite, [100]

    def pwrite(descriptor: int, data: memoryview, offset: int) -> int:
        if budget[0] == 0:
            budget[0] = -1  # the rollback finds the space that it gave back
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if budget[0] > 0:
            data, budget[0] = data[: budget[0]], 0
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    writer.write("number", 11, number_cdr(11))
    with pytest.raises(RecordingError, match=r"bag_0\.mcap: No space left.*free"):
        writer.flush()
    monkeypatch.undo()
    with pytest.raises(RecordingError, match="No space left") as later:
        writer.write("number", 12, number_cdr(12))
    assert later.value.no_space
    assert later.value.errno == errno.ENOSPC
    with pytest.raises(RecordingError, match="No space left"):
        writer.close()
    assert next((tmp_path / "bag").glob("*.mcap")).stat().st_size == size_before
    report = verify_bag(tmp_path / "bag")
    assert report.status is BagStatus.READABLE
    assert report.message_count == 10
    assert any("No space left" in text for text in report.problems)
    assert len(read_with_rosbags(tmp_path / "bag")) == 10


def test_full_disk_at_the_start_is_refused(tmp_path: Path) -> None:
    settings = BagSettings(min_free_bytes=1 << 40)
    with pytest.raises(
        RecordingError, match=r"no room to record into .*bag.*free.*needed"
    ) as full:
        EpisodeBagWriter(tmp_path / "bag", NUMBER, settings=settings)
    assert full.value.no_space


def test_other_faults_are_no_lack_of_space(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="Not a directory") as refused:
        EpisodeBagWriter(tmp_path / "file" / "bag", NUMBER)
    assert refused.value.errno == errno.ENOTDIR
    assert not refused.value.no_space


@pytest.mark.parametrize(("distro", "stored"), [("humble", "humble"), ("", "rosbags")])
def test_metadata_names_the_distro(
    distro: str, stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DISTRO", distro)
    with EpisodeBagWriter(tmp_path / "bag", NUMBER) as writer:
        writer.write("number", 1, number_cdr(1))
    assert parse((tmp_path / "bag" / "metadata.yaml").read_text(), tmp_path).ros_distro == stored


_LIMITED = """
import resource, sys
from sawyer_core.errors import RecordingError
from sawyer_datasets import BagSettings, EpisodeBagWriter
from sawyer_datasets.testing import encode
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
writer = EpisodeBagWriter(
    sys.argv[1],
    {"d": ("std_msgs/msg/UInt8MultiArray", "", None)},
    settings=BagSettings(compression="none", chunk_bytes=50_000),
)
try:
    for index in range(1000):
        writer.write("d", index, b"\\x00\\x01\\x00\\x00" + bytes(10_000))
    print("no error")
except RecordingError as error:
    print(error)
"""


def test_file_that_may_not_grow(tmp_path: Path) -> None:
    """The kernel's own refusal, in a process of its own."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "bag")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "File too large" in done.stdout
    report = verify_bag(tmp_path / "bag")
    assert report.status is BagStatus.READABLE
    assert report.message_count >= 30
    assert not report.recording_now


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot record into"):
        EpisodeBagWriter(tmp_path / "file" / "bag", NUMBER)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compression": "zip"}, "zstd"),
        ({"chunk_bytes": 0}, "chunk_bytes"),
        ({"flush_age_s": 2.0}, "flush_age_s"),
    ],
)
def test_settings_out_of_range(changes: dict[str, object], words: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=words):
        BagSettings(**changes)  # type: ignore[arg-type]


def test_very_long_recordings_keep_their_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sawyer_datasets._mcap_file.MAX_LISTED_CHUNKS", 5)
    writer = EpisodeBagWriter(tmp_path / "bag", NUMBER, settings=BagSettings(chunk_bytes=1))
    for index in range(20):
        writer.write("number", index, number_cdr(index))
    writer.flush()
    assert len(read_with_rosbags(tmp_path / "bag")) == 20
    writer.close()
    with Reader(tmp_path / "bag") as reader:
        assert len(reader.storage.storages[0].chunks) == 20  # type: ignore[attr-defined]
        assert reader.message_count == 20


def test_failure_in_the_background_is_raised_by_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = EpisodeBagWriter(tmp_path / "bag", NUMBER, settings=BagSettings(flush_age_s=0.05))
    writer.write("number", 1, number_cdr(1.0))

    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pwrite", refuse)

    def write_for_a_while() -> None:
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            writer.write("number", 2, number_cdr(2.0))
            time.sleep(0.01)

    with pytest.raises(RecordingError, match="Input/output error"):
        write_for_a_while()
    monkeypatch.undo()
    writer.abort("test")
