"""Publishing a node's log messages on ``/rosout``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy.impl._log_output import LogRecord, output

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.qos import QoSProfile

ROSOUT_TOPIC = "/rosout"
ROSOUT_DEPTH = 1000
ROSOUT_LIFESPAN_S = 10


class RosoutPublisher:
    """Publishes what a node's logger (and its children) writes.

    Of two nodes with one name in a process the first one's publisher serves both.
    """

    def __init__(self, node: Node, qos_profile: QoSProfile | int | None = None) -> None:
        """Create the publisher of ``node``; the default QoS is that of the topic's contract."""
        from rcl_interfaces.msg import Log

        self._log_type: Any = Log
        self._name = node.get_logger().name
        self._publisher = node.create_publisher(
            Log, ROSOUT_TOPIC, default_qos() if qos_profile is None else qos_profile
        )
        self._registered = output.add_sink(self._name, self._publish)
        node.context.on_shutdown(self.close)  # the node may never be destroyed
        if not self._registered:
            node.get_logger().warning(
                "Publisher already registered for node name: "
                f"'{self._name}'. If this is due to multiple nodes with the same name then "
                "all logs for the logger named "
                f"'{self._name}' will go out over the existing publisher."
            )

    def _publish(self, record: LogRecord) -> None:
        message = self._log_type(
            level=record.severity,
            name=record.name,
            msg=record.message,
            file=record.file_name,
            function=record.function_name,
            line=record.line_number,
        )
        message.stamp.sec, message.stamp.nanosec = divmod(record.stamp_ns, 10**9)
        self._publisher.publish(message)

    def close(self) -> None:
        """Stop publishing; to be called before the node destroys its publishers."""
        output.remove_sink(self._name, self._publish)


def default_qos() -> QoSProfile:
    """Transient local, the last 1000 messages, kept for 10 s."""
    from rclpy.duration import Duration
    from rclpy.qos import DurabilityPolicy, QoSProfile

    return QoSProfile(
        depth=ROSOUT_DEPTH,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
        lifespan=Duration(seconds=ROSOUT_LIFESPAN_S),
    )
