"""Events about lifecycle nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from launch.event import Event

if TYPE_CHECKING:
    from launch_ros.actions.lifecycle_node import LifecycleNode


class ChangeState(Event):
    """Asks lifecycle nodes to make a transition."""

    name = "launch_ros.events.lifecycle.ChangeState"

    def __init__(
        self, *, lifecycle_node_matcher: Callable[[Any], bool], transition_id: int
    ) -> None:
        """Keep the matcher, a function of the action, and an id of lifecycle_msgs Transition."""
        self.lifecycle_node_matcher = lifecycle_node_matcher
        self.transition_id = transition_id


class StateTransition(Event):
    """A lifecycle node has made a transition."""

    name = "launch_ros.events.lifecycle.StateTransition"

    def __init__(self, *, action: LifecycleNode, msg: Any) -> None:
        """Keep the action and the lifecycle_msgs TransitionEvent."""
        self.action = action
        self.msg = msg
        self.timestamp = msg.timestamp
        self.transition = msg.transition.label
        self.start_state = msg.start_state.label
        self.goal_state = msg.goal_state.label


def matches_node_name(node_name: str) -> Callable[[Any], bool]:
    """Match lifecycle nodes by their full name."""
    wanted = node_name if node_name.startswith("/") else f"/{node_name}"
    return lambda action: bool(action.node_name == wanted)


__all__ = ["ChangeState", "StateTransition", "matches_node_name"]
