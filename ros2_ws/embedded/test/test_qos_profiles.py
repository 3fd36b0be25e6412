"""QoS profiles and what reaches DDS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    InvalidQoSProfileException,
    QoSCompatibility,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
    as_profile,
    from_dds,
    qos_check_compatible,
    qos_profile_sensor_data,
    to_dds,
)
from std_msgs.msg import String


def test_defaults_and_presets() -> None:
    profile = QoSProfile(depth=3)
    assert profile.history is HistoryPolicy.KEEP_LAST
    assert profile.reliability is ReliabilityPolicy.RELIABLE
    assert profile.durability is DurabilityPolicy.VOLATILE
    assert qos_profile_sensor_data.reliability is ReliabilityPolicy.BEST_EFFORT
    assert qos_profile_sensor_data.depth == 5
    assert QoSPresetProfiles.get_from_short_key("sensor_data") == qos_profile_sensor_data


@pytest.mark.parametrize("arguments", [{}, {"history": HistoryPolicy.KEEP_LAST}])
def test_incomplete_profile_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidQoSProfileException):
        QoSProfile(**arguments)


def test_wrong_values_are_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        QoSProfile(depth=-1)
    with pytest.raises(AssertionError, match="dept"):
        QoSProfile(dept=1)
    with pytest.raises(AssertionError, match="Duration"):
        QoSProfile(depth=1, deadline=1.0)
    with pytest.raises(TypeError):
        as_profile("10")  # type: ignore[arg-type]


def test_round_trip_through_dds_values() -> None:
    profile = QoSProfile(
        depth=7,
        reliability=ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
        deadline=Duration(seconds=1),
        lifespan=Duration(seconds=2),
    )
    back = from_dds(to_dds(profile))
    for name in ("depth", "reliability", "durability", "deadline", "lifespan", "history"):
        assert getattr(back, name) == getattr(profile, name), name


def test_discovered_qos(ros: Any, until: Callable[..., None]) -> None:
    node = ros.create_node("qos")
    profile = QoSProfile(
        depth=4, durability=DurabilityPolicy.TRANSIENT_LOCAL, lifespan=Duration(seconds=3)
    )
    node.create_publisher(String, "topic", profile)
    info = node.get_publishers_info_by_topic("topic")[0]
    assert info.qos_profile.durability is DurabilityPolicy.TRANSIENT_LOCAL
    assert info.qos_profile.lifespan == Duration(seconds=3)
    assert info.topic_type_hash.startswith("RIHS01_")
    node.destroy_node()


def receive(ros: Any, node: Any, got: list[Any], count: int) -> None:
    for _ in range(50):
        if len(got) >= count:
            return
        ros.spin_once(node, timeout_sec=0.1)


def test_late_subscription_gets_latched_messages(ros: Any) -> None:
    node = ros.create_node("latched")
    profile = QoSProfile(depth=2, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = node.create_publisher(String, "latched", profile)
    for text in "abc":
        publisher.publish(String(data=text))
    got: list[str] = []
    node.create_subscription(String, "latched", lambda m: got.append(m.data), profile)
    receive(ros, node, got, 2)
    assert got == ["b", "c"]
    node.destroy_node()


def test_depth_keeps_the_newest(ros: Any) -> None:
    node = ros.create_node("depth")
    got: list[str] = []
    node.create_subscription(String, "deep", lambda m: got.append(m.data), 3)
    publisher = node.create_publisher(String, "deep", 10)
    for number in range(8):
        publisher.publish(String(data=str(number)))
    receive(ros, node, got, 3)
    ros.spin_once(node, timeout_sec=0.05)
    assert got == ["5", "6", "7"]
    node.destroy_node()


def test_compatibility_check() -> None:
    assert QoSPresetProfiles.SENSOR_DATA.value == qos_profile_sensor_data
    kind, reason = qos_check_compatible(qos_profile_sensor_data, QoSProfile(depth=1))
    assert kind is QoSCompatibility.ERROR
    assert "reliable" in reason
    assert qos_check_compatible(QoSProfile(depth=1), qos_profile_sensor_data) == (
        QoSCompatibility.OK,
        "",
    )


def test_wait_for_message(ros: Any) -> None:
    from rclpy.wait_for_message import wait_for_message

    node = ros.create_node("waiter")
    publisher = node.create_publisher(String, "topic", 1)
    node.create_timer(0.02, lambda: publisher.publish(String(data="x")))
    assert wait_for_message(String, node, "topic", time_to_wait=5.0) == (True, String(data="x"))
    assert wait_for_message(String, node, "silent", time_to_wait=0.1) == (False, None)
    node.destroy_node()


def test_incompatible_qos_is_reported(ros: Any) -> None:
    from rclpy.event_handler import PublisherEventCallbacks

    node = ros.create_node("incompatible")
    events: list[Any] = []
    node.create_publisher(
        String,
        "topic",
        qos_profile_sensor_data,
        event_callbacks=PublisherEventCallbacks(incompatible_qos=events.append),
    )
    got: list[Any] = []
    node.create_subscription(String, "topic", got.append, 10)
    receive(ros, node, events, 1)
    assert events[0].last_policy_kind == "RELIABILITY"
    assert not got
    node.destroy_node()
