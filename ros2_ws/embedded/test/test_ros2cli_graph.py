"""``ros2 topic``, ``node``, ``service`` and ``param`` against a real node in another process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.ros

NODE = """
import rclpy
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import IntegerRange, ParameterDescriptor
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool


rclpy.init()
node = Node("talker", namespace="/ns")
node.declare_parameter("speed", 3, ParameterDescriptor(
    description="how fast", integer_range=[IntegerRange(from_value=0, to_value=9, step=1)]))
node.declare_parameter("gains.p", [1.0, 2.0])
node.declare_parameter("name", "x", ParameterDescriptor(read_only=True))
pose = node.create_publisher(PoseStamped, "pose", 10)
data = node.create_publisher(Float64MultiArray, "data", 10)
latched = node.create_publisher(
    String, "latched", QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
latched.publish(String(data="kept"))
counter = 0

def tick():
    global counter
    counter += 1
    message = PoseStamped()
    message.header.frame_id = "base"
    message.header.stamp.sec = counter
    message.pose.position.x = 1.5
    pose.publish(message)
    data.publish(Float64MultiArray(data=[float(i) for i in range(200)]))

def answer(request, response):
    response.success = request.data
    response.message = "said " + str(request.data)
    return response

node.create_subscription(String, "heard", lambda m: print("heard", m.data, flush=True), 10)
node.create_service(SetBool, "switch", answer)
node.create_timer(0.02, tick)
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


def ros2(*words: str, timeout_s: float = 40.0) -> tuple[int, str, str]:
    result = subprocess.run(
        [sys.executable, "-m", "embedded_ros2cli.main", *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result.returncode, result.stdout, result.stderr


@pytest.fixture
def talker(peer: Callable[..., Any]) -> Any:
    started = peer(NODE)
    started.expect("ready")
    return started


def test_topic_list_type_find_and_info(talker: Any) -> None:
    output = ros2("topic", "list", "-t")[1]
    assert "/ns/pose [geometry_msgs/msg/PoseStamped]\n" in output
    assert ros2("topic", "type", "/ns/pose")[1] == "geometry_msgs/msg/PoseStamped\n"
    assert ros2("topic", "find", "std_msgs/msg/Float64MultiArray")[1] == "/ns/data\n"
    assert ros2("topic", "info", "/ns/pose")[1] == (
        "Type: geometry_msgs/msg/PoseStamped\nPublisher count: 1\nSubscription count: 0\n"
    )
    output = ros2("topic", "info", "-v", "/ns/latched")[1]
    for text in (
        "Node name: talker", "Node namespace: /ns", "Endpoint type: PUBLISHER",
        "Reliability: RELIABLE", "Durability: TRANSIENT_LOCAL", "Topic type hash: RIHS01_",
    ):  # fmt: skip
        assert text in output
    status, _, error = ros2("topic", "info", "/ns/pos", "--spin-time", "2")
    assert status == 1
    assert "topic '/ns/pos' not found (did you mean '/ns/pose'?)" in error


def test_topic_echo_is_yaml(talker: Any) -> None:
    status, output, _ = ros2("topic", "echo", "/ns/pose", "--once")
    assert status == 0
    assert output.endswith("---\n")
    message = yaml.safe_load(output.removesuffix("---\n"))
    assert message["header"]["frame_id"] == "base"
    assert message["pose"] == {
        "position": {"x": 1.5, "y": 0.0, "z": 0.0},
        "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0},
    }
    assert output.startswith("header:\n  stamp:\n    sec: ")


def test_topic_echo_of_parts_and_truncation(talker: Any) -> None:
    echo = ("topic", "echo", "--once")
    assert ros2(*echo, "/ns/pose", "--field", "pose.position.x")[1] == "1.5\n---\n"
    assert ros2(*echo, "/ns/data", "--field", "data[2]")[1] == "2.0\n---\n"
    message = yaml.safe_load(ros2(*echo, "/ns/data")[1].removesuffix("---\n"))
    assert len(message["data"]) == 129
    assert message["data"][-1] == "..."
    message = yaml.safe_load(ros2(*echo, "-f", "/ns/data")[1].removesuffix("---\n"))
    assert message["data"] == [float(i) for i in range(200)]
    message = yaml.safe_load(ros2(*echo, "--no-arr", "/ns/data")[1].removesuffix("---\n"))
    assert message["data"] == "<array type: double, length: 200>"
    csv = ros2(*echo, "--csv", "/ns/pose")[1]
    assert csv.rstrip().endswith("base,1.5,0.0,0.0,0.0,0.0,0.0,1.0")
    stamp = int(ros2(*echo, "/ns/pose", "--filter", "m.header.stamp.sec % 5 == 0",
                     "--field", "header.stamp.sec")[1].split()[0])  # fmt: skip
    assert stamp % 5 == 0
    status, _, error = ros2(*echo, "/ns/pose", "--field", "pose.posituon")
    assert status == 1
    assert "'posituon' not found (did you mean 'position'?)" in error


def test_topic_echo_adapts_to_latched_publishers_and_gives_up(talker: Any) -> None:
    assert ros2("topic", "echo", "--once", "/ns/latched")[1] == "data: kept\n---\n"
    status, output, _ = ros2(
        "topic", "echo", "--once", "/silent", "std_msgs/msg/String", "--timeout", "0.5"
    )
    assert (status, output) == (1, "")
    status, _, error = ros2("topic", "echo", "/silent", "--timeout", "0.5")
    assert status == 1
    assert "could not determine the type of topic '/silent'" in error


def test_topic_pub_reaches_the_node(talker: Any) -> None:
    status, output, _ = ros2("topic", "pub", "--once", "/ns/heard", "std_msgs/msg/String",
                             "{data: hello}")  # fmt: skip
    assert status == 0
    assert "publishing #1: std_msgs.msg.String(data='hello')" in output
    talker.expect("heard hello")
    ros2("topic", "pub", "-t", "3", "-r", "50", "/ns/heard", "std_msgs/String", "{data: 12}")
    talker.expect("heard 12")


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("std_msgs/msg/Strin", "{}", "did you mean 'std_msgs/msg/String'?"),
        ("std_msgs/msg/String", "{date: x}", "'date' not found (did you mean 'data'?)"),
        ("std_msgs/msg/String", "[1]", "have to be a YAML dictionary"),
        ("std_msgs/msg/String", "{a: ]", "the values are no YAML"),
        ("geometry_msgs/msg/Pose", "{position: {x: far}}", "field 'position.x' (double): 'far'"),
        ("std_msgs/msg/UInt8", "{data: 300}", "field 'data' (uint8): 300"),
    ],
)
def test_topic_pub_refuses_bad_messages(
    ros_domain: int, kind: str, values: str, message: str
) -> None:
    status, output, error = ros2("topic", "pub", "--once", "/x", kind, values)
    assert (status, output) == (1, "")
    assert message in error


def test_topic_hz_and_bw(talker: Any) -> None:
    output = ros2("topic", "hz", "/ns/pose", "--duration", "2.2")[1]
    rate = float(output.split("average rate: ")[-1].split()[0])
    assert 20.0 < rate < 60.0
    assert "window: " in output
    output = ros2("topic", "bw", "/ns/data", "--duration", "1.2")[1]
    assert "Subscribed to [/ns/data]" in output
    assert "min: 1.62 KB" in output


def test_an_endless_echo_ends_with_a_signal(talker: Any) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "embedded_ros2cli.main", "topic", "echo", "/ns/pose"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "header:\n"
    time.sleep(0.2)
    process.terminate()
    output, error = process.communicate(timeout=20)
    assert "Traceback" not in error
    assert output


def test_node_list_and_info(talker: Any) -> None:
    assert ros2("node", "list")[1] == "/ns/talker\n"
    lines = ros2("node", "info", "/ns/talker")[1].splitlines()
    assert lines[0] == "/ns/talker"
    for section, line in (
        ("  Subscribers:", "    /ns/heard: std_msgs/msg/String"),
        ("  Publishers:", "    /ns/pose: geometry_msgs/msg/PoseStamped"),
        ("  Service Servers:", "    /ns/switch: std_srvs/srv/SetBool"),
    ):
        assert lines.index(section) < lines.index(line)
    status, _, error = ros2("node", "info", "/ns/walker", "--spin-time", "2")
    assert status == 1
    assert "did you mean '/ns/talker'?" in error


def test_service_list_and_call(talker: Any) -> None:
    assert "/ns/switch [std_srvs/srv/SetBool]\n" in ros2("service", "list", "-t")[1]
    assert ros2("service", "type", "/ns/switch")[1] == "std_srvs/srv/SetBool\n"
    status, output, _ = ros2("service", "call", "/ns/switch", "std_srvs/srv/SetBool", "data: true")
    assert status == 0
    assert "making request: std_srvs.srv.SetBool_Request(data=True)" in output
    assert "std_srvs.srv.SetBool_Response(success=True, message='said True')" in output
    status, _, error = ros2("service", "call", "/ns/swich", "std_srvs/srv/SetBool", "{}",
                            "--timeout", "0.8")  # fmt: skip
    assert status == 1
    assert "service '/ns/swich' not found (did you mean '/ns/switch'?)" in error


def test_param_list_get_set_and_describe(talker: Any) -> None:
    assert ros2("param", "list", "/ns/talker")[1].split() == [
        "gains.p", "name", "speed", "use_sim_time",
    ]  # fmt: skip
    assert ros2("param", "list")[1].startswith("/ns/talker:\n  gains.p\n")
    assert ros2("param", "get", "/ns/talker", "speed")[1] == "Integer value is: 3\n"
    assert ros2("param", "set", "/ns/talker", "speed", "5")[:2] == (
        0, "Set parameter successful\n",
    )  # fmt: skip
    assert ros2("param", "get", "/ns/talker", "speed", "--hide-type")[1] == "5\n"
    assert ros2("param", "get", "/ns/talker", "gains.p")[1] == "Double values are: [1.0, 2.0]\n"
    for value in ("99", "fast"):
        status, _, error = ros2("param", "set", "/ns/talker", "speed", value)
        assert status == 1
        assert "Setting parameter failed: " in error
    output = ros2("param", "describe", "/ns/talker", "speed", "name")[1]
    for text in ("Type: integer", "Description: how fast", "Max value: 9", "Read only: true"):
        assert text in output
    status, _, error = ros2("param", "get", "/ns/talker", "sped")
    assert status == 1
    assert "'sped' not found (did you mean 'speed'?)" in error


def test_param_dump_and_load(talker: Any, tmp_path: Any) -> None:
    dumped = yaml.safe_load(ros2("param", "dump", "/ns/talker")[1])
    parameters = dumped["/ns/talker"]["ros__parameters"]
    assert parameters["gains"] == {"p": [1.0, 2.0]}
    path = tmp_path / "p.yaml"
    path.write_text("/ns/talker:\n  ros__parameters:\n    speed: 7\n    gains: {p: [3.0]}\n")
    assert ros2("param", "load", "/ns/talker", str(path))[0] == 0
    assert ros2("param", "get", "/ns/talker", "gains.p")[1] == "Double values are: [3.0]\n"
    path.write_text("/other:\n  ros__parameters:\n    speed: 7\n")
    status, _, error = ros2("param", "load", "/ns/talker", str(path))
    assert status == 1
    assert "has nothing for node '/ns/talker'" in error
