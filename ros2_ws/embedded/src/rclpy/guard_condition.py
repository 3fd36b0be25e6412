"""Guard conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy._entity import Entity

from embedded_dds.participant import Guard

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.context import Context


class GuardCondition(Entity):
    """Runs its callback in the executor after ``trigger``."""

    def __init__(
        self,
        callback: Callable[[], Any] | None,
        callback_group: CallbackGroup | None,
        context: Context | None = None,
    ) -> None:
        super().__init__(callback_group)
        if context is None:
            from rclpy.utilities import get_default_context

            context = get_default_context()
        self.callback = callback
        self._guard = Guard(context.participant)
        self._condition = self._guard.handle

    def trigger(self) -> None:
        """Have the callback run."""
        self._check_alive()
        self._guard.trigger()

    def _take(self) -> tuple[Any, tuple[Any, ...]] | None:
        if not self._guard.take() or self.callback is None:
            return None
        return self.callback, ()

    def destroy(self) -> None:
        """Destroy the guard condition (once)."""
        if not self._is_destroyed:
            self._is_destroyed = True
            self._guard.close()
