"""Realtime: the 1 kHz loop against the wall clock, in a thread of its own."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sawyer_core.errors import CommandRejectedError
from sawyer_core.types import JointTarget
from sawyer_sim.twin import Twin

TICK_S = 0.001
SPIN_S = 0.0001
"""The last bit before a tick is waited for actively: sleeping is not that exact (ours)."""
SWITCH_INTERVAL_S = 0.0001
"""How long another thread of the process may keep the interpreter once a tick is due (ours)."""
FIFO_PRIORITY = 20
"""SCHED_FIFO priority where the system permits it (ours)."""
NICE = -15
_PR_SET_TIMERSLACK = 29
_BINS = 10_000  # of 1 us; the last one holds everything later

Snapshot = TypeVar("Snapshot")


@dataclass(frozen=True)
class Punctuality:
    """How punctual the ticks began.

    Attributes:
        ticks: how many.
        overruns: ticks that began more than one period late.
        half_late: ticks that began more than half a period late.
        p99_us: 99th percentile of the lateness (capped at 10 ms).
        max_us: largest lateness.
    """

    ticks: int
    overruns: int
    half_late: int
    p99_us: float
    max_us: float


class RealtimeLoop(threading.Thread, Generic[Snapshot]):
    """Ticks the twin every millisecond; a late tick is counted, never made up for.

    An overrun is a tick that begins more than one period late. The schedule then starts anew
    from there, so that the loop never rushes. Every period is reported to the joint loop, which
    holds when too many in a row are too long.

    Args:
        twin: only this thread touches it while the loop runs, except under :attr:`lock`.
        publish_every: ticks between two snapshots.
        take: makes a snapshot of the twin, under :attr:`lock`.
        give: is handed each snapshot, in this thread and outside the lock; should only pass it
            on. The twin may have been prepared anew by then: the snapshot tells.
        priority: SCHED_FIFO priority to ask the system for; 0: none, nor a better nice value.
    """

    def __init__(
        self,
        twin: Twin,
        publish_every: int,
        take: Callable[[], Snapshot],
        give: Callable[[Snapshot], None],
        *,
        priority: int = FIFO_PRIORITY,
    ) -> None:
        super().__init__(name="joint-loop", daemon=True)
        self.lock = threading.Lock()
        self._twin = twin
        self._publish_every = publish_every
        self._take = take
        self._give = give
        self._priority = priority
        self._target: JointTarget | None = None
        self._stopping = threading.Event()
        self._began: float | None = None  # the last tick; None: the next one is on time
        self._late_bins = [0] * (_BINS + 1)
        self.ticks = 0
        self.overruns = 0
        self.half_late = 0
        self.late_periods = 0
        self.refused_targets = 0
        self.worst_late_s = 0.0
        self.scheduling = "ordinary"
        self.error: Exception | None = None

    def set_target(self, target: JointTarget) -> None:
        """Hand over the next target; the loop adopts it at its next tick."""
        self._target = target

    def restart_schedule(self) -> None:
        """The next tick is on time by definition; call it with the lock held."""
        self._began = None
        self._target = None

    def stop(self) -> None:
        """End the loop and wait for it."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=5.0)

    def punctuality(self) -> Punctuality:
        """Figures since the start."""
        left = 0.01 * self.ticks
        p99 = _BINS
        while p99 > 0 and (left := left - self._late_bins[p99]) >= 0.0:
            p99 -= 1
        return Punctuality(
            self.ticks, self.overruns, self.half_late, float(p99), self.worst_late_s * 1e6
        )

    def run(self) -> None:
        """Body of the thread."""
        self.scheduling = prefer_this_thread(self._priority)
        due = time.perf_counter()
        try:
            while not self._stopping.is_set():
                _wait_until(due)
                with self.lock:
                    now = time.perf_counter()
                    due = self._note(now, due)
                    self._tick()
                    snapshot = self._take() if self.ticks % self._publish_every == 0 else None
                if snapshot is not None:
                    self._give(snapshot)
                due += TICK_S
        except Exception as error:
            self.error = error

    def _note(self, now: float, due: float) -> float:
        """Count how late this tick begins; when it should have begun."""
        began, self._began = self._began, now
        if began is None:
            return now
        late = now - due
        self._late_bins[min(max(int(late * 1e6), 0), _BINS)] += 1
        if late > self.worst_late_s:
            self.worst_late_s = late
        loop = self._twin.loop
        period = now - began
        if period > loop.config.late_period_s:
            self.late_periods += 1
        loop.note_period(period)
        if late <= 0.5 * TICK_S:
            return due
        self.half_late += 1
        if late <= TICK_S:
            return due
        self.overruns += 1
        return now

    def _tick(self) -> None:
        target, self._target = self._target, None
        if target is not None:
            try:
                self._twin.loop.set_target(target)
            except CommandRejectedError:
                self.refused_targets += 1  # latched: it holds; its status says so
        self._twin.tick()
        self.ticks += 1


def _wait_until(due: float) -> None:
    rest = due - time.perf_counter()
    if rest > SPIN_S:
        time.sleep(rest - SPIN_S)
    while time.perf_counter() < due:
        pass


def prefer_this_thread(priority: int) -> str:
    """Let the system run this thread first, as far as it is permitted; what was granted."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)  # wake up on time
    if priority <= 0 or sys.platform != "linux":
        return "ordinary"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        return f"SCHED_FIFO {priority}"
    except OSError:
        pass
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        return f"nice {NICE}"
    except OSError:
        return "ordinary"


def prepare_process() -> None:
    """Settle what the whole process shares, before the loop starts.

    Threads hand the interpreter over quickly, and the garbage collector need not look through
    everything that was loaded so far again and again.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
