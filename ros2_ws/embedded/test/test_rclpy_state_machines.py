"""Goal states, cancel requests and lifecycle states without ROS entities."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.action._goals import (
    ACTIVE,
    TRANSITIONS,
    CancelError,
    Goal,
    GoalEvent,
    GoalRegister,
    GoalState,
    next_status,
    select_for_cancel,
)
from rclpy.exceptions import RCLError
from rclpy.lifecycle import _state_machine as lifecycle

ZERO = bytes(16)


def goal(number: int, stamp_ns: int = 0, status: GoalState = GoalState.EXECUTING) -> Goal:
    return Goal(bytes([number] * 16), stamp_ns, info=None, status=status)


@given(events=st.lists(st.sampled_from(GoalEvent), max_size=6))
def test_goals_end_once(events: list[GoalEvent]) -> None:
    status = GoalState.ACCEPTED
    for event in events:
        if (status, event) in TRANSITIONS:
            status = next_status(status, event)
            assert status is not GoalState.UNKNOWN
        else:
            with pytest.raises(RCLError, match=status.name):
                next_status(status, event)
        if status not in ACTIVE:
            with pytest.raises(RCLError, match="none, the goal has ended"):
                next_status(status, event)


def test_a_goal_is_canceled_only_after_a_request() -> None:
    with pytest.raises(RCLError, match="EXECUTING with event CANCELED"):
        next_status(GoalState.EXECUTING, GoalEvent.CANCELED)
    assert next_status(GoalState.CANCELING, GoalEvent.CANCELED) is GoalState.CANCELED


@pytest.mark.parametrize(
    ("uuid", "stamp_ns", "chosen", "error"),
    [
        (ZERO, 0, [1, 2, 3], CancelError.NONE),
        (ZERO, 20, [1, 2], CancelError.NONE),
        (ZERO, 5, [], CancelError.NONE),
        (bytes([3] * 16), 0, [3], CancelError.NONE),
        (bytes([3] * 16), 10, [1, 3], CancelError.NONE),
        (bytes([9] * 16), 10, [1], CancelError.NONE),
        (bytes([9] * 16), 0, [], CancelError.UNKNOWN_GOAL_ID),
        (bytes([4] * 16), 0, [], CancelError.GOAL_TERMINATED),
    ],
)
def test_meanings_of_cancel_requests(
    uuid: bytes, stamp_ns: int, chosen: list[int], error: CancelError
) -> None:
    goals = [goal(1, 10), goal(2, 20), goal(3, 30), goal(4, 5, GoalState.SUCCEEDED)]
    found, found_error = select_for_cancel(goals, uuid, stamp_ns)
    assert [g.uuid[0] for g in found] == chosen
    assert found_error is error


def test_results_expire() -> None:
    register = GoalRegister(result_timeout_s=2.0)
    first = goal(1)
    assert register.add(first, 0)
    assert not register.add(goal(1), 0)
    register.mark_ended(first, 10**9)
    assert register.get(first.uuid, 3 * 10**9 - 1) is first
    assert register.get(first.uuid, 3 * 10**9) is None
    forever = GoalRegister(result_timeout_s=-1)
    forever.add(first, 0)
    forever.mark_ended(first, 0)
    first.expires_ns = None
    assert forever.all(10**18) == [first]


def run(machine: lifecycle.StateMachine, *keys: Any) -> str:
    for key in keys:
        machine.trigger(key)
    return machine.state.label


OK, BAD, ERR = "transition_success", "transition_failure", "transition_error"


@pytest.mark.parametrize(
    ("path", "end"),
    [
        (["configure", OK], "inactive"),
        (["configure", BAD], "unconfigured"),
        (["configure", ERR, OK], "unconfigured"),
        (["configure", ERR, BAD], "finalized"),
        (["configure", ERR, ERR], "finalized"),
        (["configure", OK, "activate", OK], "active"),
        (["configure", OK, "activate", BAD], "inactive"),
        (["configure", OK, "activate", OK, "deactivate", BAD], "active"),
        (["configure", OK, "activate", OK, "deactivate", OK], "inactive"),
        (["configure", OK, "cleanup", OK], "unconfigured"),
        (["configure", OK, "cleanup", BAD], "inactive"),
        (["shutdown", OK], "finalized"),
        (["shutdown", BAD], "finalized"),
        (["shutdown", ERR, OK], "unconfigured"),
        ([1, 10, 3, 30, 7, 50], "finalized"),
    ],
)
def test_lifecycle_paths(path: list[Any], end: str) -> None:
    assert run(lifecycle.StateMachine(), *path) == end


@given(keys=st.lists(st.sampled_from([t.label for t in lifecycle.TRANSITIONS]), max_size=12))
def test_lifecycle_never_leaves_its_graph(keys: list[str]) -> None:
    machine = lifecycle.StateMachine()
    for key in keys:
        allowed = {t.label: t.goal for t in machine.available()}
        if key in allowed:
            assert machine.trigger(key).goal is machine.state is allowed[key]
        else:
            before = machine.state
            with pytest.raises(RCLError, match="No transition matching"):
                machine.trigger(key)
            assert machine.state is before


def test_numbers_agree_with_the_messages() -> None:
    from lifecycle_msgs.msg import State, Transition

    for state in lifecycle.STATES:
        kind = "PRIMARY" if state.state_id < 10 else "TRANSITION"
        assert getattr(State, f"{kind}_STATE_{state.label.upper()}") == state.state_id
    for transition in lifecycle.TRANSITIONS:
        if transition.label in ("configure", "cleanup", "activate", "deactivate"):
            name = f"TRANSITION_{transition.label.upper()}"
            assert getattr(Transition, name) == transition.transition_id
    assert len({t.transition_id for t in lifecycle.TRANSITIONS}) == 25
    for answer in lifecycle.TransitionCallbackReturn:
        assert getattr(Transition, f"TRANSITION_CALLBACK_{answer.name}") == answer.value
    assert Transition.TRANSITION_ON_ACTIVATE_FAILURE == 31
    assert Transition.TRANSITION_ACTIVE_SHUTDOWN == 7
