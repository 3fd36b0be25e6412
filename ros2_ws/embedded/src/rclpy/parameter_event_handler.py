"""Callbacks on the parameter changes of other nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy._names import fully_qualified_node_name

if TYPE_CHECKING:
    from rcl_interfaces.msg import Parameter as ParameterMsg
    from rcl_interfaces.msg import ParameterEvent
    from rclpy.callback_groups import CallbackGroup
    from rclpy.node import Node
    from rclpy.qos import QoSProfile

PARAMETER_EVENT_TOPIC = "/parameter_events"


class ParameterCallbackHandle:
    """A registered callback for one parameter of one node."""

    def __init__(
        self, parameter_name: str, node_name: str, callback: Callable[[ParameterMsg], None]
    ) -> None:
        """Hold the callback; use :meth:`ParameterEventHandler.add_parameter_callback`."""
        self.parameter_name = parameter_name
        self.node_name = node_name
        self.callback = callback


class ParameterEventCallbackHandle:
    """A registered callback for every parameter event."""

    def __init__(self, callback: Callable[[ParameterEvent], None]) -> None:
        """Hold the callback; use :meth:`ParameterEventHandler.add_parameter_event_callback`."""
        self.callback = callback


class ParameterEventHandler:
    """Subscribes to ``/parameter_events`` and calls back; the newest callback comes first."""

    def __init__(
        self,
        node: Node,
        qos_profile: QoSProfile | None = None,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        """Subscribe with ``node``."""
        from rcl_interfaces.msg import ParameterEvent
        from rclpy.qos import qos_profile_parameter_events

        self.node = node
        self._parameter_handles: list[ParameterCallbackHandle] = []
        self._event_handles: list[ParameterEventCallbackHandle] = []
        self.parameter_event_subscription = node.create_subscription(
            ParameterEvent,
            PARAMETER_EVENT_TOPIC,
            self._on_event,
            qos_profile_parameter_events if qos_profile is None else qos_profile,
            callback_group=callback_group,
        )

    def destroy(self) -> None:
        """Destroy the subscription."""
        self.node.destroy_subscription(self.parameter_event_subscription)

    def _on_event(self, event: Any) -> None:
        for handle in tuple(self._parameter_handles):
            parameter = self.get_parameter_from_event(
                event, handle.parameter_name, handle.node_name
            )
            if parameter is not None:
                handle.callback(parameter)
        for event_handle in tuple(self._event_handles):
            event_handle.callback(event)

    @staticmethod
    def get_parameter_from_event(
        event: ParameterEvent, parameter_name: str, node_name: str
    ) -> ParameterMsg | None:
        """Find a new or changed parameter of a node in an event."""
        if event.node != node_name:
            return None
        for parameter in (*event.new_parameters, *event.changed_parameters):
            if parameter.name == parameter_name:
                return parameter
        return None

    @staticmethod
    def get_parameters_from_event(event: ParameterEvent) -> list[ParameterMsg]:
        """All new and changed parameters of an event."""
        return [*event.new_parameters, *event.changed_parameters]

    def add_parameter_callback(
        self, parameter_name: str, node_name: str, callback: Callable[[ParameterMsg], None]
    ) -> ParameterCallbackHandle:
        """Call back when a parameter is set.

        Args:
            parameter_name: Name of the parameter.
            node_name: Its node; a relative name is in the namespace of this node.
            callback: Gets the parameter message.
        """
        handle = ParameterCallbackHandle(parameter_name, self._resolve(node_name), callback)
        self._parameter_handles.insert(0, handle)
        return handle

    def remove_parameter_callback(self, handle: ParameterCallbackHandle) -> None:
        """Undo :meth:`add_parameter_callback`; ValueError if not added."""
        self._parameter_handles.remove(handle)

    def add_parameter_event_callback(
        self, callback: Callable[[ParameterEvent], None]
    ) -> ParameterEventCallbackHandle:
        """Call back on every parameter event."""
        handle = ParameterEventCallbackHandle(callback)
        self._event_handles.insert(0, handle)
        return handle

    def remove_parameter_event_callback(self, handle: ParameterEventCallbackHandle) -> None:
        """Undo :meth:`add_parameter_event_callback`; ValueError if not added."""
        self._event_handles.remove(handle)

    def _resolve(self, node_name: str) -> str:
        if not node_name:
            return self.node.get_fully_qualified_name()
        if node_name.startswith("/"):
            return node_name
        return fully_qualified_node_name(node_name, self.node.get_namespace())
