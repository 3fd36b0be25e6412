"""Default context and small helpers."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rclpy.context import Context

_default_context: Context | None = None
_lock = threading.Lock()


def get_default_context(*, shutting_down: bool = False) -> Context:
    """Return the default context, made on first use."""
    global _default_context
    with _lock:
        if _default_context is None:
            from rclpy.context import Context

            _default_context = Context()
        return _default_context


def remove_ros_args(args: list[str] | None = None) -> list[str]:
    """Return the arguments that are not for ROS."""
    from rclpy._ros_args import remove_ros_args as remove

    return remove(args)


def ok(*, context: Context | None = None) -> bool:
    """Say whether a context is initialised and not shut down."""
    return (context or get_default_context()).ok()


def shutdown(*, context: Context | None = None) -> None:
    """Shut a context down."""
    (context or get_default_context()).shutdown()


def try_shutdown(*, context: Context | None = None) -> None:
    """Shut a context down unless it is already."""
    (context or get_default_context()).try_shutdown()


def get_rmw_implementation_identifier() -> str:
    """Return the name of the middleware."""
    return os.environ.get("RMW_IMPLEMENTATION", "") or "rmw_cyclonedds_cpp"


def timeout_sec_to_nsec(timeout_sec: float | None) -> int:
    """Return nanoseconds; -1 (for ever) for None or a negative time."""
    if timeout_sec is None or timeout_sec < 0:
        return -1
    return int(float(timeout_sec) * 1e9)
