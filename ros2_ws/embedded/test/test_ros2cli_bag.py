"""``ros2 bag``: record, info and play, back to back."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.ros

TALKER = """
import sys
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Int32, String

rclpy.init()
node = Node("talker")
numbers = node.create_publisher(Int32, "numbers", 10)
images = node.create_publisher(Image, "images", qos_profile_sensor_data)
latched = node.create_publisher(
    String, "latched", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
latched.publish(String(data="kept"))
hidden = node.create_publisher(Int32, "_hidden", 10)
count = 0

def tick():
    global count
    count += 1
    numbers.publish(Int32(data=count))
    hidden.publish(Int32(data=count))
    if count % 5 == 0:
        images.publish(Image(height=4, width=4, step=4, encoding="mono8", data=bytes(range(16))))

node.create_timer(0.02, tick)
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""
LISTENER = """
import sys
import time
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import Int32, String

rclpy.init()
node = Node("listener")

def say(*words):
    print(time.monotonic(), *words, flush=True)

node.create_subscription(Int32, "numbers", lambda m: say("number", m.data), 100)
node.create_subscription(Int32, "renamed", lambda m: say("renamed", m.data), 100)
node.create_subscription(
    Image, "images", lambda m: say("image", list(m.data)), qos_profile_sensor_data)
node.create_subscription(
    String, "latched", lambda m: say("latched", m.data),
    QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
node.create_subscription(
    Clock, "/clock", lambda m: say("clock", m.clock.sec + m.clock.nanosec * 1e-9), 100)
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "embedded_ros2cli.main", "bag", *words]


def bag(*words: str, timeout_s: float = 40.0) -> tuple[int, str, str]:
    result = subprocess.run(
        command(*words), capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result.returncode, result.stdout, result.stderr


def record(
    path: Path, *words: str, number: int = signal.SIGINT, seconds: float = 1.5
) -> tuple[int, str]:
    """Record for a while, then end it with a signal; returns status and messages."""
    process = subprocess.Popen(
        command("record", "-o", str(path), *words), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "Subscribed to topic '/numbers'" in line:
            break
    time.sleep(seconds)
    process.send_signal(number)
    lines += process.stderr.readlines()
    process.stderr.close()
    return process.wait(20), "".join(lines)


@pytest.fixture
def talker(peer: Callable[..., Any]) -> Any:
    started = peer(TALKER)
    started.expect("ready")
    return started


@pytest.fixture(scope="module")
def recorded_once(
    tmp_path_factory: pytest.TempPathFactory, domain_picker: Callable[[], int]
) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("recorded") / "bag"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(domain_picker()))
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", TALKER], stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            record(path, "--all")
            process.send_signal(signal.SIGINT)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def recorded(recorded_once: Path, tmp_path: Path, ros_domain: int) -> Path:
    """A copy of a bag that is recorded once."""
    return Path(shutil.copytree(recorded_once, tmp_path / "bag"))


@pytest.mark.parametrize(
    ("storage", "number"), [("mcap", signal.SIGINT), ("sqlite3", signal.SIGTERM)]
)
def test_record_is_closed_by_a_signal_and_info_shows_it(
    talker: Any, tmp_path: Path, storage: str, number: int
) -> None:
    path = tmp_path / "bag"
    status, messages = record(path, "-s", storage, "--all", "-x", "rosout", number=number)
    assert status == 0, messages
    status, output, _ = bag("info", str(path))
    assert status == 0
    assert f"Storage id:        {storage}\n" in output
    counts = {
        topic: (kind, int(count))
        for topic, kind, count in re.findall(
            r"Topic: (\S+) \| Type: (\S+) \| Count: (\d+) \| Serialization Format: cdr", output
        )
    }
    assert "/_hidden" not in counts
    assert "/rosout" not in counts
    assert counts["/latched"] == ("std_msgs/msg/String", 1)
    kind, count = counts["/numbers"]
    assert kind == "std_msgs/msg/Int32"
    assert 20 <= count <= 200
    duration_s = float(re.search(r"Duration: +(\d+\.\d+)s", output).group(1))  # type: ignore[union-attr]
    assert 0.7 < duration_s < 8.0
    assert "/numbers\n" in bag("info", "-t", str(path))[1]


def count_mcap_chunks(path: Path) -> int:
    """Return the number of whole chunks in a file that may end anywhere."""
    data = path.read_bytes()
    position, count = 8, 0
    while position + 9 <= len(data):
        (length,) = struct.unpack_from("<Q", data, position + 1)
        if data[position] == 6 and position + 9 + length <= len(data):
            count += 1
        position += 9 + length
    return count


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_after_a_kill_all_but_the_last_second_is_in_the_file(
    talker: Any, tmp_path: Path, storage: str
) -> None:
    path = tmp_path / "bag"
    assert record(path, "-s", storage, "--all", number=signal.SIGKILL, seconds=2.5)[0] == -9
    assert not (path / "metadata.yaml").exists()
    (file,) = (file for file in path.iterdir() if file.suffix in (".mcap", ".db3"))
    if storage == "mcap":
        assert count_mcap_chunks(file) >= 2
    else:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            (rows,) = connection.execute("select count(*) from messages").fetchone()
        assert rows > 30


def test_recorded_messages_are_complete_and_qos_is_kept(recorded: Path) -> None:
    from rosbags.highlevel import AnyReader
    from rosbags.interfaces import QosDurability, QosReliability

    with AnyReader([recorded]) as reader:
        qos = {c.topic: c.ext.offered_qos_profiles[0] for c in reader.connections}
        assert qos["/images"].reliability == QosReliability.BEST_EFFORT
        assert qos["/latched"].durability == QosDurability.TRANSIENT_LOCAL
        values = [
            (c.topic, reader.deserialize(data, c.msgtype)) for c, _, data in reader.messages()
        ]
    numbers = [message.data for topic, message in values if topic == "/numbers"]  # type: ignore[attr-defined]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    image = next(message for topic, message in values if topic == "/images")
    assert image.data.tolist() == list(range(16))  # type: ignore[attr-defined]


def test_play_gives_back_what_was_recorded(recorded: Path, peer: Callable[..., Any]) -> None:
    listener = peer(LISTENER)
    listener.expect("ready")
    status, _, error = bag("play", str(recorded), "--wait-for-all-acked", "5000")
    assert status == 0
    total = int(re.search(r"(\d+) messages played", error).group(1))  # type: ignore[union-attr]
    assert total > 20
    listener.expect("image [0, 1, 2")
    time.sleep(0.3)
    listener.close()
    lines = [*listener.seen, *iter_rest(listener)]
    numbers = [int(line.split()[-1]) for line in lines if " number " in line]
    assert len(numbers) > 20
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert any("latched kept" in line for line in lines)


def iter_rest(peer: Any) -> list[str]:
    """Return the lines that nobody has waited for."""
    lines = []
    while not peer._lines.empty():
        line = peer._lines.get()
        if line is not None:
            lines.append(line)
    return lines


def test_play_keeps_the_rate_and_publishes_the_clock(
    recorded: Path, peer: Callable[..., Any]
) -> None:
    listener = peer(LISTENER)
    listener.expect("ready")
    assert bag("play", str(recorded), "--rate", "2", "--clock", "50", "--topics", "/numbers",
               "--remap", "/numbers:=/renamed")[0] == 0  # fmt: skip
    time.sleep(0.3)
    listener.close()
    lines = [line.split() for line in iter_rest(listener)]
    assert not [words for words in lines if words[1] == "number"]
    times_s = [float(words[0]) for words in lines if words[1] == "renamed"]
    clocks_s = [(float(words[0]), float(words[2])) for words in lines if words[1] == "clock"]
    duration_s = float(
        re.search(r"Duration: +(\d+\.\d+)s", bag("info", str(recorded))[1]).group(1)  # type: ignore[union-attr]
    )
    assert times_s[-1] - times_s[0] == pytest.approx(duration_s / 2, rel=0.4)
    assert len(clocks_s) > 20
    values = [value for _, value in clocks_s]
    assert values == sorted(values)
    speed = (values[-1] - values[0]) / (clocks_s[-1][0] - clocks_s[0][0])
    assert speed == pytest.approx(2.0, rel=0.3)


def test_play_loops_until_a_signal(recorded: Path, peer: Callable[..., Any]) -> None:
    listener = peer(LISTENER)
    listener.expect("ready")
    process = subprocess.Popen(
        command("play", str(recorded), "--loop", "--rate", "20", "--topics", "/numbers"),
        stderr=subprocess.PIPE,
        text=True,
    )
    first = listener.expect(" number ").split()[-1]
    listener.expect(f" number {first}")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode in (0, 2)
    assert "Traceback" not in error


def test_qos_overrides(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "qos.yaml"
    path.write_text(yaml.safe_dump({"/numbers": {"reliability": "besteffort"}}))
    status, _, error = bag("play", str(recorded), "--qos-profile-overrides-path", str(path))
    assert status == 1
    assert "/numbers: reliability is 'besteffort', allowed: " in error
    path.write_text(yaml.safe_dump({"/numbers": {"reliability": "best_effort", "depth": 3}}))
    words = ["--qos-profile-overrides-path", str(path), "--rate", "50"]
    assert bag("play", str(recorded), *words)[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["record"], "no topics: name some"),
        (["record", "--all", "/x"], "--all and a choice of topics exclude each other"),
        (["record", "-e", "(", "-o", "new"], "--regex '('"),
        (["record", "--all", "-o", "."], "output folder '.' already exists"),
        (["play", "no-such-bag"], "bag 'no-such-bag' does not exist"),
        (["info", "."], "no metadata.yaml: it was not closed properly, or is no bag"),
    ],
)
def test_faults_are_named(
    ros_domain: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, error = bag(*words)
    assert status == 1
    assert message in error
    assert list(tmp_path.iterdir()) == []


def test_bad_choices_for_play(recorded: Path) -> None:
    status, _, error = bag("play", str(recorded), "--rate", "0")
    assert status == 1
    assert "--rate is 0.0, allowed: more than 0" in error
    status, _, error = bag("play", str(recorded), "--topics", "/number")
    assert status == 1
    assert "topic of the bag '/number' not found (did you mean '/numbers'?)" in error


def test_names_without_a_leading_slash_are_understood(ros_domain: int, tmp_path: Path) -> None:
    from rosbags.rosbag2 import StoragePlugin, Writer

    from embedded_ros2cli.bag_types import message_definition

    definition, digest = message_definition("std_msgs/msg/Int32")
    path = tmp_path / "bag"
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection(
            "numbers", "std_msgs/msg/Int32", msgdef=definition, rihs01=digest
        )
        writer.write(connection, 10**9, bytes([0, 1, 0, 0, 7, 0, 0, 0]))
    status, _, error = bag("play", str(path), "--topics", "/numbers")
    assert status == 0
    assert "1 messages played" in error
    assert "Duration:          0.000000000s\n" in bag("info", str(path))[1]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_full_disk_is_an_error_and_no_traceback(
    talker: Any, tmp_path: Path, storage: str
) -> None:
    path = tmp_path / "bag"
    words = " ".join(command("record", "--all", "-o", str(path), "-d", "2", "-s", storage))
    result = subprocess.run(
        ["bash", "-c", f"ulimit -f 4; exec {words}"],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert result.returncode == 1
    assert f"recording to '{path}' failed: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_damaged_bag_is_an_error_and_no_traceback(recorded: Path) -> None:
    (file,) = recorded.glob("*.mcap")
    file.write_bytes(file.read_bytes()[:100])
    for verb in ("info", "play"):
        status, _, error = bag(verb, str(recorded))
        assert status == 1
        assert "cannot be read" in error
