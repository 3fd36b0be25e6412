"""The QoS table: every topic of the stack uses one of these profiles.

All of it is reliable: in lockstep a lost message would stop the loop, and on one machine a
reliable reader that keeps up costs nothing.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, durability: DurabilityPolicy = DurabilityPolicy.VOLATILE) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=durability,
    )


STATE = _profile(20)
"""Measured states and everything derived from them, one message per period."""

COMMAND = _profile(10)
"""Commands: never latched, an old command must not reach a node that starts late."""

IMAGE = _profile(4)
"""Images."""

VISUAL = _profile(200)
"""What the twin's camera draws from: it may fall behind during a reset, but loses nothing."""

LATCHED = _profile(1, DurabilityPolicy.TRANSIENT_LOCAL)
"""The newest value for whoever comes late: goal, episode spec, node states."""

EVENT = _profile(100)
"""Things that must all arrive: guard and health reports."""
EVENT_LATCHED = _profile(20, DurabilityPolicy.TRANSIENT_LOCAL)
"""The same, for readers that come late: episode results."""

STEPS = _profile(1000, DurabilityPolicy.TRANSIENT_LOCAL)
"""Episode steps: kept for a learner that was started anew in the middle of an episode."""
