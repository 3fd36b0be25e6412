"""Publishers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy._endpoint_data import hash_entry
from rclpy._entity import DestroyableHandle, interface_name
from rclpy.exceptions import InvalidHandle
from rclpy.qos import to_dds

from embedded_dds.endpoints import Writer

if TYPE_CHECKING:
    from rclpy.context import Context
    from rclpy.duration import Duration
    from rclpy.qos import QoSProfile

_MAX_WAIT_NS = 2**63 - 1


class Publisher:
    """Publishes messages on a topic. Made by ``Node.create_publisher``."""

    def __init__(
        self,
        context: Context,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile,
        event_callbacks: Any = None,
    ) -> None:
        name = interface_name(msg_type, "a message type")
        participant = context.participant
        self.msg_type = msg_type
        self.topic = topic
        self.qos_profile = qos_profile
        self.event_callbacks = event_callbacks
        self.event_handlers: list[Any] = []
        self._type_name = name
        self._writer = Writer(
            participant, participant.topic(f"rt{topic}", name), to_dds(qos_profile),
            hash_entry(name),
        )  # fmt: skip
        self._is_destroyed = False
        self._send: Callable[[Any], None] = self._first_send

    @property
    def handle(self) -> DestroyableHandle:
        """A context manager that raises InvalidHandle for a destroyed publisher."""
        return DestroyableHandle(self)

    @property
    def topic_name(self) -> str:
        """The full name of the topic."""
        return self.topic

    def publish(self, msg: Any) -> None:
        """Send a message (or a serialised one, as bytes).

        Raises:
            TypeError: The message is of another type.
            InvalidHandle: The publisher has been destroyed.
        """
        self._send(msg)

    def _first_send(self, message: Any) -> None:
        """Send the first message: from now on a compiled function does it."""
        from embedded_types.codec import get_codec

        codec = get_codec(self._type_name)
        send = self._writer.sender(
            codec.encode, codec.encode_parts, codec.tail, self.msg_type, self._send_other
        )
        self._send = send
        if type(self) is Publisher:
            # one call less for each message; classes derived from this one keep their own
            self.publish = send  # type: ignore[method-assign, assignment]
        send(message)

    def _send_other(self, message: Any) -> None:
        if isinstance(message, self.msg_type):
            from embedded_types.codec import get_codec

            self._writer.write(get_codec(self._type_name).encode(message))
        elif isinstance(message, (bytes, bytearray)):
            self._writer.write(bytearray(message))
        else:
            raise TypeError(f"Expected {self.msg_type}, got {type(message)}")

    def _refuse(self, message: Any) -> None:
        raise InvalidHandle("this publisher has been destroyed")

    def get_subscription_count(self) -> int:
        """Return how many subscriptions are matched."""
        return self._writer.matched()

    def wait_for_all_acked(self, timeout: Duration | None = None) -> bool:
        """Wait until every reliable subscription has every message; False on timeout."""
        wait_ns = _MAX_WAIT_NS
        if timeout is not None and timeout.nanoseconds >= 0:
            wait_ns = int(timeout.nanoseconds)
        return self._writer.wait_for_acks(wait_ns)

    def assert_liveliness(self) -> None:
        """Say that the publisher is alive."""
        self._writer.assert_liveliness()

    def destroy(self) -> None:
        """Destroy the publisher (once); ``Node.destroy_publisher`` also takes it off the node."""
        if not self._is_destroyed:
            self._is_destroyed = True
            self._send = self._refuse
            if type(self) is Publisher:
                self.publish = self._refuse  # type: ignore[method-assign, assignment]
            self._writer.close()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.destroy()
