"""Publishers, subscriptions, services and clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from rclpy.duration import Duration
from rclpy.exceptions import InvalidHandle
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Empty, String
from std_srvs.srv import SetBool, Trigger


@pytest.fixture
def node(ros: Any) -> Any:
    made = ros.create_node("node")
    yield made
    made.destroy_node()


def spin_for(ros: Any, node: Any, condition: Callable[[], Any], timeout_s: float = 5.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        ros.spin_once(node, timeout_sec=0.1)


def test_message_between_processes(
    ros: Any, node: Any, peer: Callable[..., Any], until: Callable[..., None]
) -> None:
    other = peer(
        """
        import rclpy
        from sensor_msgs.msg import Image
        rclpy.init(args=[])
        node = rclpy.create_node("mirror")
        publisher = node.create_publisher(Image, "back", 10)
        def back(image):
            image.height += 1
            publisher.publish(image)
        node.create_subscription(Image, "there", back, 10)
        print("up")
        rclpy.spin(node)
        """
    )
    got: list[Any] = []
    publisher = node.create_publisher(Image, "there", 10)
    subscription = node.create_subscription(Image, "back", got.append, 10)
    other.expect("up")
    until(lambda: publisher.get_subscription_count() and subscription.get_publisher_count())
    image = Image(height=479, width=640, encoding="rgb8", data=bytes(range(256)) * 3600)
    image.header.frame_id = "camera"
    publisher.publish(image)
    spin_for(ros, node, lambda: got)
    assert got[0].height == 480
    assert got[0].data == image.data
    assert got[0].header == image.header


def test_raw_subscription_and_serialised_publish(ros: Any, node: Any) -> None:
    got: list[Any] = []
    node.create_subscription(String, "raw", got.append, 10, raw=True)
    publisher = node.create_publisher(String, "raw", 10)
    publisher.publish(String(data="abc"))
    publisher.publish(serialize_message(String(data="xyz")))
    spin_for(ros, node, lambda: len(got) == 2)
    assert isinstance(got[0], bytes)
    assert [deserialize_message(data, String).data for data in got] == ["abc", "xyz"]


def test_callback_with_message_info(ros: Any, node: Any) -> None:
    got: list[Any] = []

    def callback(message: Any, info: Any) -> None:
        got.append((message, info))

    node.create_subscription(Empty, "info", callback, 10)
    before = time.time_ns()
    node.create_publisher(Empty, "info", 10).publish(Empty())
    spin_for(ros, node, lambda: got)
    assert got[0][0] == Empty()
    assert before <= got[0][1]["source_timestamp"] <= time.time_ns()


def test_wrong_message_and_callback_are_refused(ros: Any, node: Any) -> None:
    publisher = node.create_publisher(String, "topic", 10)
    with pytest.raises(TypeError, match="String"):
        publisher.publish(Empty())
    with pytest.raises(TypeError):
        node.create_publisher(str, "topic", 10)
    with pytest.raises(RuntimeError, match="one argument"):
        node.create_subscription(String, "topic", lambda: None, 10)


def test_names_counts_and_acknowledgement(ros: Any, node: Any) -> None:
    publisher = node.create_publisher(String, "~/private", 10)
    assert publisher.topic_name == "/node/private"
    assert publisher.get_subscription_count() == 0
    subscription = node.create_subscription(String, "/node/private", lambda _: None, 10)
    assert publisher.get_subscription_count() == subscription.get_publisher_count() == 1
    assert node.count_publishers("/node/private") == node.count_subscribers("~/private") == 1
    publisher.publish(String())
    assert publisher.wait_for_all_acked(Duration(seconds=1))
    assert node.destroy_subscription(subscription)
    assert not node.destroy_subscription(subscription)
    assert publisher.get_subscription_count() == 0


def test_destroyed_publisher_refuses(ros: Any, node: Any) -> None:
    publisher = node.create_publisher(String, "topic", 10)
    node.destroy_publisher(publisher)
    with pytest.raises(InvalidHandle):
        publisher.publish(String())


def test_best_effort_reaches(ros: Any, node: Any) -> None:
    got: list[Any] = []
    node.create_subscription(String, "be", got.append, qos_profile_sensor_data)
    publisher = node.create_publisher(String, "be", qos_profile_sensor_data)
    publisher.publish(String(data="a"))
    spin_for(ros, node, lambda: got)


def test_service_call_async(ros: Any, node: Any) -> None:
    def serve(request: Any, response: Any) -> Any:
        response.success, response.message = not request.data, "turned"
        return response

    node.create_service(SetBool, "turn", serve)
    client = node.create_client(SetBool, "turn")
    assert client.wait_for_service(timeout_sec=5.0)
    futures = [client.call_async(SetBool.Request(data=value)) for value in (True, False)]
    for future in futures:
        ros.spin_until_future_complete(node, future, timeout_sec=5.0)
    assert [future.result().success for future in futures] == [False, True]


def test_two_clients_get_their_own_replies(ros: Any, node: Any) -> None:
    def serve(request: Any, response: Any) -> Any:
        response.success = request.data
        return response

    node.create_service(SetBool, "turn", serve)
    clients = [node.create_client(SetBool, "turn") for _ in range(2)]
    futures = [
        client.call_async(SetBool.Request(data=bool(index)))
        for index, client in enumerate(clients)
    ]
    for index, future in enumerate(futures):
        ros.spin_until_future_complete(node, future, timeout_sec=5.0)
        assert future.result().success is bool(index)


def test_blocking_call_and_its_timeout(ros: Any, node: Any, spin: Callable[..., Any]) -> None:
    release = threading.Event()

    def slow(request: Any, response: Any) -> Any:
        release.wait(5.0)
        response.message = "late"
        return response

    server = ros.create_node("server")
    server.create_service(Trigger, "slow", slow)
    client = node.create_client(Trigger, "slow")
    spin(server)
    spin(node)
    assert client.wait_for_service(5.0)
    assert client.call(Trigger.Request(), timeout_sec=0.1) is None
    assert not client._pending
    release.set()
    response = client.call(Trigger.Request(), timeout_sec=5.0)
    assert response is not None
    assert response.message == "late"


def test_call_from_a_callback_of_another_group(
    ros: Any, node: Any, spin: Callable[..., Any], until: Callable[..., None]
) -> None:
    from rclpy.callback_groups import ReentrantCallbackGroup

    def serve(request: Any, response: Any) -> Any:
        response.success = True
        return response

    results: list[Any] = []
    node.create_service(Trigger, "inner", serve, callback_group=ReentrantCallbackGroup())
    client = node.create_client(Trigger, "inner", callback_group=ReentrantCallbackGroup())

    def tick() -> None:
        timer.cancel()
        results.append(client.call(Trigger.Request(), timeout_sec=5.0))

    timer = node.create_timer(0.01, tick)
    spin(node)
    until(lambda: results)
    assert results[0].success


def test_coroutine_service_awaits_another(ros: Any, node: Any, spin: Callable[..., Any]) -> None:
    def inner(request: Any, response: Any) -> Any:
        response.message = "inner"
        return response

    async def outer(request: Any, response: Any) -> Any:
        answer = await client.call_async(Trigger.Request())
        response.message = f"outer of {answer.message}"
        return response

    from rclpy.callback_groups import ReentrantCallbackGroup

    group = ReentrantCallbackGroup()
    node.create_service(Trigger, "inner", inner, callback_group=group)
    node.create_service(Trigger, "outer", outer, callback_group=group)
    client = node.create_client(Trigger, "inner", callback_group=group)
    caller = ros.create_node("caller")
    future = caller.create_client(Trigger, "outer").call_async(Trigger.Request())
    from rclpy.executors import SingleThreadedExecutor

    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(caller)
    executor.spin_until_future_complete(future, timeout_sec=5.0)
    assert future.result().message == "outer of inner"
    executor.shutdown()
    caller.destroy_node()


def test_service_is_gone_after_its_server(
    ros: Any, node: Any, peer: Callable[..., Any], until: Callable[..., None]
) -> None:
    client = node.create_client(Trigger, "remote")
    assert not client.service_is_ready()
    assert not client.wait_for_service(timeout_sec=0.05)
    other = peer(
        """
        import rclpy
        from std_srvs.srv import Trigger
        rclpy.init(args=[])
        node = rclpy.create_node("server")
        node.create_service(Trigger, "remote", lambda request, response: response)
        try:
            rclpy.spin(node)
        except KeyboardInterrupt:
            pass
        """
    )
    assert client.wait_for_service(timeout_sec=10.0)
    other.signal()
    assert other.wait() == 0
    until(lambda: not client.service_is_ready())


def test_bad_response_raises(ros: Any, node: Any) -> None:
    node.create_service(Trigger, "bad", lambda request, response: None)
    client = node.create_client(Trigger, "bad")
    future = client.call_async(Trigger.Request())
    with pytest.raises(TypeError, match="bad"):
        ros.spin_until_future_complete(node, future, timeout_sec=5.0)
