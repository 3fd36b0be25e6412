"""Parameter services, events, command line and simulated time across processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rcl_interfaces.msg import Log, ParameterEvent
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.parameter_client import AsyncParameterClient
from rclpy.parameter_event_handler import ParameterEventHandler
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock as ClockMsg

pytestmark = pytest.mark.ros

SERVER = """
import sys
import rclpy
from rcl_interfaces.msg import IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

rclpy.init(args=sys.argv)
node = Node("server", namespace="/ns")
limits = IntegerRange(from_value=0, to_value=10)
node.declare_parameter("level", 3, ParameterDescriptor(description="d", integer_range=[limits]))
node.declare_parameter("gains.p", 1.0)
node.declare_parameter("gains.i", [0.1, 0.2])
node.declare_parameter("fixed", "f", ParameterDescriptor(read_only=True))
node.declare_parameter("unset", rclpy.Parameter.Type.STRING)

def check(parameters):
    bad = any(p.name == "gains.p" and p.value < 0 for p in parameters)
    return SetParametersResult(successful=not bad, reason="negative gain" if bad else "")

node.add_on_set_parameters_callback(check)
print("up", node.get_fully_qualified_name(), node.get_parameter("level").value, flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
finally:
    node.destroy_node()
    rclpy.try_shutdown()
"""


@pytest.fixture
def call(ros: Any, spin: Callable[..., Any], until: Callable[..., None]) -> Callable[..., Any]:
    """Call a method of a parameter client of ``/ns/server`` and wait for the response."""
    node = Node("caller")
    client = AsyncParameterClient(node, "/ns/server")
    spin(node)

    def run(method: str, *args: Any) -> Any:
        assert client.wait_for_services(15.0)
        future = getattr(client, method)(*args)
        until(future.done)
        return future.result()

    run.node = node  # type: ignore[attr-defined]
    return run


def test_the_six_services(peer: Callable[..., Any], call: Callable[..., Any]) -> None:
    peer(SERVER).expect("up")
    listed = call("list_parameters").result
    names = ["use_sim_time", "level", "gains.p", "gains.i", "fixed", "unset"]
    assert list(listed.names) == names
    assert list(listed.prefixes) == ["gains"]
    assert list(call("list_parameters", ["gains"], 1).result.names) == ["gains.p", "gains.i"]

    values = call("get_parameters", ["level", "gains.i"]).values
    assert [parameter_value_to_python(v) for v in values] == [3, [0.1, 0.2]]
    assert list(call("get_parameters", ["level", "absent"]).values) == []
    assert list(call("get_parameters", ["unset"]).values) == []

    types = call("get_parameter_types", ["level", "fixed", "gains.i"]).types
    assert [int(t) for t in types] == [2, 4, 8]

    described = call("describe_parameters", ["level", "fixed"]).descriptors
    assert described[0].description == "d"
    assert described[0].integer_range[0].to_value == 10
    assert described[1].read_only
    assert list(call("describe_parameters", ["absent"]).descriptors) == []

    results = call(
        "set_parameters",
        [
            Parameter("level", value=7),
            Parameter("level", value=11),
            Parameter("level", value="x"),
            Parameter("gains.p", value=-1.0),
            Parameter("fixed", value="g"),
            Parameter("absent", value=1),
        ],
    ).results
    assert [r.successful for r in results] == [True] + [False] * 5
    for result, word in zip(
        results[1:], ["range", "type", "negative", "read-only", "absent"], strict=True
    ):
        assert word in result.reason

    bad = [Parameter("level", value=1), Parameter("gains.p", value=-1.0)]
    assert not call("set_parameters_atomically", bad).result.successful
    assert call("get_parameters", ["level"]).values[0].integer_value == 7


def test_command_line_and_file_reach_the_node(
    peer: Callable[..., Any], call: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("/ns/server:\n  ros__parameters: {level: 5, gains: {p: 2.5}}\n")
    server = peer(SERVER, "--ros-args", "--params-file", str(path), "-p", "server:level:=6")
    assert server.expect("up").split()[1:] == ["/ns/server", "6"]
    assert call("get_parameters", ["gains.p"]).values[0].double_value == 2.5
    file = tmp_path / "q.yaml"
    file.write_text("/ns/server:\n  ros__parameters: {level: 9}\n")
    assert call("load_parameter_file", str(file)).results[0].successful
    assert call("get_parameters", ["level"]).values[0].integer_value == 9


def test_node_name_and_namespace_are_remapped(peer: Callable[..., Any]) -> None:
    server = peer(SERVER, "--ros-args", "-r", "__node:=other", "-r", "server:__ns:=/far/away")
    assert server.expect("up").split()[1] == "/far/away/other"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["-p", "level:=11"], "range"),
        (["-p", "level:=text"], "expecting type 'INTEGER'"),
        (["--params-file", "absent.yaml"], "absent.yaml"),
        (["--oops"], "unknown ROS argument '--oops'"),
    ],
)
def test_bad_arguments_end_the_process(
    peer: Callable[..., Any], args: list[str], says: str
) -> None:
    server = peer(SERVER, "--ros-args", *args)
    server.expect(says)
    assert server.wait() == 1


def test_events_of_another_node(
    peer: Callable[..., Any], call: Callable[..., Any], until: Callable[..., None]
) -> None:
    node: Node = call.node  # type: ignore[attr-defined]
    events: list[ParameterEvent] = []
    levels: list[int] = []
    handler = ParameterEventHandler(node)
    handler.add_parameter_event_callback(events.append)
    handle = handler.add_parameter_callback(
        "level", "/ns/server", lambda p: levels.append(p.value.integer_value)
    )
    peer(SERVER).expect("up")
    assert call("set_parameters", [Parameter("level", value=4)]).results[0].successful
    until(lambda: 4 in levels)
    ours = [e for e in events if e.node == "/ns/server" and len(e.changed_parameters)]
    assert [p.name for p in ours[-1].changed_parameters] == ["level"]
    assert ours[-1].stamp.sec > 0
    handler.remove_parameter_callback(handle)
    handler.destroy()


def test_simulated_time(ros: Any, spin: Callable[..., Any], until: Callable[..., None]) -> None:
    follower = Node("follower", parameter_overrides=[Parameter("use_sim_time", value=True)])
    source = Node("source")
    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
    publisher = source.create_publisher(ClockMsg, "/clock", qos)
    ticks: list[int] = []
    follower.create_timer(1.0, lambda: ticks.append(follower.get_clock().now().nanoseconds))
    spin(follower, source)
    assert follower.get_clock().now().nanoseconds == 0
    until(lambda: publisher.get_subscription_count() > 0)

    def publish(nanoseconds: int) -> None:
        message = ClockMsg()
        message.clock.sec, message.clock.nanosec = divmod(nanoseconds, 10**9)
        publisher.publish(message)
        until(lambda: follower.get_clock().now().nanoseconds == nanoseconds)

    publish(500_000_000)
    assert ticks == []
    publish(1_250_000_000)
    until(lambda: ticks == [1_250_000_000])
    publish(2_100_000_000)
    until(lambda: ticks[1:] == [2_100_000_000])
    refused = follower.set_parameters([Parameter("use_sim_time", value=1)])[0]
    assert not refused.successful
    assert follower.set_parameters([Parameter("use_sim_time", value=False)])[0].successful
    assert follower.get_clock().now().nanoseconds > 10**15
    until(lambda: publisher.get_subscription_count() == 0)


def test_rosout_reaches_late_subscribers(
    ros: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    talker = Node("talker", namespace="/ns")
    talker.get_logger().warning("early bird")
    talker.get_logger().get_child("part").error("of a child")
    listener = Node("listener", enable_rosout=False)
    seen: list[Log] = []
    qos = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    listener.create_subscription(Log, "/rosout", seen.append, qos)
    spin(talker, listener)
    until(lambda: len(seen) == 2)
    first, second = seen
    assert (first.name, first.msg, int(first.level)) == ("ns.talker", "early bird", 30)
    assert first.function == "test_rosout_reaches_late_subscribers"
    assert first.stamp.sec > 0
    assert (second.name, int(second.level)) == ("ns.talker.part", 40)


def test_logger_service(ros: Any, spin: Callable[..., Any], until: Callable[..., None]) -> None:
    from rcl_interfaces.msg import LoggerLevel
    from rcl_interfaces.srv import GetLoggerLevels, SetLoggerLevels

    node = Node("leveller", enable_logger_service=True)
    setter = node.create_client(SetLoggerLevels, "/leveller/set_logger_levels")
    getter = node.create_client(GetLoggerLevels, "/leveller/get_logger_levels")
    spin(node)
    levels = [LoggerLevel(name="leveller", level=40), LoggerLevel(name="leveller", level=7)]
    assert setter.wait_for_service(5.0)
    response = setter.call(SetLoggerLevels.Request(levels=levels), timeout_sec=5.0)
    assert [r.successful for r in response.results] == [True, False]
    response = getter.call(GetLoggerLevels.Request(names=["leveller"]), timeout_sec=5.0)
    assert response.levels[0].level == 40
    node.get_logger().set_level(20)
