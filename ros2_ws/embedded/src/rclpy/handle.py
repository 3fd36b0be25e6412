"""Handles of entities."""

from rclpy.exceptions import InvalidHandle

__all__ = ["InvalidHandle"]
