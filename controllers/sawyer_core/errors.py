"""Errors that every package of the stack raises.

::

    SawyerError
    +-- ConfigError            a setting is missing, of the wrong type or out of range
    +-- UnknownNameError       a name that is in no registry (gives the nearest match)
    +-- ShapeError             an array of the wrong shape or type
    +-- CommandRejectedError   a command that must not reach the arm (has a code)
    +-- IkError                no joint position reaches the asked pose
    +-- StaleDataError         data older than allowed
    +-- SimulationError        the twin cannot do what was asked
    +-- CalibrationError       a calibration that cannot be trusted
    +-- RecordingError         an episode cannot be written or read
    +-- BundleError            a policy bundle that cannot be trusted or does not fit the robot
    +-- TransportError         a peer did not answer, or answered nonsense
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from enum import Enum


class SawyerError(Exception):
    """Root of all errors of this stack."""


class ConfigError(SawyerError, ValueError):
    """A setting is missing, of the wrong type or out of range."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        super().__init__(f"{field} = {value!r} is not allowed; allowed: {allowed}")


class UnknownNameError(SawyerError, LookupError):
    """A name that is in no registry; the message lists the choices and the nearest match."""

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        self.choices = tuple(choices)
        near = difflib.get_close_matches(str(name), self.choices, n=1)
        self.nearest = near[0] if near else None
        hint = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        known = ", ".join(self.choices) or "none"
        super().__init__(f"unknown {kind} {name!r}{hint}; choices: {known}")


class ShapeError(SawyerError, ValueError):
    """An array of the wrong shape or element type."""

    def __init__(self, field: str, got: object, expected: object) -> None:
        self.field = field
        self.got = got
        self.expected = expected
        super().__init__(f"{field} has shape or type {got}, expected {expected}")


class RejectionCode(str, Enum):
    """Why a command was refused."""

    NON_FINITE = "non_finite"
    WRONG_SHAPE = "wrong_shape"
    OUT_OF_RANGE = "out_of_range"
    OUTSIDE_WORKSPACE = "outside_workspace"
    STALE = "stale"
    OTHER_COMMANDER = "other_commander"
    NOT_ACQUIRED = "not_acquired"
    NOT_STARTED = "not_started"
    LATCHED = "latched"
    CONTACT_STOP = "contact_stop"
    NO_SOLUTION = "no_solution"


class CommandRejectedError(SawyerError):
    """A command that must not reach the arm."""

    def __init__(self, code: RejectionCode, message: str) -> None:
        self.code = code
        super().__init__(f"command rejected ({code.value}): {message}")


class IkError(SawyerError):
    """No joint position within the limits reaches the asked pose."""


class StaleDataError(SawyerError):
    """Data older than allowed."""

    def __init__(self, what: str, age_s: float, allowed_s: float) -> None:
        self.what = what
        self.age_s = age_s
        self.allowed_s = allowed_s
        super().__init__(f"{what} is {age_s:.3f} s old, allowed {allowed_s:.3f} s")


class SimulationError(SawyerError):
    """The twin cannot do what was asked."""


class CalibrationError(SawyerError):
    """A calibration that cannot be trusted."""


class RecordingError(SawyerError):
    """An episode cannot be written or read.

    Args:
        message: what went wrong.
        errno: the system's number of the fault, where it was one of the system.
    """

    def __init__(self, message: str, *, errno: int | None = None) -> None:
        self.errno = errno
        super().__init__(message)

    @property
    def no_space(self) -> bool:
        """Whether the disk, the quota or the largest file size is used up."""
        return self.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BundleError(SawyerError):
    """A policy bundle that is damaged, incomplete, or does not fit the robot.

    Args:
        folder: where the bundle is.
        problem: what is wrong with it: field, value and what is allowed.
    """

    def __init__(self, folder: object, problem: str) -> None:
        self.folder = str(folder)
        self.problem = problem
        super().__init__(f"policy bundle {folder} is refused: {problem}")


class TransportError(SawyerError):
    """A peer did not answer, or answered nonsense."""
