"""The state machine of a goal and the register of a server's goals (no ROS entities)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from rclpy.exceptions import RCLError


class GoalState(IntEnum):
    """State of a goal; the numbers are those of ``action_msgs/msg/GoalStatus``."""

    UNKNOWN = 0
    ACCEPTED = 1
    EXECUTING = 2
    CANCELING = 3
    SUCCEEDED = 4
    CANCELED = 5
    ABORTED = 6


class GoalEvent(IntEnum):
    """What can happen to a goal."""

    EXECUTE = 0
    CANCEL_GOAL = 1
    SUCCEED = 2
    ABORT = 3
    CANCELED = 4


class CancelError(IntEnum):
    """Return code of a cancel request; as in ``action_msgs/srv/CancelGoal``."""

    NONE = 0
    REJECTED = 1
    UNKNOWN_GOAL_ID = 2
    GOAL_TERMINATED = 3


TRANSITIONS: dict[tuple[GoalState, GoalEvent], GoalState] = {
    (GoalState.ACCEPTED, GoalEvent.EXECUTE): GoalState.EXECUTING,
    (GoalState.ACCEPTED, GoalEvent.CANCEL_GOAL): GoalState.CANCELING,
    (GoalState.EXECUTING, GoalEvent.CANCEL_GOAL): GoalState.CANCELING,
    (GoalState.EXECUTING, GoalEvent.SUCCEED): GoalState.SUCCEEDED,
    (GoalState.EXECUTING, GoalEvent.ABORT): GoalState.ABORTED,
    (GoalState.CANCELING, GoalEvent.SUCCEED): GoalState.SUCCEEDED,
    (GoalState.CANCELING, GoalEvent.ABORT): GoalState.ABORTED,
    (GoalState.CANCELING, GoalEvent.CANCELED): GoalState.CANCELED,
}
ACTIVE = frozenset((GoalState.ACCEPTED, GoalState.EXECUTING, GoalState.CANCELING))


def next_status(status: GoalState, event: GoalEvent) -> GoalState:
    """Apply an event to a state.

    Raises:
        RCLError: The event is not possible in that state.
    """
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        possible = [e.name for s, e in TRANSITIONS if s is status]
        allowed = ", ".join(possible) if possible else "none, the goal has ended"
        raise RCLError(
            f"goal_handle attempted invalid transition from state {status.name} with event "
            f"{event.name} (possible events: {allowed})"
        ) from None


def uuid_bytes(goal_id: Any) -> bytes:
    """The 16 bytes of a ``unique_identifier_msgs/msg/UUID``."""
    return bytes(bytearray(goal_id.uuid))


@dataclass
class Goal:
    """What the server keeps of one goal."""

    uuid: bytes
    stamp_ns: int
    info: Any
    status: GoalState = GoalState.ACCEPTED
    handle: Any = None
    result_future: Any = None
    expires_ns: int | None = None
    given_result: Any = None
    status_message: Any = None
    lock: threading.RLock = field(default_factory=threading.RLock)  # type: ignore[valid-type]


def select_for_cancel(
    goals: Iterable[Goal], uuid: bytes, stamp_ns: int
) -> tuple[list[Goal], CancelError]:
    """Choose the goals that a cancel request means.

    An id of zeros with a zero stamp means all goals; an id of zeros with a stamp all goals
    accepted up to then; an id with a zero stamp that goal; an id with a stamp that goal and
    all goals accepted up to then.

    Returns:
        The goals that can be canceled, and an error when one goal was named but cannot.
    """
    by_id = {goal.uuid: goal for goal in goals}
    has_id = any(uuid)

    def cancelable(goal: Goal) -> bool:
        return (goal.status, GoalEvent.CANCEL_GOAL) in TRANSITIONS

    if has_id and not stamp_ns:
        goal = by_id.get(uuid)
        if goal is None:
            return [], CancelError.UNKNOWN_GOAL_ID
        return (
            ([goal], CancelError.NONE) if cancelable(goal) else ([], CancelError.GOAL_TERMINATED)
        )
    chosen = [
        goal
        for goal in by_id.values()
        if cancelable(goal)
        and (goal.uuid == uuid or (goal.stamp_ns <= stamp_ns if stamp_ns else not has_id))
    ]
    return chosen, CancelError.NONE


class GoalRegister:
    """The goals of a server; ended goals are forgotten when their result has expired.

    Args:
        result_timeout_s: How long the results of ended goals are kept; negative: for ever.
    """

    def __init__(self, result_timeout_s: float) -> None:
        self._timeout_ns = int(result_timeout_s * 1e9)
        self._goals: dict[bytes, Goal] = {}
        self._lock = threading.RLock()

    def add(self, goal: Goal, now_ns: int) -> bool:
        """Add a goal; False if its id is in use."""
        with self._lock:
            self._expire(now_ns)
            if goal.uuid in self._goals:
                return False
            self._goals[goal.uuid] = goal
            return True

    def get(self, uuid: bytes, now_ns: int) -> Goal | None:
        """Find a goal; None if it is unknown or has expired."""
        with self._lock:
            self._expire(now_ns)
            return self._goals.get(uuid)

    def all(self, now_ns: int) -> list[Goal]:
        """All goals that have not expired, in the order of their acceptance."""
        with self._lock:
            self._expire(now_ns)
            return list(self._goals.values())

    def remove(self, uuid: bytes) -> None:
        """Forget a goal at once."""
        with self._lock:
            self._goals.pop(uuid, None)

    def mark_ended(self, goal: Goal, now_ns: int) -> None:
        """Start the time for which the result of an ended goal is kept."""
        if self._timeout_ns >= 0:
            goal.expires_ns = now_ns + self._timeout_ns

    def _expire(self, now_ns: int) -> None:
        expired = [
            uuid
            for uuid, goal in self._goals.items()
            if goal.expires_ns is not None and goal.expires_ns <= now_ns
        ]
        for uuid in expired:
            del self._goals[uuid]
