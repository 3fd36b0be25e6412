"""The lifecycle state machine (no ROS entities)."""

from __future__ import annotations

import threading
from enum import Enum
from typing import NamedTuple

from rclpy.exceptions import RCLError


class LifecycleState(NamedTuple):
    """A state: its name and its number in ``lifecycle_msgs/msg/State``."""

    label: str
    state_id: int


class TransitionCallbackReturn(Enum):
    """Answer of a transition callback."""

    SUCCESS = 97
    FAILURE = 98
    ERROR = 99

    def to_label(self) -> str:
        """Name of the transition that the answer triggers."""
        return f"transition_{self.name.lower()}"


class Transition(NamedTuple):
    """A transition of the state machine."""

    transition_id: int
    label: str
    start: LifecycleState
    goal: LifecycleState


UNKNOWN = LifecycleState("unknown", 0)
UNCONFIGURED = LifecycleState("unconfigured", 1)
INACTIVE = LifecycleState("inactive", 2)
ACTIVE = LifecycleState("active", 3)
FINALIZED = LifecycleState("finalized", 4)
CONFIGURING = LifecycleState("configuring", 10)
CLEANINGUP = LifecycleState("cleaningup", 11)
SHUTTINGDOWN = LifecycleState("shuttingdown", 12)
ACTIVATING = LifecycleState("activating", 13)
DEACTIVATING = LifecycleState("deactivating", 14)
ERRORPROCESSING = LifecycleState("errorprocessing", 15)

STATES = (
    UNKNOWN,
    UNCONFIGURED,
    INACTIVE,
    ACTIVE,
    FINALIZED,
    CONFIGURING,
    CLEANINGUP,
    SHUTTINGDOWN,
    ACTIVATING,
    DEACTIVATING,
    ERRORPROCESSING,
)


def _outcomes(
    first_id: int, start: LifecycleState, success: LifecycleState, failure: LifecycleState
) -> tuple[Transition, ...]:
    error = FINALIZED if start is ERRORPROCESSING else ERRORPROCESSING
    goals = (success, failure, error)
    return tuple(
        Transition(first_id + index, answer.to_label(), start, goal)
        for index, (answer, goal) in enumerate(zip(TransitionCallbackReturn, goals, strict=True))
    )


TRANSITIONS: tuple[Transition, ...] = (
    Transition(1, "configure", UNCONFIGURED, CONFIGURING),
    *_outcomes(10, CONFIGURING, INACTIVE, UNCONFIGURED),
    Transition(2, "cleanup", INACTIVE, CLEANINGUP),
    *_outcomes(20, CLEANINGUP, UNCONFIGURED, INACTIVE),
    Transition(3, "activate", INACTIVE, ACTIVATING),
    *_outcomes(30, ACTIVATING, ACTIVE, INACTIVE),
    Transition(4, "deactivate", ACTIVE, DEACTIVATING),
    *_outcomes(40, DEACTIVATING, INACTIVE, ACTIVE),
    Transition(5, "shutdown", UNCONFIGURED, SHUTTINGDOWN),
    Transition(6, "shutdown", INACTIVE, SHUTTINGDOWN),
    Transition(7, "shutdown", ACTIVE, SHUTTINGDOWN),
    *_outcomes(50, SHUTTINGDOWN, FINALIZED, FINALIZED),
    *_outcomes(60, ERRORPROCESSING, UNCONFIGURED, FINALIZED),
)

_BY_ID = {(t.start, t.transition_id): t for t in TRANSITIONS}
_BY_LABEL = {(t.start, t.label): t for t in TRANSITIONS}


class StateMachine:
    """Holds the state of one node."""

    def __init__(self) -> None:
        self._state = UNCONFIGURED
        self._lock = threading.Lock()

    @property
    def state(self) -> LifecycleState:
        """The present state."""
        return self._state

    @property
    def current_state(self) -> tuple[int, str]:
        """The present state as number and name."""
        return self._state.state_id, self._state.label

    def available(self) -> list[Transition]:
        """The transitions that start in the present state."""
        state = self._state
        return [t for t in TRANSITIONS if t.start is state]

    def trigger(self, key: int | str) -> Transition:
        """Make a transition, named by its number or its label.

        Raises:
            RCLError: The transition does not start in the present state.
        """
        with self._lock:
            if isinstance(key, str):
                transition = _BY_LABEL.get((self._state, key))
            else:
                transition = _BY_ID.get((self._state, key))
            if transition is None:
                possible = ", ".join(f"{t.transition_id} ({t.label})" for t in self.available())
                raise RCLError(
                    f"No transition matching {key!r} found for current state "
                    f"'{self._state.label}', possible: {possible or 'none'}"
                )
            self._state = transition.goal
            return transition
