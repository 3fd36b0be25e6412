"""What comes back from a server, checked: descriptions of policies, and actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sawyer_policy_client.errors import ProtocolError


@dataclass(frozen=True)
class ArrayDescription:
    """One array: name, shape, element type, unit, frame and element bounds (None: none)."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    unit: str = ""
    frame: str = ""
    low: float | None = None
    high: float | None = None
    doc: str = ""


@dataclass(frozen=True)
class PolicyDescription:
    """What a policy reads and gives; ``version`` says which weights it has.

    ``task`` and ``connector`` are those it was learned for, empty where it takes any.
    """

    name: str
    description: str
    version: str
    base_controller: str
    rate_hz: float
    observation: tuple[ArrayDescription, ...]
    action: ArrayDescription
    task: str = ""
    connector: str = ""


@dataclass(frozen=True)
class ServerInfo:
    """What a server says of itself when a client connects."""

    server: str
    policies: tuple[PolicyDescription, ...]


@dataclass(frozen=True, eq=False)
class Action:
    """The action for one observation, with its timing.

    Attributes:
        action_m: (3,) float64, m, base axes, read-only.
        stamp_ns, step: of the observation acted on.
        queue_s: in the server, before it was computed.
        compute_s: in the policy, by the server's account.
        handling_s: from the request's arrival to its reply, in the server.
        batch: robots that shared the forward pass.
        round_trip_s: from sending to receiving, in the client.
    """

    action_m: npt.NDArray[np.float64]
    stamp_ns: int
    step: int
    queue_s: float
    compute_s: float
    handling_s: float
    batch: int
    round_trip_s: float


def array_description(value: Any) -> ArrayDescription:
    """Description of an array out of a message."""
    given = _map(value, "array")
    shape = given.get("shape")
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise ProtocolError(f"shape {shape!r} of an array")
    return ArrayDescription(
        name=_text(given, "name"),
        shape=tuple(shape),
        dtype=_text(given, "dtype"),
        unit=_text(given, "unit"),
        frame=_text(given, "frame"),
        low=None if given.get("low") is None else number(given, "low"),
        high=None if given.get("high") is None else number(given, "high"),
        doc=_text(given, "doc"),
    )


def policy_description(value: Any) -> PolicyDescription:
    """Description of a policy out of a message."""
    given = _map(value, "policy")
    arrays = given.get("observation")
    if not isinstance(arrays, list):
        raise ProtocolError("a policy without the list of its observation")
    return PolicyDescription(
        name=_text(given, "name"),
        description=_text(given, "description"),
        version=_text(given, "version"),
        base_controller=_text(given, "base_controller"),
        rate_hz=number(given, "rate_hz"),
        observation=tuple(array_description(array) for array in arrays),
        action=array_description(given.get("action")),
        task=_text(given, "task") if "task" in given else "",
        connector=_text(given, "connector") if "connector" in given else "",
    )


def action(reply: Mapping[str, Any], *, stamp_ns: int, step: int, round_trip_s: float) -> Action:
    """The action out of a reply, which must belong to the observation that was sent."""
    if (reply.get("stamp_ns"), reply.get("step")) != (stamp_ns, step):
        raise ProtocolError(
            f"an answer to step {reply.get('step')!r} of {reply.get('stamp_ns')!r} ns, "
            f"wanted: step {step} of {stamp_ns} ns"
        )
    array = reply.get("action")
    if not isinstance(array, np.ndarray) or array.shape != (3,) or array.dtype.kind != "f":
        raise ProtocolError(f"an action {array!r}, expected 3 numbers")
    if not np.isfinite(array).all():
        raise ProtocolError(f"an action {array.tolist()} that is not finite")
    action_m = array.astype(np.float64)
    action_m.flags.writeable = False
    return Action(
        action_m=action_m,
        stamp_ns=stamp_ns,
        step=step,
        queue_s=number(reply, "queue_s"),
        compute_s=number(reply, "compute_s"),
        handling_s=number(reply, "handling_s"),
        batch=int(number(reply, "batch")),
        round_trip_s=round_trip_s,
    )


def number(given: Mapping[str, Any], key: str) -> float:
    """A number out of a message."""
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ProtocolError(f"{key} = {value!r}, expected a number")
    return float(value)


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str):
        raise ProtocolError(f"{key} = {value!r}, expected text")
    return value


def _map(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ProtocolError(f"{what} = {value!r}, expected a map")
    return value
