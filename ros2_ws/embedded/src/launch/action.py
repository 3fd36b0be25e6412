"""Base class of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from launch.condition import Condition
from launch.launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class Action(LaunchDescriptionEntity):
    """An intention, carried out when visited if its condition holds."""

    def __init__(self, *, condition: Condition | None = None) -> None:
        """Keep the condition."""
        if condition is not None and not isinstance(condition, Condition):
            raise TypeError(
                f"{type(self).__name__}: condition is {condition!r}, expected a Condition"
            )
        self.__condition = condition

    @property
    def condition(self) -> Condition | None:
        """Return the condition of the action."""
        return self.__condition

    def describe(self) -> str:
        """Return a readable form of the action."""
        return f"{type(self).__name__}({id(self)})"

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Execute the action if its condition holds."""
        if self.__condition is not None and not self.__condition.evaluate(context):
            return None
        try:
            return self.execute(context)
        finally:
            self._announce_completion(context)

    def _announce_completion(self, context: LaunchContext) -> None:
        """Emit ExecutionComplete, now or with the action's future, if someone listens."""
        from launch.events.execution_complete import ExecutionComplete

        event = ExecutionComplete(action=self)
        if not context.would_handle_event(event):
            return
        future = self.get_asyncio_future()
        if future is None:
            context.emit_event_sync(event)
        else:
            future.add_done_callback(lambda _: context.emit_event_sync(event))

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Carry out the action; returns the entities to be visited next."""
        return None
