"""Checks of interface classes."""

from __future__ import annotations

from typing import Any

from rclpy._entity import interface_name


def check_for_type_support(msg_or_srv_type: Any) -> None:
    """Check that a class is a message, service or action type.

    Raises:
        TypeError: It is not.
    """
    interface_name(msg_or_srv_type, "an interface type")


check_is_valid_msg_type = check_for_type_support
check_is_valid_srv_type = check_for_type_support
