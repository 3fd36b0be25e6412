import errno
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from rclpy.node import Node
from sawyer_interfaces.msg import EpisodeResult, ErrorCode, RecorderState
from sawyer_interfaces.srv import StartRecording, StopRecording
from sensor_msgs.msg import JointState

from sawyer_core import ConfigError, RecordingError
from sawyer_datasets import BagStatus, EpisodeBagWriter, read_episode, verify_bag
from sawyer_datasets_ros import recorder_node
from sawyer_datasets_ros.config import DEFAULT_TOPICS
from sawyer_datasets_ros.progress import Progress
from sawyer_datasets_ros.recorder_node import RecorderNode
from sawyer_datasets_ros.topics import RecordedTopic, definition, stamp_of
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_stamp
from sawyer_ros_common.testing import Client, Spinner, ros_arguments, wait_for

pytestmark = pytest.mark.ros


class Bench:
    def __init__(self, node: Node) -> None:
        self.node, self.client = node, Client(node)
        self.states = self.client.listen(RecorderState, "recorder/state", qos.LATCHED)
        self.joints = node.create_publisher(JointState, "joint_states", qos.STATE)
        self.results = node.create_publisher(EpisodeResult, "episode/result", qos.EVENT_LATCHED)

    def ready(self) -> bool:
        counts = (self.joints.get_subscription_count(), self.results.get_subscription_count())
        return min(counts) > 0

    def start(self, name: str) -> StartRecording.Response:
        request = StartRecording.Request(name=name)
        return self.client.call(StartRecording, "recorder/start", request)

    def stop(self, until_ns: int = 0) -> StopRecording.Response:
        request = StopRecording.Request(until=to_stamp(until_ns))
        return self.client.call(StopRecording, "recorder/stop", request)

    def say(self, *stamps: int) -> None:
        for stamp_ns in stamps:
            self.joints.publish(JointState(header=conversions.header(stamp_ns)))


@pytest.fixture
def namespace() -> str:
    return "/"


@pytest.fixture
def bench(tmp_path: Path, namespace: str) -> Iterator[Bench]:
    arguments = ["-p", f"output_dir:={tmp_path}", "-p", "closing_timeout_s:=1.0"]
    with ros_arguments([*arguments, "-r", f"__ns:={namespace}"]):
        recorder, node = RecorderNode(), Node("bench")
        recorder.start()
        made = Bench(node)
        with Spinner(recorder, node):
            wait_for(made.ready, 10.0, "the recorder")
            yield made


def test_a_recording_waits_for_the_last_messages(bench: Bench, tmp_path: Path) -> None:
    assert not bench.start("episode_0000").error_code
    bench.say(*range(100, 1000, 100))
    request = StopRecording.Request(until=to_stamp(1000))
    client = bench.node.create_client(StopRecording, "recorder/stop")
    wait_for(client.service_is_ready, 10.0, "recorder/stop")
    stopping = client.call_async(request)
    bench.say(1000)
    bench.results.publish(EpisodeResult(header=conversions.header(1000)))
    reply = bench.client.wait(stopping, 10.0, "the end")
    assert reply.error_code == ErrorCode.NONE
    assert reply.messages == 11
    report = verify_bag(tmp_path / "bags" / "episode_0000")
    assert report.status is BagStatus.COMPLETE


@pytest.mark.parametrize("namespace", ["/", "/left"])
def test_a_bag_holds_full_names(bench: Bench, tmp_path: Path, namespace: str) -> None:
    bench.start("named")
    bench.say(100)
    bench.results.publish(EpisodeResult(header=conversions.header(100)))
    assert bench.stop(100).messages == 2
    episode = read_episode(tmp_path / "bags" / "named")
    prefix = namespace.rstrip("/")
    assert {f"{prefix}/joint_states", f"{prefix}/episode/result", "/clock"} <= set(episode)
    assert len(episode["joint_states"]) == 1


def test_a_starved_recorder_falls_behind_but_loses_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.start("starved")
    stuck, go_on = Event(), Event()
    write = EpisodeBagWriter.write

    def slow(self: EpisodeBagWriter, *given: Any) -> None:
        stuck.set()
        assert go_on.wait(10.0)
        write(self, *given)

    monkeypatch.setattr(EpisodeBagWriter, "write", slow)
    bench.say(100)
    assert stuck.wait(10.0)
    bench.say(*range(200, 50_100, 100))
    go_on.set()
    bench.stop(50_000)
    stamps = read_episode(tmp_path / "bags" / "starved")["joint_states"].stamp_ns
    assert stamps.tolist() == list(range(100, 50_100, 100))


def test_what_never_comes_is_not_waited_for_for_ever(bench: Bench, tmp_path: Path) -> None:
    bench.start("short")
    bench.say(100)
    assert bench.stop(500).error_code == ErrorCode.NONE
    assert verify_bag(tmp_path / "bags" / "short").status is BagStatus.COMPLETE


def test_one_bag_at_a_time_and_none_to_stop(bench: Bench) -> None:
    assert bench.stop().error_code == ErrorCode.RECORDER_NOT_RECORDING
    assert not bench.start("a").error_code
    reply = bench.start("b")
    assert reply.error_code == ErrorCode.RECORDER_BUSY
    assert "bags/a" in reply.error_msg
    bench.stop()


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden"])
def test_a_name_is_a_plain_folder_name(bench: Bench, name: str) -> None:
    assert bench.start(name).error_code == ErrorCode.RECORDER_BAD_NAME


def test_an_existing_bag_is_not_overwritten(bench: Bench) -> None:
    bench.start("same")
    bench.say(100)
    bench.stop()
    reply = bench.start("same")
    assert reply.error_code == ErrorCode.RECORDER_IO
    assert "not empty" in reply.error_msg


class FullDisk(EpisodeBagWriter):
    def write(self, topic: str, stamp_ns: int, cdr: bytes) -> None:
        raise RecordingError("cannot write to the bag", errno=errno.ENOSPC)


def test_a_full_disk_ends_the_recording_not_the_node(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_node, "EpisodeBagWriter", FullDisk)
    bench.start("full")
    bench.say(100, 200)
    wait_for(lambda: any(s.error_code for s in bench.states), 10.0, "the report")
    state = next(s for s in bench.states if s.error_code)
    assert state.error_code == ErrorCode.RECORDER_NO_SPACE
    assert not state.recording
    assert "cannot write to the bag" in state.error_msg
    reply = bench.stop(200)
    assert reply.error_code == ErrorCode.RECORDER_NO_SPACE
    assert reply.dropped >= 1
    monkeypatch.undo()
    assert not bench.start("after").error_code


def test_every_default_topic_has_a_type_and_a_definition() -> None:
    for text in DEFAULT_TOPICS:
        topic = RecordedTopic.parse(text)
        assert topic.message_class().__name__ == topic.msgtype.rsplit("/", 1)[1]
        assert topic.spec().msgtype == topic.msgtype


def test_definitions_include_what_they_use() -> None:
    text = definition("sawyer_interfaces/msg/SessionProgress")
    assert "MSG: sawyer_interfaces/EpisodeResult" in text
    assert definition("sensor_msgs/msg/JointState") == ""


@pytest.mark.parametrize(
    "text", ["joint_states", "a sensor_msgs/JointState state", "a std_msgs/msg/Bool sometimes"]
)
def test_a_malformed_topic_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ConfigError, match="profile one of"):
        RecordedTopic.parse(text)


def test_the_stamp_is_read_from_the_cdr() -> None:
    assert stamp_of(bytes((0, 1, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9))) == 2_000_000_005


def test_progress_waits_only_for_topics_that_spoke() -> None:
    progress = Progress(("a", "b"), "end")
    progress.saw("a", 5)
    assert progress.lagging(5) == ["end"]
    progress.saw("end", 5)
    assert progress.lagging(5) == []
    progress.saw("b", 4)
    assert progress.lagging(5) == ["b"]
