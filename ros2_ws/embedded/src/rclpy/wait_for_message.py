"""Wait for one message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy.task import Future

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.qos import QoSProfile


def wait_for_message(
    msg_type: Any,
    node: Node,
    topic: str,
    *,
    qos_profile: QoSProfile | int = 1,
    time_to_wait: float = -1,
) -> tuple[bool, Any]:
    """Wait for the next message of a topic.

    Args:
        msg_type: Type of the message.
        node: A node that nothing else is spinning.
        topic: Name of the topic.
        qos_profile: QoS of the subscription.
        time_to_wait: Seconds; negative is for ever.

    Returns:
        Whether a message came, and the message (or None).
    """
    from rclpy.executors import SingleThreadedExecutor

    future = Future()
    subscription = node.create_subscription(msg_type, topic, future.set_result, qos_profile)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        timeout = None if time_to_wait < 0 else time_to_wait
        executor.spin_until_future_complete(future, timeout)
    finally:
        executor.shutdown()
        node.destroy_subscription(subscription)
    return (True, future.result()) if future.done() else (False, None)
