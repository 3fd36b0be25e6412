"""One action goal at a time, from its acceptance to its end."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rclpy.action import GoalResponse


class SingleGoal:
    """Give :meth:`offer` as goal callback; run the goal inside ``with``.

    The seat is taken in the goal callback: between acceptance and execution a second goal is
    refused too. However the execution ends, the seat is free again.
    """

    def __init__(self) -> None:
        self._taken = False

    def offer(self, _goal: Any) -> GoalResponse:
        """Accept a goal if there is none."""
        if self._taken:
            return GoalResponse.REJECT
        self._taken = True
        return GoalResponse.ACCEPT

    def __enter__(self) -> SingleGoal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._taken = False
