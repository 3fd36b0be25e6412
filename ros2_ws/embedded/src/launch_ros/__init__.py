"""Launching of ROS nodes, with the public behaviour of ROS 2's launch_ros."""

from __future__ import annotations

from launch_ros import actions, event_handlers, events, parameter_descriptions, substitutions

__all__ = ["actions", "event_handlers", "events", "parameter_descriptions", "substitutions"]
