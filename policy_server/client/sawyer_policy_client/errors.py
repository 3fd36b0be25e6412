"""Errors of the client, and the codes under which a server says what was wrong.

::

    PolicyClientError
    +-- UnreachableError   nobody answers, in time or at all: go on without the policy
    +-- ProtocolError      the other side speaks another version, or nonsense
    +-- RefusedError       the server said no, with a code of :class:`Code` and a sentence
"""

from __future__ import annotations

from enum import Enum


class Code(str, Enum):
    """Why a server refused a request."""

    VERSION = "version"
    BAD_REQUEST = "bad_request"
    UNKNOWN_POLICY = "unknown_policy"
    BAD_BUNDLE = "bad_bundle"
    NOT_RESET = "not_reset"
    SESSION_TAKEN = "session_taken"
    BAD_OBSERVATION = "bad_observation"
    STALE_OBSERVATION = "stale_observation"
    INTERNAL = "internal"


class PolicyClientError(Exception):
    """Root of the client's errors."""


class UnreachableError(PolicyClientError):
    """The server did not answer in time, or is not there."""


class ProtocolError(PolicyClientError):
    """The other side speaks another version of the protocol, or sent what is none of it."""


class RefusedError(PolicyClientError):
    """The server refused a request.

    Args:
        code: one of :class:`Code`; a newer server may have others.
        text: the reason, for people.
    """

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        self.text = text
        super().__init__(f"{code}: {text}")
