"""A recorder that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosbags.rosbag2 import Reader

from sawyer_datasets import (
    BagSettings,
    BagStatus,
    EpisodeBagWriter,
    read_episode,
    recover_bag,
    verify_bag,
)
from sawyer_datasets.testing import encode

# Writes 100 messages a second with the wall clock as stamps, plus images that make chunks large,
# and prints each stamp after it was handed to the writer.
_RECORDER = """
import sys, time
from sawyer_datasets import EpisodeBagWriter
from sawyer_datasets.testing import encode
import numpy as np
rng = np.random.default_rng(0)
writer = EpisodeBagWriter(sys.argv[1], {
    "number": ("std_msgs/msg/Float64", "", None),
    "blob": ("std_msgs/msg/UInt8MultiArray", "", None),
})
while True:
    stamp = time.time_ns()
    writer.write("number", stamp, encode("std_msgs/msg/Float64", {"data": stamp / 1e9}))
    writer.write("blob", stamp, bytes([0, 1, 0, 0]) + rng.bytes(40_000))
    print(stamp, flush=True)
    time.sleep(0.01)
"""


@pytest.mark.parametrize("run_s", [0.35, 0.8, 1.3])
def test_sigkill_costs_at_most_the_last_second(tmp_path: Path, run_s: float) -> None:
    bag = tmp_path / "bag"
    with subprocess.Popen(
        [sys.executable, "-c", _RECORDER, str(bag)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = int(process.stdout.readline())
        time.sleep(run_s)
        process.send_signal(signal.SIGKILL)
        stamps = [first, *(int(line) for line in process.stdout if line.endswith("\n"))]
    assert (bag / "recording.lock").exists()

    report = verify_bag(bag)
    assert not report.recording_now
    assert report.status is BagStatus.READABLE
    assert report.lost_messages == 0
    assert "cut off" in " ".join(report.problems)
    assert report.start_ns == first
    assert report.end_ns is not None
    assert stamps[-1] - report.end_ns < 1_000_000_000

    episode = read_episode(bag)
    kept = episode["number"].stamp_ns.tolist()
    assert kept == stamps[: len(kept)]
    with Reader(bag) as reader:  # as it lies, by an independent reader
        assert sum(1 for _ in reader.messages()) == report.message_count
        assert 0 < reader.message_count <= report.message_count  # metadata.yaml may lag

    assert recover_bag(bag).status is BagStatus.COMPLETE


def test_killed_folder_is_not_taken_over(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    with subprocess.Popen(
        [sys.executable, "-c", _RECORDER, str(bag)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        process.stdout.read()
    code = "import sys, sawyer_datasets as d; d.EpisodeBagWriter(sys.argv[1], {})"
    done = subprocess.run(
        [sys.executable, "-c", code, str(bag)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert f"process {process.pid}, which has ended" in done.stderr


@settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_kill_inside_any_write_call(
    appends: list[tuple[bytes, int]], tmp_path: Path, data: st.DataObject
) -> None:
    """The file as it is when the process dies after `kept` bytes of one write call."""
    last = data.draw(st.integers(1, len(appends) - 1), label="write call")
    kept = data.draw(st.integers(0, len(appends[last][0])), label="bytes of it")
    bag = tmp_path / "bag"
    bag.mkdir(exist_ok=True)
    with (bag / "bag_0.mcap").open("wb") as stream:
        for payload, offset in appends[:last]:
            stream.seek(offset)
            stream.write(payload)
        stream.seek(appends[last][1])
        stream.write(appends[last][0][:kept])
    found = verify_bag(bag)
    messages_of_finished_calls = max(0, last - 2)  # header, channel, then one message a call
    if messages_of_finished_calls:
        assert found.status is BagStatus.READABLE
        kept_values = read_episode(bag)["a"]["data"].tolist()
        assert len(kept_values) >= messages_of_finished_calls
        assert kept_values == [float(value) for value in range(len(kept_values))]


@pytest.fixture(scope="module")
def appends(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, int]]:
    """Every write call of a recording that makes a chunk of each message."""
    calls: list[tuple[bytes, int]] = []
    real = os.pwrite

    def pwrite(descriptor: int, payload: memoryview, offset: int) -> int:
        calls.append((bytes(payload), offset))
        return real(descriptor, payload, offset)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", pwrite)
        writer = EpisodeBagWriter(
            tmp_path_factory.mktemp("appends") / "bag",
            {"a": ("std_msgs/msg/Float64", "", None)},
            settings=BagSettings(chunk_bytes=1, flush_age_s=1.0),
        )
        for value in range(12):
            writer.write("a", value, encode("std_msgs/msg/Float64", {"data": value}))
            writer.flush()
    writer.close()
    return calls
