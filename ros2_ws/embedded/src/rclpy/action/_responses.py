"""Answers of the callbacks of an action server, and what stands in for a missing callback."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rclpy.action._server_goal_handle import ServerGoalHandle


class GoalResponse(Enum):
    """Answer of a goal callback."""

    REJECT = 1
    ACCEPT = 2


class CancelResponse(Enum):
    """Answer of a cancel callback."""

    REJECT = 1
    ACCEPT = 2


def default_handle_accepted_callback(goal_handle: ServerGoalHandle) -> None:
    """Execute the goal at once."""
    goal_handle.execute()


def default_goal_callback(goal_request: Any) -> GoalResponse:
    """Accept every goal."""
    return GoalResponse.ACCEPT


def default_cancel_callback(cancel_request: Any) -> CancelResponse:
    """Refuse every cancel request."""
    return CancelResponse.REJECT


async def await_or_execute(callback: Callable[..., Any], *args: Any) -> Any:
    """Call a function, or a coroutine function and wait for it."""
    result = callback(*args)
    return await result if inspect.isawaitable(result) else result
