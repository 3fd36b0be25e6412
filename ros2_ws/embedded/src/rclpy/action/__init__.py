"""Actions: goals that take time, give feedback and can be canceled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rclpy.action.client import ActionClient
    from rclpy.action.graph import (
        get_action_client_names_and_types_by_node,
        get_action_names_and_types,
        get_action_server_names_and_types_by_node,
    )
    from rclpy.action.server import ActionServer, CancelResponse, GoalResponse

__all__ = [
    "ActionClient",
    "ActionServer",
    "CancelResponse",
    "GoalResponse",
    "get_action_client_names_and_types_by_node",
    "get_action_names_and_types",
    "get_action_server_names_and_types_by_node",
]

_HOME = {
    "ActionClient": "client",
    "ActionServer": "server",
    "CancelResponse": "server",
    "GoalResponse": "server",
}


def __getattr__(name: str) -> Any:
    """Import the half that is asked for: a server needs no client and the other way round."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import importlib

    module = importlib.import_module(f"{__name__}.{_HOME.get(name, 'graph')}")
    value = globals()[name] = getattr(module, name)
    return value
