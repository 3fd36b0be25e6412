"""Realtime: the 1 kHz loop against the wall clock, in a thread of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from sawyer_core import JointTarget, SensorFrame
from sawyer_sim.twin import Twin

TICK_S = 0.001
SPIN_S = 0.0001
"""The last bit before a tick is waited for actively: sleeping is not that exact (ours)."""


class RealtimeLoop(threading.Thread):
    """Ticks the twin every millisecond; a late tick is counted, never made up for.

    An overrun is a tick that begins more than one period late. The schedule then starts anew
    from there, so that the loop never rushes.

    Args:
        twin: only this thread touches it while the loop runs, except under :attr:`lock`.
        publish_every: ticks between two published frames.
        on_frame: called in this thread.
        priority: real-time (FIFO) priority asked of the system, 0 for none.
    """

    def __init__(
        self,
        twin: Twin,
        publish_every: int,
        on_frame: Callable[[SensorFrame], None],
        *,
        priority: int = 0,
    ) -> None:
        super().__init__(name="joint-loop", daemon=True)
        self.lock = threading.Lock()
        self._twin = twin
        self._publish_every = publish_every
        self._on_frame = on_frame
        self._priority = priority
        self.has_priority = False
        self._target: JointTarget | None = None
        self._stopping = threading.Event()
        self._restart = True
        self.ticks = 0
        self.overruns = 0
        self.worst_late_s = 0.0
        self.error: Exception | None = None

    def set_target(self, target: JointTarget) -> None:
        """Hand over the next target; the loop adopts it at its next tick."""
        self._target = target

    def restart_schedule(self) -> None:
        """The next tick is on time by definition (after an episode was prepared)."""
        self._restart = True

    def stop(self) -> None:
        """End the loop and wait for it."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=5.0)

    def run(self) -> None:
        """Body of the thread."""
        self._ask_for_priority()
        due = time.perf_counter()
        try:
            while not self._stopping.is_set():
                due = self._wait_until(due)
                with self.lock:
                    if self._restart:
                        self._restart, due = False, time.perf_counter()
                    frame = self._tick()
                if frame is not None:
                    self._on_frame(frame)
                due += TICK_S
        except Exception as error:
            self.error = error

    def _ask_for_priority(self) -> None:
        """Most systems grant it to privileged users only; the loop runs without it too."""
        if self._priority <= 0 or not hasattr(os, "sched_setscheduler"):
            return
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(self._priority))
        except OSError:
            return
        self.has_priority = True

    def _wait_until(self, due: float) -> float:
        rest = due - time.perf_counter()
        if rest > SPIN_S:
            time.sleep(rest - SPIN_S)
        while (now := time.perf_counter()) < due:
            pass
        late = now - due
        if late > TICK_S and not self._restart:
            self.overruns += 1
            self.worst_late_s = max(self.worst_late_s, late)
            return now
        return due

    def _tick(self) -> SensorFrame | None:
        target, self._target = self._target, None
        if target is not None:
            self._twin.loop.set_target(target)
        self._twin.tick()
        self.ticks += 1
        return self._twin.frame() if self.ticks % self._publish_every == 0 else None
