"""Handlers of events about ROS nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from launch.event_handler import EventHandler, SomeEntities
from launch_ros.events.lifecycle import StateTransition

if TYPE_CHECKING:
    from launch_ros.actions.lifecycle_node import LifecycleNode


class OnStateTransition(EventHandler):
    """Reacts to a transition of a lifecycle node."""

    def __init__(
        self,
        *,
        entities: SomeEntities,
        target_lifecycle_node: LifecycleNode | None = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        handle_once: bool = False,
    ) -> None:
        """Bring ``entities`` when all of the given labels match."""

        def matches(event: Any) -> bool:
            return (
                isinstance(event, StateTransition)
                and (target_lifecycle_node is None or event.action is target_lifecycle_node)
                and (transition is None or event.transition == transition)
                and (start_state is None or event.start_state == start_state)
                and (goal_state is None or event.goal_state == goal_state)
            )

        super().__init__(matcher=matches, entities=entities, handle_once=handle_once)


__all__ = ["OnStateTransition"]
