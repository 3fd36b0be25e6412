"""The wire, held against a foreign process: plain cyclonedds-python with types of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("foreign_dds_peer.py")


class Foreign:
    """The foreign process and its output."""

    def __init__(self, role: str, domain: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), role, str(domain)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def line(self, start: str) -> str:
        """Return the next line, which must begin with ``start``."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline().strip()
        if not text.startswith(start):
            text += self.process.stdout.read() if self.process.poll() is not None else ""
        assert text.startswith(start), text
        return text

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def foreign(ros_domain: int) -> Iterator[Callable[[str], Foreign]]:
    started: list[Foreign] = []

    def start(role: str) -> Foreign:
        started.append(Foreign(role, ros_domain))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def node(ros: Any) -> Iterator[Any]:
    made = ros.create_node("native", namespace="/home")
    yield made
    made.destroy_node()


def spin_until(ros: Any, node: Any, condition: Callable[[], Any], timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        ros.spin_once(node, timeout_sec=0.1)


def test_topics_both_ways(ros: Any, node: Any, foreign: Callable[[str], Foreign]) -> None:
    from sensor_msgs.msg import JointState
    from std_msgs.msg import String

    strings: list[Any] = []
    joints: list[Any] = []
    string_out = node.create_publisher(String, "/to_foreign", 10)
    joint_out = node.create_publisher(JointState, "/joints_to", 10)
    node.create_subscription(String, "/from_foreign", strings.append, 10)
    node.create_subscription(JointState, "/joints_from", joints.append, 10)
    other = foreign("echo")
    other.line("matched")
    string_out.publish(String(data="grüße"))
    state = JointState(name=["right_j0", "right_j1"], position=[0.1, 0.2])
    state.header.frame_id = "base"
    joint_out.publish(state)
    assert other.line("string") == "string grüße"
    assert other.line("joints") == "joints right_j0,right_j1 0.1 base"
    spin_until(ros, node, lambda: strings and joints)
    assert strings[0].data == "back: grüße"
    assert joints[0].name == state.name
    assert joints[0].position.tolist() == [1.1, 0.2]
    assert joints[0].header == state.header


def test_foreign_server(ros: Any, node: Any, foreign: Callable[[str], Foreign]) -> None:
    from example_interfaces.srv import AddTwoInts

    client = node.create_client(AddTwoInts, "/foreign_add")
    foreign("add_server").line("ready")
    assert client.wait_for_service(10.0)
    for a in (1, -7):
        future = client.call_async(AddTwoInts.Request(a=a, b=2))
        ros.spin_until_future_complete(node, future, timeout_sec=5.0)
        assert future.result().sum == a + 2


def test_foreign_client(ros: Any, node: Any, foreign: Callable[[str], Foreign]) -> None:
    from example_interfaces.srv import AddTwoInts

    calls: list[tuple[int, int]] = []

    def add(request: Any, response: Any) -> Any:
        calls.append((request.a, request.b))
        response.sum = request.a + request.b
        return response

    node.create_service(AddTwoInts, "/our_add", add)
    other = foreign("add_client")
    spin_until(ros, node, lambda: len(calls) == 2)
    assert calls == [(40, 2), (50, 2)]
    assert other.line("sum") == "sum 42"
    assert other.line("sum") == "sum 52"


def test_foreign_action_server(ros: Any, node: Any, foreign: Callable[[str], Foreign]) -> None:
    from example_interfaces.action import Fibonacci
    from rclpy.action import ActionClient

    client = ActionClient(node, Fibonacci, "/foreign_fib")
    other = foreign("action_server")
    other.line("ready")
    spin_until(ros, node, client.server_is_ready)
    feedback: list[list[int]] = []
    sent = client.send_goal_async(
        Fibonacci.Goal(order=4),
        feedback_callback=lambda message: feedback.append(list(message.feedback.sequence)),
    )
    ros.spin_until_future_complete(node, sent, timeout_sec=5.0)
    handle = sent.result()
    assert handle.accepted
    done = handle.get_result_async()
    ros.spin_until_future_complete(node, done, timeout_sec=5.0)
    assert done.result().status == 4
    assert list(done.result().result.sequence) == [0, 1, 1, 2, 3]
    assert feedback[-1] == [0, 1, 1, 2, 3]


def test_foreign_action_client(
    ros: Any, node: Any, foreign: Callable[[str], Foreign], spin: Callable[..., Any]
) -> None:
    from example_interfaces.action import Fibonacci
    from rclpy.action import ActionServer

    def execute(goal_handle: Any) -> Any:
        values = [0, 1]
        while len(values) <= goal_handle.request.order:
            values.append(values[-1] + values[-2])
            goal_handle.publish_feedback(Fibonacci.Feedback(sequence=values))
        goal_handle.succeed()
        return Fibonacci.Result(sequence=values)

    server = ActionServer(node, Fibonacci, "/our_fib", execute)
    spin(node)
    other = foreign("action_client")
    assert other.line("accepted") == "accepted True"
    assert other.line("result") == "result 4 [0, 1, 1, 2, 3, 5]"
    assert other.line("feedback") == "feedback True [0, 1, 1]"
    assert other.line("status") == "status 4 True"
    server.destroy()


def test_graph_both_ways(ros: Any, node: Any, foreign: Callable[[str], Foreign]) -> None:
    from std_msgs.msg import String

    publisher = node.create_publisher(String, "/native_topic", 10)
    other = foreign("graph")
    other.line("announced")
    assert node.wait_for_node("/abroad/stranger", 10.0)
    assert ("stranger", "/abroad") in node.get_node_names_and_namespaces()
    expected = [("/foreign_topic", ["std_msgs/msg/String"])]
    end = time.monotonic() + 5.0
    while node.get_publisher_names_and_types_by_node("stranger", "/abroad") != expected:
        assert time.monotonic() < end
        time.sleep(0.02)
    info = node.get_publishers_info_by_topic("/foreign_topic")[0]
    assert (info.node_name, info.node_namespace) == ("stranger", "/abroad")
    words = other.line("node").split()
    assert words[1] == "/home"
    assert publisher._writer.guid.hex() in words[3:]


def test_latched_messages_both_ways(
    ros: Any, node: Any, foreign: Callable[[str], Foreign]
) -> None:
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import String

    profile = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = node.create_publisher(String, "/our_latched", profile)
    publisher.publish(String(data="replaced"))
    publisher.publish(String(data="kept here"))
    other = foreign("latched")
    assert other.line("got") == "got kept here"
    got: list[Any] = []
    node.create_subscription(String, "/foreign_latched", got.append, profile)
    spin_until(ros, node, lambda: got)
    assert got == [String(data="kept abroad")]


def test_malformed_sample_is_dropped_and_counted(
    ros: Any, node: Any, foreign: Callable[[str], Foreign]
) -> None:
    from std_msgs.msg import String

    got: list[str] = []
    subscription = node.create_subscription(
        String, "/from_foreign", lambda message: got.append(message.data), 10
    )
    foreign("garbage").line("sent")
    spin_until(ros, node, lambda: len(got) == 2)
    assert got == ["before", "after"]
    assert subscription.malformed_count == 1


def test_killed_peer_does_no_harm(ros: Any, node: Any, foreign: Callable[[str], Foreign]) -> None:
    from std_msgs.msg import String

    got: list[Any] = []
    node.create_subscription(String, "/from_foreign", got.append, 10)
    first = foreign("hold")
    first.line("sent")
    spin_until(ros, node, lambda: got)
    first.process.kill()
    first.process.wait()
    ros.spin_once(node, timeout_sec=0.2)
    count = len(got)
    second = foreign("hold")
    second.line("sent")
    spin_until(ros, node, lambda: len(got) > count + 3)
