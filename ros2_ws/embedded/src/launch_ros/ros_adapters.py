"""The launch's own ROS node, for actions that have to talk to the graph."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

_KEY = "launch_ros.ros_adapter"


class ROSAdapter:
    """A node of the launch, spun in a thread of its own."""

    def __init__(self) -> None:
        """Create the node; rclpy is imported here and not before."""
        import rclpy
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions

        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.ros_node: Any = rclpy.create_node(
            f"launch_ros_{os.getpid()}", context=self._context, start_parameter_services=False
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.ros_node)
        self._thread = threading.Thread(target=self._spin, name="launch_ros", daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException

        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def shutdown(self) -> None:
        """Destroy the node."""
        self._executor.shutdown()
        self._context.try_shutdown()
        self._thread.join(timeout=5.0)
        self.ros_node.destroy_node()


def get_ros_adapter(context: LaunchContext) -> ROSAdapter:
    """Return the adapter of a launch, creating it at the first call."""
    adapter = context.globals.get(_KEY)
    if adapter is None:
        adapter = context.globals[_KEY] = ROSAdapter()

        def remove() -> None:
            context.globals.pop(_KEY, None)
            adapter.shutdown()

        context._add_cleanup(remove)
    result: ROSAdapter = adapter
    return result


def get_ros_node(context: LaunchContext) -> Any:
    """Return the launch's own node."""
    return get_ros_adapter(context).ros_node
