"""Matchers of processes and actions for events that are meant for some of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launch.action import Action


def matches_action(target_action: Action) -> Callable[[Any], bool]:
    """Match one action."""
    return lambda action: action is target_action


def matches_pid(pid: int) -> Callable[[Any], bool]:
    """Match the process with an id."""
    return lambda action: bool(
        action.process_details is not None and action.process_details["pid"] == pid
    )


def matches_name(name: str) -> Callable[[Any], bool]:
    """Match processes by name."""
    return lambda action: bool(
        action.process_details is not None and action.process_details["name"] == name
    )


def matches_executable(executable: str) -> Callable[[Any], bool]:
    """Match processes by the file name of their executable."""
    return lambda action: bool(
        action.process_details is not None
        and os.path.basename(action.process_details["cmd"][0]) == executable
    )
