"""Micro-batching: requests that come at the same time share a forward pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sawyer_core import SawyerError, setting, validate
from sawyer_policies.serving.host import ActReply, Observation, Pending, PolicyHost

Answer: TypeAlias = Callable[[ActReply | Exception], None]
"""Called with the reply, or with what went wrong."""


@dataclass(frozen=True)
class BatchConfig:
    """When waiting requests are computed."""

    window_s: float = setting(
        0.001,
        unit="s",
        bounds=(0.0, 0.02),
        doc="longest wait for the requests of other robots; a lone robot's never waits",
    )
    max_batch: int = setting(
        64, bounds=(1, 4096), doc="requests that are computed at once, at most"
    )
    active_s: float = setting(
        0.25,
        unit="s",
        bounds=(0.01, 60.0),
        doc="a session that has been silent for longer is not waited for (two periods and a half)",
    )

    def __post_init__(self) -> None:
        validate(self)


class MicroBatcher:
    """Collects requests of a host; whoever owns the event loop calls :meth:`flush` in time.

    ``add`` computes at once where nobody else can join: the policy shares no model, no other
    session is active, all active ones have asked already, or the batch is full. Else the answer
    comes from the :meth:`flush` that is due ``window_s`` after the first request.

    Args:
        host: the serving core.
        config: settings.
        clock: the host's, seconds.
    """

    def __init__(
        self,
        host: PolicyHost,
        config: BatchConfig | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._host = host
        self._config = config or BatchConfig()
        self._clock = clock
        self._waiting: list[tuple[Pending, Answer]] = []
        self._active: dict[str, float] = {}

    @property
    def waiting(self) -> int:
        """Requests that wait for company."""
        return len(self._waiting)

    def due_in_s(self) -> float | None:
        """Time until :meth:`flush` has to be called, None while nothing waits."""
        if not self._waiting:
            return None
        first = self._waiting[0][0].received_s or 0.0
        return max(0.0, first + self._config.window_s - self._clock())

    def add(self, session: str, observation: Observation, answer: Answer) -> None:
        """Take a request; ``answer`` is called now or by a later :meth:`flush`."""
        now = self._clock()
        try:
            request = self._host.take(session, observation, now)
        except SawyerError as error:
            answer(error)
            return
        if not request.shares:
            self._compute([(request, answer)])
            return
        self._active[session] = now
        self._waiting.append((request, answer))
        if len(self._waiting) >= min(self._expected(now), self._config.max_batch):
            self.flush()

    def flush(self) -> None:
        """Compute everything that waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._compute(waiting)

    def _expected(self, now: float) -> int:
        """How many sessions may be about to ask."""
        oldest = now - self._config.active_s
        if any(last < oldest for last in self._active.values()):
            self._active = {name: t for name, t in self._active.items() if t >= oldest}
        return len(self._active)

    def _compute(self, entries: list[tuple[Pending, Answer]]) -> None:
        replies: list[ActReply | SawyerError] | list[Exception]
        try:
            replies = self._host.compute([request for request, _ in entries])
        except Exception as error:  # a mistake in a policy: whoever asked gets to know it
            replies = [error] * len(entries)
        for (_, answer), reply in zip(entries, replies, strict=True):
            answer(reply)
