"""QoS events, under the module name of Humble."""

from rclpy.event_handler import (
    EventHandler,
    PublisherEventCallbacks,
    QoSPublisherEventType,
    QoSSubscriptionEventType,
    SubscriptionEventCallbacks,
)

QoSEventHandler = EventHandler

__all__ = [
    "EventHandler",
    "PublisherEventCallbacks",
    "QoSEventHandler",
    "QoSPublisherEventType",
    "QoSSubscriptionEventType",
    "SubscriptionEventCallbacks",
]
