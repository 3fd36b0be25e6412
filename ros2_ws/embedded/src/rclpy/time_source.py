"""Simulated time: feeds ``/clock`` to the clocks of a node."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from rclpy.clock import ROSClock
from rclpy.parameter import Parameter
from rclpy.time import Time

if TYPE_CHECKING:
    from rclpy.clock import Clock
    from rclpy.node import Node
    from rclpy.subscription import Subscription

CLOCK_TOPIC = "/clock"
USE_SIM_TIME_NAME = "use_sim_time"


class TimeSource:
    """Drives attached clocks from ``/clock`` while the node's ``use_sim_time`` is set.

    The subscription exists only while simulated time is in use.
    """

    def __init__(self, *, node: Node | None = None) -> None:
        """Make a time source, attached to ``node`` if one is given."""
        self._node_ref: weakref.ref[Node] | None = None
        self._clocks: list[ROSClock] = []
        self._clock_sub: Subscription | None = None
        self._last_ns = 0
        self._ros_time_is_active = False
        if node is not None:
            self.attach_node(node)

    @property
    def ros_time_is_active(self) -> bool:
        """Whether simulated time is in use."""
        return self._ros_time_is_active

    @ros_time_is_active.setter
    def ros_time_is_active(self, enabled: bool) -> None:
        if self._ros_time_is_active == enabled:
            return
        self._ros_time_is_active = enabled
        for clock in self._clocks:
            clock._set_ros_time_is_active(enabled)
        if enabled:
            self._subscribe_to_clock_topic()
        else:
            self._unsubscribe()

    def attach_node(self, node: Node) -> None:
        """Follow the ``use_sim_time`` parameter of a node; declares it if necessary.

        Raises:
            TypeError: ``node`` is not a Node.
        """
        from rclpy.node import Node

        if not isinstance(node, Node):
            raise TypeError("Node must be of type rclpy.node.Node")
        if self._node_ref is not None:
            self.detach_node()
        self._node_ref = weakref.ref(node)
        if not node.has_parameter(USE_SIM_TIME_NAME):
            node.declare_parameter(USE_SIM_TIME_NAME, False)
        parameter = node.get_parameter(USE_SIM_TIME_NAME)
        if parameter.type_ is Parameter.Type.BOOL:
            self.ros_time_is_active = parameter.value
        elif parameter.type_ is not Parameter.Type.NOT_SET:
            node.get_logger().error(
                f"Invalid type for parameter '{USE_SIM_TIME_NAME}' {parameter.type_!r} "
                "should be bool"
            )
        node.add_on_set_parameters_callback(self._on_parameter_event)

    def detach_node(self) -> None:
        """Stop following the node.

        Raises:
            RuntimeError: No node is attached.
        """
        if self._node_ref is None:
            raise RuntimeError("Unable to unsubscribe from clock topic: no node is attached")
        self._unsubscribe()
        node = self._get_node()
        if node is not None:
            node.remove_on_set_parameters_callback(self._on_parameter_event)
        self._node_ref = None

    def attach_clock(self, clock: Clock) -> None:
        """Drive a ROS clock.

        Raises:
            ValueError: The clock is not a ROSClock.
        """
        if not isinstance(clock, ROSClock):
            raise ValueError("Only clocks with type ROS_TIME can be attached.")
        clock._set_override_ns(self._last_ns)
        clock._set_ros_time_is_active(self._ros_time_is_active)
        self._clocks.append(clock)

    def detach_clock(self, clock: Clock) -> None:
        """Stop driving a clock; it falls back to system time.

        Raises:
            ValueError: The clock is not attached.
        """
        if not isinstance(clock, ROSClock) or clock not in self._clocks:
            raise ValueError("Only clocks attached to this time source can be detached.")
        clock._set_ros_time_is_active(False)
        self._clocks.remove(clock)

    def _get_node(self) -> Node | None:
        return None if self._node_ref is None else self._node_ref()

    def _subscribe_to_clock_topic(self) -> None:
        node = self._get_node()
        if node is None or self._clock_sub is not None:
            return
        from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from rosgraph_msgs.msg import Clock as ClockMsg

        self._clock_sub = node.create_subscription(
            ClockMsg,
            CLOCK_TOPIC,
            self.clock_callback,
            QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),
            callback_group=MutuallyExclusiveCallbackGroup(),
        )

    def _unsubscribe(self) -> None:
        subscription, self._clock_sub = self._clock_sub, None
        node = self._get_node()
        if subscription is not None and node is not None:
            node.destroy_subscription(subscription)

    def clock_callback(self, msg: Any) -> None:
        """Set every attached clock to a ``rosgraph_msgs.msg.Clock``."""
        self._last_ns = Time.from_msg(msg.clock).nanoseconds
        for clock in self._clocks:
            clock._set_override_ns(self._last_ns)

    def _on_parameter_event(self, parameter_list: list[Parameter]) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        for parameter in parameter_list:
            if parameter.name != USE_SIM_TIME_NAME:
                continue
            if parameter.type_ is not Parameter.Type.BOOL:
                reason = f"{USE_SIM_TIME_NAME} parameter set to something besides a bool"
                return SetParametersResult(successful=False, reason=reason)
            self.ros_time_is_active = parameter.value
        return SetParametersResult(successful=True)
