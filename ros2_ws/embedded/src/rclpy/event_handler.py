"""QoS events of publishers and subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

from rclpy._entity import Entity

from embedded_dds import status

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup

Callback = Callable[[Any], None] | None


class QoSPublisherEventType(IntEnum):
    """Events of a publisher."""

    RCL_PUBLISHER_OFFERED_DEADLINE_MISSED = 0
    RCL_PUBLISHER_LIVELINESS_LOST = 1
    RCL_PUBLISHER_OFFERED_INCOMPATIBLE_QOS = 2
    RCL_PUBLISHER_MATCHED = 4


class QoSSubscriptionEventType(IntEnum):
    """Events of a subscription."""

    RCL_SUBSCRIPTION_REQUESTED_DEADLINE_MISSED = 0
    RCL_SUBSCRIPTION_LIVELINESS_CHANGED = 1
    RCL_SUBSCRIPTION_REQUESTED_INCOMPATIBLE_QOS = 2
    RCL_SUBSCRIPTION_MESSAGE_LOST = 3
    RCL_SUBSCRIPTION_MATCHED = 5


class EventInfo:
    """The fields of one event, as attributes (``total_count``, ``last_policy_kind``...)."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)

    def __repr__(self) -> str:
        return f"EventInfo({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class _EventCallbacks:
    """Common part of the callback collections."""

    _kinds: ClassVar[dict[str, status.StatusKind]]
    use_default_callbacks: bool

    def watched(self) -> dict[str, status.StatusKind]:
        """Return the events that have a callback, or are logged by default."""
        return {
            name: kind
            for name, kind in self._kinds.items()
            if getattr(self, name) is not None
            or (name == "incompatible_qos" and self.use_default_callbacks)
        }


class PublisherEventCallbacks(_EventCallbacks):
    """Callbacks of a publisher's events."""

    _kinds: ClassVar[dict[str, status.StatusKind]] = {
        "deadline": status.OFFERED_DEADLINE,
        "liveliness": status.LIVELINESS_LOST,
        "incompatible_qos": status.OFFERED_QOS,
        "matched": status.PUBLICATION_MATCHED,
    }

    def __init__(
        self,
        *,
        deadline: Callback = None,
        liveliness: Callback = None,
        incompatible_qos: Callback = None,
        incompatible_type: Callback = None,
        matched: Callback = None,
        use_default_callbacks: bool = True,
    ) -> None:
        self.deadline = deadline
        self.liveliness = liveliness
        self.incompatible_qos = incompatible_qos
        self.incompatible_type = incompatible_type
        self.matched = matched
        self.use_default_callbacks = use_default_callbacks


class SubscriptionEventCallbacks(_EventCallbacks):
    """Callbacks of a subscription's events."""

    _kinds: ClassVar[dict[str, status.StatusKind]] = {
        "deadline": status.REQUESTED_DEADLINE,
        "liveliness": status.LIVELINESS_CHANGED,
        "incompatible_qos": status.REQUESTED_QOS,
        "message_lost": status.SAMPLE_LOST,
        "matched": status.SUBSCRIPTION_MATCHED,
    }

    def __init__(
        self,
        *,
        deadline: Callback = None,
        liveliness: Callback = None,
        incompatible_qos: Callback = None,
        incompatible_type: Callback = None,
        message_lost: Callback = None,
        matched: Callback = None,
        use_default_callbacks: bool = True,
    ) -> None:
        self.deadline = deadline
        self.liveliness = liveliness
        self.incompatible_qos = incompatible_qos
        self.incompatible_type = incompatible_type
        self.message_lost = message_lost
        self.matched = matched
        self.use_default_callbacks = use_default_callbacks


class EventHandler(Entity):
    """Waits for the events of one endpoint."""

    def __init__(
        self,
        endpoint: Any,
        topic: str,
        callbacks: _EventCallbacks,
        callback_group: CallbackGroup,
    ) -> None:
        super().__init__(callback_group)
        self._endpoint = endpoint
        self._topic = topic
        self._callbacks = callbacks
        self._watched = callbacks.watched()
        self._condition = endpoint.handle
        status.watch(endpoint.handle, list(self._watched.values()))

    def _take(self) -> tuple[Any, tuple[Any, ...]] | None:
        if self._is_destroyed or not self._endpoint.handle:
            return None
        bits = status.changed(self._condition)
        for name, kind in self._watched.items():
            if bits & kind.bit:
                fields: dict[str, Any] = dict(status.read(self._condition, kind))
                if "last_policy_kind" in fields:
                    policy = fields["last_policy_kind"]
                    fields["last_policy_kind"] = status.POLICY_NAMES.get(policy, str(policy))
                callback = getattr(self._callbacks, name) or self._log
                return callback, (EventInfo(fields),)
        return None

    def _log(self, info: Any) -> None:
        node = self._node_ref() if self._node_ref is not None else None
        if node is None:
            return
        is_publisher = isinstance(self._callbacks, PublisherEventCallbacks)
        other, verb = ("subscription", "requesting") if is_publisher else ("publisher", "offering")
        node.get_logger().warning(
            f"New {other} discovered on topic '{self._topic}', {verb} incompatible QoS. "
            "No messages will be exchanged with it. "
            f"Last incompatible policy: {info.last_policy_kind}"
        )

    def destroy(self) -> None:
        """Handle no more events (once)."""
        self._is_destroyed = True
