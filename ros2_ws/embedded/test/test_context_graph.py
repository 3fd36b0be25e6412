"""Contexts, signals, discovery settings and graph queries."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from rclpy.context import Context
from rclpy.exceptions import NodeNameNonExistentError, NotInitializedException
from std_msgs.msg import String
from std_srvs.srv import Trigger

from embedded_dds.config import DiscoveryRangeError, domain_config, domain_id_from_environment


def test_init_and_shutdown_twice(ros_domain: int) -> None:
    import rclpy

    for _ in range(2):
        with rclpy.init(args=[]) as manager:
            assert rclpy.ok()
            assert manager.context is None
            with pytest.raises(RuntimeError, match="once"):
                rclpy.init(args=[])
            node = rclpy.create_node("node")
            node.destroy_node()
        assert not rclpy.ok()
        rclpy.try_shutdown()
        with pytest.raises(RuntimeError, match="initialized"):
            rclpy.shutdown()
        with pytest.raises(NotInitializedException):
            rclpy.create_node("node")


def test_two_contexts_see_each_other(ros_domain: int, until: Callable[..., None]) -> None:
    import rclpy

    first, second = Context(), Context()
    rclpy.init(args=[], context=first)
    rclpy.init(args=[], context=second)
    one = rclpy.create_node("one", context=first)
    two = rclpy.create_node("two", context=second, namespace="/space")
    assert one.wait_for_node("/space/two", 5.0)
    assert two.wait_for_node("/one", 5.0)
    two.destroy_node()
    until(lambda: one.get_node_names() == ["one"])
    rclpy.shutdown(context=second)
    assert first.ok()
    assert not second.ok()
    one.destroy_node()
    rclpy.shutdown(context=first)


def test_on_shutdown_callbacks(ros: Any) -> None:
    context = ros.get_default_context()
    called: list[int] = []
    context.on_shutdown(lambda: called.append(1))
    ros.shutdown()
    assert called == [1]
    context.on_shutdown(lambda: called.append(2))
    assert called == [1, 2]


SPINNER = """
    import sys, threading
    import rclpy
    from rclpy.executors import (
        ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor)
    rclpy.init(args=[])
    node = rclpy.create_node("spinner")
    executor = {"single": SingleThreadedExecutor, "multi": MultiThreadedExecutor}[sys.argv[1]]()
    executor.add_node(node)
    print("up")
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException) as error:
        print(type(error).__name__, rclpy.ok())
    node.destroy_node()
    rclpy.try_shutdown()
    print("end")
"""


@pytest.mark.parametrize("kind", ["single", "multi"])
@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "ExternalShutdownException")],
)
def test_signals_end_spin_at_once(
    peer: Callable[..., Any], kind: str, number: int, name: str
) -> None:
    process = peer(SPINNER, kind)
    process.expect("up")
    time.sleep(0.2)
    start = time.monotonic()
    process.signal(number)
    assert process.expect(name) == f"{name} False"
    process.expect("end")
    assert process.wait() == 0
    assert time.monotonic() - start < 6.0


def test_clean_exit_leaves_the_graph_at_once(
    ros: Any, peer: Callable[..., Any], until: Callable[..., None]
) -> None:
    node = ros.create_node("watcher")
    process = peer(SPINNER, "single")
    process.expect("up")
    assert node.wait_for_node("/spinner", 5.0)
    process.signal(signal.SIGINT)
    process.wait()
    until(lambda: "spinner" not in node.get_node_names(), timeout_s=5.0)
    node.destroy_node()


def test_killed_process_leaves_the_graph_after_its_lease(
    ros: Any, peer: Callable[..., Any], until: Callable[..., None]
) -> None:
    node = ros.create_node("watcher")
    process = peer(SPINNER, "single")
    process.expect("up")
    assert node.wait_for_node("/spinner", 5.0)
    process.signal(signal.SIGKILL)
    process.wait()
    until(lambda: "spinner" not in node.get_node_names(), timeout_s=30.0)
    node.destroy_node()


def test_graph_queries(ros: Any) -> None:
    node = ros.create_node("asker", namespace="/space")
    node.create_publisher(String, "out", 10)
    node.create_subscription(String, "in", lambda _: None, 10)
    node.create_service(Trigger, "serve", lambda request, response: response)
    node.create_client(Trigger, "call")
    topics = dict(node.get_topic_names_and_types())
    assert topics["/space/out"] == topics["/space/in"] == ["std_msgs/msg/String"]
    assert topics["/parameter_events"] == ["rcl_interfaces/msg/ParameterEvent"]
    services = dict(node.get_service_names_and_types())
    assert services["/space/serve"] == services["/space/call"] == ["std_srvs/srv/Trigger"]
    own = ("asker", "/space")
    assert ("/space/out", ["std_msgs/msg/String"]) in node.get_publisher_names_and_types_by_node(
        *own
    )
    assert node.get_subscriber_names_and_types_by_node(*own) == [
        ("/space/in", ["std_msgs/msg/String"])
    ]
    assert ("/space/serve", ["std_srvs/srv/Trigger"]) in node.get_service_names_and_types_by_node(
        *own
    )
    assert node.get_client_names_and_types_by_node(*own) == [
        ("/space/call", ["std_srvs/srv/Trigger"])
    ]
    assert node.count_services("serve") == node.count_clients("call") == 1
    info = node.get_subscriptions_info_by_topic("in")[0]
    assert (info.node_name, info.node_namespace) == own
    with pytest.raises(NodeNameNonExistentError, match="/space/asker"):
        node.get_publisher_names_and_types_by_node("nobody", "/")
    node.destroy_node()


def test_more_than_32_participants(ros_domain: int) -> None:
    import rclpy

    contexts = [Context() for _ in range(40)]
    for context in contexts:
        rclpy.init(args=[], context=context)
    first = rclpy.create_node("first", context=contexts[0])
    last = rclpy.create_node("last", context=contexts[-1])
    assert first.wait_for_node("/last", 5.0)
    assert last.wait_for_node("/first", 5.0)
    first.destroy_node()
    last.destroy_node()
    for context in contexts:
        context.shutdown()


def test_discovery_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY", "CYCLONEDDS_URI"):
        monkeypatch.delenv(name, raising=False)
    assert "127.0.0.1" in domain_config()
    assert "localhost" in domain_config()
    monkeypatch.setenv("ROS_LOCALHOST_ONLY", "0")
    assert "127.0.0.1" not in domain_config()
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF")
    assert f"off-{os.getpid()}" in domain_config()
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "NEARBY")
    with pytest.raises(DiscoveryRangeError, match="SUBNET"):
        domain_config()
    monkeypatch.setenv("ROS_STATIC_PEERS", 'a"b')
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    assert "a&quot;b" in domain_config()


@pytest.mark.parametrize("value", ["-1", "233", "abc"])
def test_bad_domain_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", value)
    with pytest.raises(DiscoveryRangeError, match="0 to 232"):
        domain_id_from_environment()
