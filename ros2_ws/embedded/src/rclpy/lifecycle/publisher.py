"""Publishers that publish only while their lifecycle node is active."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle.managed_entity import SimpleManagedEntity
from rclpy.publisher import Publisher


class LifecyclePublisher(SimpleManagedEntity, Publisher):
    """A managed publisher: messages are dropped unless the node is active."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Made by :meth:`LifecycleNodeMixin.create_lifecycle_publisher`."""
        SimpleManagedEntity.__init__(self)
        Publisher.__init__(self, *args, **kwargs)

    @SimpleManagedEntity.when_enabled
    def publish(self, msg: Any) -> None:
        """Publish a message if the node is active."""
        Publisher.publish(self, msg)
