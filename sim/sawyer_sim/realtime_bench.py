"""How well the 1 kHz loop keeps its time: the twin's joint loop on the wall clock, for a while.

    python -m sawyer_sim.realtime_bench

The process does nothing else, as in the driver: one thread ticks, the other takes a snapshot at
100 Hz and sends a joint target at 10 Hz that moves the arm up and down in free space.
"""

from __future__ import annotations

import json
import multiprocessing
import queue
import time
from typing import Any

import numpy as np

from sawyer_core.errors import SimulationError
from sawyer_core.types import JointTarget, SensorFrame
from sawyer_sim.realtime import RealtimeLoop, prepare_process
from sawyer_sim.twin import Twin

SECONDS = 10.0
_PUBLISH_EVERY = 10  # ticks
_TARGET_EVERY = 10  # snapshots
_PERIOD_S = 0.1
_STROKE_M = 0.005
_WAIT_S = 5.0


def run(*, seconds: float = SECONDS, connector: str = "usb") -> dict[str, Any]:
    """Measure in a process of its own.

    Returns:
        ``realtime_ticks``; ``realtime_overrun_share`` (ticks that begin more than one period,
        1 ms, after their time), ``realtime_half_late_share`` (more than 0.5 ms),
        ``realtime_lateness_p99_us``, ``realtime_lateness_max_us``, ``realtime_rate_hz`` and
        ``realtime_scheduling`` (what the system granted the thread).
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        figures: dict[str, Any] = pool.apply(measure, (seconds, connector))
    return figures


def measure(seconds: float, connector: str) -> dict[str, Any]:
    """Measure in this process, whose settings are changed for good."""
    frames: queue.SimpleQueue[SensorFrame] = queue.SimpleQueue()
    with Twin(connector) as twin:
        twin.prepare_episode(0)
        loop = RealtimeLoop(twin, _PUBLISH_EVERY, twin.frame, frames.put)
        prepare_process()
        began = time.perf_counter()
        loop.start()
        try:
            _move(twin, loop, frames, began + seconds)
        finally:
            loop.stop()
        elapsed_s = time.perf_counter() - began
    if loop.error is not None:
        raise loop.error
    figures = loop.punctuality()
    return {
        "realtime_ticks": figures.ticks,
        "realtime_overrun_share": figures.overruns / figures.ticks,
        "realtime_half_late_share": figures.half_late / figures.ticks,
        "realtime_lateness_p99_us": figures.p99_us,
        "realtime_lateness_max_us": figures.max_us,
        "realtime_rate_hz": figures.ticks / elapsed_s,
        "realtime_scheduling": loop.scheduling,
    }


def _move(
    twin: Twin,
    loop: RealtimeLoop[SensorFrame],
    frames: queue.SimpleQueue[SensorFrame],
    until: float,
) -> None:
    """Up and down until the time is over."""
    home, _ = twin.model.fk(twin.home_q_rad)
    sign, seen = 1.0, 0
    while time.perf_counter() < until:
        try:
            frame = frames.get(timeout=_WAIT_S)
        except queue.Empty:
            raise SimulationError(f"no state for {_WAIT_S:g} s") from loop.error
        seen += 1
        if seen % _TARGET_EVERY:
            continue
        sign = -sign
        goal = home + np.array([0.0, 0.0, sign * _STROKE_M])
        q_rad = twin.model.ik(goal, twin.task.quat, frame.arm.q_rad)
        loop.set_target(JointTarget(frame.stamp_ns, q_rad, _PERIOD_S))


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
