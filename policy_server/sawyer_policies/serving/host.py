"""Serving named policies: sessions, checks of what comes in, timing. No transport in here."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from sawyer_core import (
    ConfigError,
    PolicyInput,
    PolicySpec,
    SawyerError,
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
    max_queue_s: float = setting(
        0.1,
        unit="s",
        bounds=(0.001, 60.0),
        doc="an observation that has waited longer is refused: its action would be late",
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
        compute_s: time inside the policy (of the whole forward pass where it was shared).
        queue_s: time between taking the request and computing it.
        batch: robots that shared the forward pass.
        period_s: the policy's; a reply that takes longer is late.
    """

    action_m: npt.NDArray[np.float64]
    stamp_ns: int
    step: int
    compute_s: float
    queue_s: float = 0.0
    batch: int = 1
    period_s: float = 0.1


class SharedModel(Protocol):
    """A model that answers several requests in one go."""

    def run(self, requests: Sequence[Any]) -> npt.NDArray[np.float64]:
        """(B, 3) m, one row per request."""


@runtime_checkable
class SharingPolicy(Protocol):
    """A policy whose sessions share one model."""

    group: SharedModel

    def prepare(self, observation: PolicyInput) -> Any:
        """This session's part of the next forward pass."""


@dataclass
class _Session:
    spec: PolicySpec
    policy: Policy
    last_stamp_ns: int | None = None
    last_step: int | None = None


@dataclass(frozen=True, eq=False)
class Pending:
    """A request that was found good and waits to be computed."""

    observation: Observation
    spec: PolicySpec
    policy: Policy
    policy_input: PolicyInput
    part: Any = None
    received_s: float | None = None

    @property
    def group(self) -> SharedModel | None:
        """The model that it can share, None for a policy that has none."""
        return self.policy.group if isinstance(self.policy, SharingPolicy) else None

    @property
    def shares(self) -> bool:
        """Whether it can share a forward pass."""
        return self.part is not None


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

    def problems(self) -> list[str]:
        """Bundles that cannot be used and newer weights that were refused."""
        return self._registry.problems()

    def sessions(self) -> tuple[str, ...]:
        """Names of the open sessions, least recently used first."""
        return tuple(self._sessions)

    def preload(self, policy: str, batch: int = 1) -> PolicySpec:
        """Load a policy and run it once, so that the first answer is not late.

        Raises:
            UnknownNameError, BundleError: it cannot be served.
        """
        spec, made = self._registry.open(policy)
        warm_up = getattr(getattr(made, "group", None), "warm_up", None)
        if warm_up is not None:
            warm_up(batch)
        return spec

    def reset(self, session: str, policy: str, *, seed: int) -> PolicySpec:
        """Begin ``session`` anew with ``policy``; everything it knew is forgotten.

        Weights that have changed on the disk are taken over here and nowhere else.

        Raises:
            UnknownNameError: no such policy; the message lists the choices.
            BundleError: its bundle cannot be used.
            ConfigError: the session has no name.
        """
        if not session:
            raise ConfigError("session", session, "a name that is not empty")
        spec, made = self.open(policy)
        self.begin(session, spec, made, seed=seed)
        return spec

    def open(self, policy: str) -> tuple[PolicySpec, Policy]:
        """Spec and a fresh policy; touches no session, so it may run in another thread.

        Raises:
            UnknownNameError, BundleError: see :meth:`reset`.
        """
        return self._registry.open(policy)

    def begin(self, session: str, spec: PolicySpec, policy: Policy, *, seed: int) -> None:
        """Begin ``session`` anew with a policy that :meth:`open` gave."""
        policy.reset(np.random.default_rng(seed))
        self._sessions.pop(session, None)
        self._sessions[session] = _Session(spec, policy)
        while len(self._sessions) > self._config.max_sessions:
            self._sessions.popitem(last=False)

    def close(self, session: str) -> None:
        """Forget a session."""
        self._sessions.pop(session, None)

    def act(self, session: str, observation: Observation) -> ActReply:
        """The action for one observation, computed at once.

        Raises:
            SawyerError: see :meth:`take`; or the policy answered nonsense.
        """
        reply = self.compute([self.take(session, observation)])[0]
        if isinstance(reply, SawyerError):
            raise reply
        return reply

    def take(
        self, session: str, observation: Observation, received_s: float | None = None
    ) -> Pending:
        """Check a request; :meth:`compute` answers it.

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
        policy = state.policy
        part = policy.prepare(policy_input) if isinstance(policy, SharingPolicy) else None
        state.last_stamp_ns, state.last_step = observation.stamp_ns, observation.step
        return Pending(observation, state.spec, policy, policy_input, part, received_s)

    def compute(self, requests: Sequence[Pending]) -> list[ActReply | SawyerError]:
        """Answers in the order of the requests; those that share a model share one pass."""
        replies: dict[int, ActReply | SawyerError] = {}
        groups: dict[int, list[int]] = {}
        for index, request in enumerate(requests):
            groups.setdefault(id(request.group) if request.shares else -1 - index, []).append(
                index
            )
        for members in groups.values():
            part = [requests[index] for index in members]
            replies.update(zip(members, self._compute_group(part), strict=True))
        return [replies[index] for index in range(len(requests))]

    def _compute_group(self, requests: Sequence[Pending]) -> list[ActReply | SawyerError]:
        began = self._clock()
        queued = [0.0 if r.received_s is None else began - r.received_s for r in requests]
        limit = self._config.max_queue_s
        live = [r for r, waited in zip(requests, queued, strict=True) if waited <= limit]
        actions = iter(_actions(live)) if live else iter(())
        compute_s = self._clock() - began
        replies: list[ActReply | SawyerError] = []
        for request, waited in zip(requests, queued, strict=True):
            if waited > limit:
                replies.append(StaleDataError("observation (in the queue)", waited, limit))
                continue
            replies.append(_reply(request, next(actions), compute_s, waited, len(live)))
        return replies

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


def _actions(requests: Sequence[Pending]) -> Sequence[Any]:
    group = requests[0].group
    if group is not None:
        return list(group.run([request.part for request in requests]))
    return [request.policy.action(request.policy_input) for request in requests]


def _reply(
    request: Pending, action: Any, compute_s: float, queue_s: float, batch: int
) -> ActReply | SawyerError:
    try:
        checked = np.array(request.spec.action.check(action), dtype=np.float64)
    except SawyerError as error:
        return error
    checked.flags.writeable = False
    seen = request.observation
    period_s = 1.0 / request.spec.rate_hz
    return ActReply(checked, seen.stamp_ns, seen.step, compute_s, queue_s, batch, period_s)


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
        object_state=arrays.get("object_state"),
    )
