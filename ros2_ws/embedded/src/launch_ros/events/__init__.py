"""Events about ROS nodes."""

from __future__ import annotations

from launch_ros.events import lifecycle
from launch_ros.events.lifecycle import matches_node_name

__all__ = ["lifecycle", "matches_node_name"]
