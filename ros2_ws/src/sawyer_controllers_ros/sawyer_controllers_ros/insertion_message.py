"""Insertion states to messages and back."""

from __future__ import annotations

import sawyer_interfaces.msg

from sawyer_controllers.sensing import Evidence, InsertionState
from sawyer_ros_common import conversions
from sawyer_ros_common.stamps import to_ns

_CODES = {
    Evidence.NONE: sawyer_interfaces.msg.InsertionState.EVIDENCE_NONE,
    Evidence.ELECTRICAL: sawyer_interfaces.msg.InsertionState.EVIDENCE_ELECTRICAL,
    Evidence.DEPTH: sawyer_interfaces.msg.InsertionState.EVIDENCE_DEPTH,
    Evidence.FORCE: sawyer_interfaces.msg.InsertionState.EVIDENCE_FORCE,
    Evidence.POSE: sawyer_interfaces.msg.InsertionState.EVIDENCE_POSE,
}
_EVIDENCE = {code: evidence for evidence, code in _CODES.items()}


def insertion_message(state: InsertionState) -> sawyer_interfaces.msg.InsertionState:
    """Message of a state."""
    return sawyer_interfaces.msg.InsertionState(
        header=conversions.header(state.stamp_ns),
        inserted=state.inserted,
        success=state.success,
        evidence=_CODES[state.evidence],
        depth_m=state.depth_m,
        lateral_error_m=state.lateral_error_m,
        held_s=state.held_s,
        implausible=state.implausible,
    )


def insertion_state(message: sawyer_interfaces.msg.InsertionState) -> InsertionState:
    """State of a message."""
    return InsertionState(
        stamp_ns=to_ns(message.header.stamp),
        inserted=message.inserted,
        success=message.success,
        evidence=_EVIDENCE[message.evidence],
        depth_m=message.depth_m,
        lateral_error_m=message.lateral_error_m,
        held_s=message.held_s,
        implausible=message.implausible,
    )
