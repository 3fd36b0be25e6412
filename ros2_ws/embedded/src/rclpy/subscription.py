"""Subscriptions."""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from rclpy._endpoint_data import hash_entry
from rclpy._entity import NOTHING, Entity, interface_name
from rclpy.qos import to_dds

from embedded_dds.endpoints import Reader

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.context import Context
    from rclpy.qos import QoSProfile

MALFORMED = (struct.error, IndexError, ValueError)
"""What a decoder raises for a sample that does not fit its type."""


class CallbackType(Enum):
    """Whether the callback takes message information as well."""

    MessageOnly = 0
    WithMessageInfo = 1


def callback_type(callback: Callable[..., Any]) -> CallbackType:
    """Return the type of a subscription callback, by its signature."""
    code = getattr(callback, "__code__", None)
    if code is not None and code.co_argcount - hasattr(callback, "__self__") == 1:
        return CallbackType.MessageOnly
    import inspect

    try:
        inspect.signature(callback).bind(object())
    except TypeError:
        pass
    else:
        return CallbackType.MessageOnly
    try:
        inspect.signature(callback).bind(object(), object())
    except TypeError:
        raise RuntimeError(
            "Subscription.__init__(): callback should be either be callable with one argument "
            "(to get only the message) or two (to get message and message info)"
        ) from None
    return CallbackType.WithMessageInfo


class Subscription(Entity):
    """Receives the messages of a topic. Made by ``Node.create_subscription``."""

    CallbackType = CallbackType

    def __init__(
        self,
        context: Context,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        callback_group: CallbackGroup,
        qos_profile: QoSProfile,
        raw: bool,
        event_callbacks: Any = None,
    ) -> None:
        super().__init__(callback_group)
        name = interface_name(msg_type, "a message type")
        participant = context.participant
        self.msg_type = msg_type
        self.topic = topic
        self.callback = callback
        self.qos_profile = qos_profile
        self.raw = raw
        self.event_callbacks = event_callbacks
        self.event_handlers: list[Any] = []
        self.malformed_count = 0
        """Samples dropped because they did not fit the type."""
        self._type_name = name
        self._take_message: Callable[[], Any] = self._first_message
        self._reader = Reader(
            participant, participant.topic(f"rt{topic}", name), to_dds(qos_profile),
            hash_entry(name),
        )  # fmt: skip
        self._condition = self._reader.condition

    @property
    def callback(self) -> Callable[..., Any]:
        """The function that gets the messages."""
        return self._callback

    @callback.setter
    def callback(self, value: Callable[..., Any]) -> None:
        self._wants_info = callback_type(value) is CallbackType.WithMessageInfo
        self._callback = value

    @property
    def topic_name(self) -> str:
        """The full name of the topic."""
        return self.topic

    def get_publisher_count(self) -> int:
        """Return how many publishers are matched."""
        return self._reader.matched()

    def _first_message(self) -> Any:
        """Take the first message: from now on a compiled function does it."""
        self._prepare()
        return self._take_message()

    def _prepare(self) -> None:
        if self.raw:
            decode: Any = bytes
        else:
            from embedded_types.codec import get_codec

            decode = get_codec(self._type_name).decode
        self._decode = decode
        self._take_message = self._reader.taker(decode)

    def _take(self) -> tuple[Any, tuple[Any, ...]] | None:
        while not self._is_destroyed:
            try:
                if self._wants_info:
                    return self._take_with_info()
                message = self._take_message()
            except MALFORMED as err:
                self._count_malformed(err)
                continue
            return None if message is None else (self._callback, (message,))
        return None

    def _handle(self) -> Any:
        if self._wants_info:
            return super()._handle()
        try:
            message = self._take_message()
        except MALFORMED as err:
            self._count_malformed(err)
            return NOTHING
        return NOTHING if message is None else self._callback(message)

    def _take_with_info(self) -> tuple[Any, tuple[Any, ...]] | None:
        if self._take_message == self._first_message:
            self._prepare()
        taken = self._reader.take(self._decode)
        if taken is None:
            return None
        info = {
            "source_timestamp": taken[1],
            "received_timestamp": taken[1],
            "publication_sequence_number": None,
            "reception_sequence_number": None,
        }
        return self._callback, (taken[0], info)

    def _count_malformed(self, err: Exception) -> None:
        self.malformed_count += 1
        node = self._node_ref() if self._node_ref is not None else None
        if node is not None:
            node.get_logger().warning(
                f"dropped malformed sample {self.malformed_count} on {self.topic}: {err}",
                throttle_duration_sec=1.0,
            )

    def destroy(self) -> None:
        """Destroy the subscription (once)."""
        if not self._is_destroyed:
            self._is_destroyed = True
            self._reader.close()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.destroy()
