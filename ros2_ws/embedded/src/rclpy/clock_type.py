"""Kinds of clock."""

from enum import IntEnum


class ClockType(IntEnum):
    """Kind of a clock; the numbers are part of the public interface."""

    UNINITIALIZED = 0
    ROS_TIME = 1
    SYSTEM_TIME = 2
    STEADY_TIME = 3
