"""Serving named policies: sessions, checks of what comes in, timing. No transport in here."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sawyer_core import (
    ConfigError,
    PolicyInput,
    PolicySpec,
    ShapeError,
    StaleDataError,
    UnknownNameError,
    setting,
    validate,
)
from sawyer_policies.registry import Policy, PolicyRegistry

NS_PER_S = 1e9


@dataclass(frozen=True)
class HostConfig:
    """Settings of the serving core."""

    max_sessions: int = setting(
        32, bounds=(1, 10000), doc="open sessions; the least recently used one goes first"
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, eq=False)
class Observation:
    """What a client sends: arrays by name, the stamp they belong to and the step."""

    stamp_ns: int
    step: int
    arrays: Mapping[str, npt.ArrayLike]


@dataclass(frozen=True, eq=False)
class ActReply:
    """The policy's action with its timing.

    Attributes:
        action_m: (3,) float64, m, base axes, read-only.
        stamp_ns: stamp of the observation acted on.
        step: step of that observation.
        compute_s: time inside the policy.
    """

    action_m: npt.NDArray[np.float64]
    stamp_ns: int
    step: int
    compute_s: float


@dataclass
class _Session:
    spec: PolicySpec
    policy: Policy
    last_stamp_ns: int | None = None
    last_step: int | None = None


class PolicyHost:
    """Holds the sessions and runs their policies.

    Args:
        registry: the policies that may be asked for.
        config: settings.
        clock: seconds, monotonic; only for timing.
    """

    def __init__(
        self,
        registry: PolicyRegistry,
        config: HostConfig | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._registry = registry
        self._config = config or HostConfig()
        self._clock = clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def specs(self) -> list[PolicySpec]:
        """Specs of all served policies, by name."""
        return self._registry.specs()

    def sessions(self) -> tuple[str, ...]:
        """Names of the open sessions, least recently used first."""
        return tuple(self._sessions)

    def reset(self, session: str, policy: str, *, seed: int) -> PolicySpec:
        """Begin ``session`` anew with ``policy``; everything it knew is forgotten.

        Raises:
            UnknownNameError: no such policy; the message lists the choices.
            ConfigError: the session has no name.
        """
        if not session:
            raise ConfigError("session", session, "a name that is not empty")
        registered = self._registry.get(policy)
        made = registered.factory()
        made.reset(np.random.default_rng(seed))
        self._sessions.pop(session, None)
        self._sessions[session] = _Session(registered.spec, made)
        while len(self._sessions) > self._config.max_sessions:
            self._sessions.popitem(last=False)
        return registered.spec

    def act(self, session: str, observation: Observation) -> ActReply:
        """The action for one observation.

        Raises:
            UnknownNameError: the session was not reset (or fell out of the open ones).
            ShapeError: an array is missing or has the wrong shape or type.
            ConfigError: an array is not finite or out of range.
            StaleDataError: the observation is not newer than the last one of the session.
        """
        state = self._sessions.get(session)
        if state is None:
            raise UnknownNameError("policy session (reset it first)", session, self._sessions)
        self._sessions.move_to_end(session)
        self._check_order(state, observation)
        arrays = state.spec.observation.check(observation.arrays)
        policy_input = _policy_input(arrays, observation)
        began = self._clock()
        action = state.policy.action(policy_input)
        compute_s = self._clock() - began
        checked = np.array(state.spec.action.check(action), dtype=np.float64)
        checked.flags.writeable = False
        state.last_stamp_ns, state.last_step = observation.stamp_ns, observation.step
        return ActReply(checked, observation.stamp_ns, observation.step, compute_s)

    @staticmethod
    def _check_order(state: _Session, observation: Observation) -> None:
        if observation.step < 0:
            raise ConfigError("step", observation.step, "0 or more")
        if state.last_stamp_ns is None or state.last_step is None:
            return
        behind_ns = state.last_stamp_ns - observation.stamp_ns
        if behind_ns >= 0:
            raise StaleDataError("observation (against the last one)", behind_ns / NS_PER_S, 0.0)
        if observation.step <= state.last_step:
            raise ConfigError("step", observation.step, f"above {state.last_step}")


_ZERO = np.zeros(3)


def _policy_input(arrays: Mapping[str, npt.NDArray[Any]], observation: Observation) -> PolicyInput:
    image = arrays.get("image")
    if image is not None and image.dtype != np.uint8:
        raise ShapeError("image", str(image.dtype), "uint8")
    return PolicyInput(
        ee_position_m=arrays.get("ee_position", _ZERO),
        goal_position_m=arrays.get("goal_position", _ZERO),
        force_n=arrays.get("force", _ZERO),
        step=observation.step,
        image=image,
    )
