"""Ping, echo, streams and idle node with the embedded rclpy, decoding included."""

from __future__ import annotations

import threading
import time
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.task import Future

_JOINTS = [f"right_j{index}" for index in range(7)]


def _node(name: str, domain_id: int) -> Node:
    rclpy.init(args=[], domain_id=domain_id)
    return Node(name)


def echo(domain_id: int, lifetime_s: float) -> None:
    """Publish every message back until the time is up or an empty one comes."""
    from std_msgs.msg import UInt8MultiArray

    node = _node("bench_echo", domain_id)
    publisher = node.create_publisher(UInt8MultiArray, "bench_back", 10)

    def on_message(message: Any) -> None:
        if len(message.data):
            publisher.publish(message)
        else:
            rclpy.shutdown()

    node.create_subscription(UInt8MultiArray, "bench", on_message, 10)
    watchdog = threading.Timer(lifetime_s, rclpy.try_shutdown)
    watchdog.daemon = True
    watchdog.start()
    try:
        rclpy.spin(node)
    except ExternalShutdownException:
        pass
    watchdog.cancel()
    node.destroy_node()
    rclpy.try_shutdown()


class Ping:
    """Measures the way there and back."""

    def __init__(self, domain_id: int) -> None:
        from std_msgs.msg import UInt8MultiArray

        self._node = _node("bench_ping", domain_id)
        self._type = UInt8MultiArray
        self._publisher = self._node.create_publisher(UInt8MultiArray, "bench", 10)
        self._node.create_subscription(UInt8MultiArray, "bench_back", self._on_message, 10)
        self._executor = rclpy.get_global_executor()
        self._executor.add_node(self._node)
        self._done = Future()
        self._times: list[float] = []
        self._start = 0
        self._left = 0
        self._message: Any = None

    def _on_message(self, message: Any) -> None:
        self._times.append((time.perf_counter_ns() - self._start) / 2e3)
        if self._left:
            self._send()
        else:
            self._done.set_result(True)

    def _send(self) -> None:
        self._left -= 1
        self._start = time.perf_counter_ns()
        self._publisher.publish(self._message)

    def wait_for_peer(self, timeout_s: float) -> None:
        """Wait until the echo is matched and answers."""
        end = time.monotonic() + timeout_s
        while not self.one_way_us(64, 1, 0.2):
            if time.monotonic() > end:
                raise TimeoutError(f"no answer of the echo within {timeout_s} s")

    def one_way_us(self, size: int, count: int, timeout_s: float = 2.0) -> list[float]:
        """Return half the round trip times in us."""
        self._message = self._type(data=bytes(size))
        self._times, self._left = [], count
        self._done = done = Future()
        watchdog = threading.Timer(timeout_s + 2e-3 * count, lambda: done.set_result(False))
        watchdog.start()
        self._send()
        self._executor.spin_until_future_complete(done)
        watchdog.cancel()
        return self._times

    def stop_peer(self) -> None:
        """End the echo."""
        self._publisher.publish(self._type())
        time.sleep(0.1)
        self._node.destroy_node()
        rclpy.try_shutdown()


def stream_out(domain_id: int, duration_s: float, rate_hz: float) -> dict[str, float]:
    """Publish JointState with a timer; return the share of a core and the rate."""
    from sensor_msgs.msg import JointState

    node = _node("bench_stream_out", domain_id)
    publisher = node.create_publisher(JointState, "bench_joints", 10)
    message = JointState(name=_JOINTS, position=[0.1] * 7, velocity=[0.2] * 7, effort=[0.3] * 7)
    sent = [0]

    def tick() -> None:
        now = time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(now, 10**9)
        publisher.publish(message)
        sent[0] += 1

    _wait_for(publisher.get_subscription_count)
    node.create_timer(1.0 / rate_hz, tick)
    return _measure(node, duration_s, sent)


def stream_in(domain_id: int, duration_s: float) -> dict[str, float]:
    """Receive JointState; return the share of a core and the rate."""
    from sensor_msgs.msg import JointState

    node = _node("bench_stream_in", domain_id)
    received = [0]

    def on_message(message: Any) -> None:
        received[0] += 1

    subscription = node.create_subscription(JointState, "bench_joints", on_message, 10)
    _wait_for(subscription.get_publisher_count)
    return _measure(node, duration_s, received)


def flood_out(domain_id: int, duration_s: float) -> dict[str, float]:
    """Publish JointState as fast as it goes."""
    from sensor_msgs.msg import JointState

    node = _node("bench_flood_out", domain_id)
    publisher = node.create_publisher(JointState, "bench_flood", QoSProfile(depth=1000))
    message = JointState(name=_JOINTS, position=[0.1] * 7, velocity=[0.2] * 7, effort=[0.3] * 7)
    _wait_for(publisher.get_subscription_count)
    start, count = time.monotonic(), 0
    while time.monotonic() - start < duration_s:
        publisher.publish(message)
        count += 1
    rate = count / (time.monotonic() - start)
    node.destroy_node()
    rclpy.try_shutdown()
    return {"rate_hz": round(rate, 1)}


def flood_in(domain_id: int, duration_s: float) -> dict[str, float]:
    """Receive JointState as fast as it comes."""
    from sensor_msgs.msg import JointState

    node = _node("bench_flood_in", domain_id)
    times: list[float] = []
    node.create_subscription(
        JointState, "bench_flood", lambda _: times.append(time.monotonic()), QoSProfile(depth=1000)
    )
    executor = rclpy.get_global_executor()
    executor.add_node(node)
    end = time.monotonic() + 10.0
    while time.monotonic() < end and not (times and time.monotonic() - times[-1] > 0.4):
        executor.spin_once(timeout_sec=0.5)
    node.destroy_node()
    rclpy.try_shutdown()
    rate = len(times) / (times[-1] - times[0]) if len(times) > 1 else 0.0
    return {"rate_hz": round(rate, 1), "messages": len(times)}


def idle(domain_id: int, duration_s: float) -> dict[str, float]:
    """Spin a node without work; return its share of a core and its memory."""
    node = _node("bench_idle", domain_id)
    figures = _measure(node, duration_s, [0], settle_s=1.0)
    return {"cpu_percent": figures["cpu_percent"], "rss_mb": round(_rss_mb(), 1)}


def startup(domain_id: int) -> dict[str, float]:
    """Return the time of init, one node and shutdown (imports included)."""
    start = time.perf_counter()
    node = _node("bench_startup", domain_id)
    node.destroy_node()
    rclpy.try_shutdown()
    return {"startup_s": time.perf_counter() - start}


def _wait_for(count: Any, timeout_s: float = 5.0) -> None:
    end = time.monotonic() + timeout_s
    while not count():
        if time.monotonic() > end:
            raise TimeoutError(f"no peer within {timeout_s} s")
        time.sleep(0.01)


def _measure(
    node: Node, duration_s: float, counter: list[int], settle_s: float = 0.3
) -> dict[str, float]:
    executor = rclpy.get_global_executor()
    executor.add_node(node)

    def spin(span_s: float) -> None:
        end = time.monotonic() + span_s
        while (left := end - time.monotonic()) > 0:
            executor.spin_once(timeout_sec=left)

    spin(settle_s)
    wall, cpu, count = time.monotonic(), time.process_time(), counter[0]
    spin(duration_s)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    figures = {
        "cpu_percent": round(100 * cpu / wall, 3),
        "rate_hz": round((counter[0] - count) / wall, 1),
    }
    node.destroy_node()
    rclpy.try_shutdown()
    return figures


def _rss_mb() -> float:
    with open("/proc/self/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0
