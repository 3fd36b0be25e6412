"""Speed of the twin: environment steps, bare physics, and what the control loop adds."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sawyer_controllers.episode import EpisodeSpec
from sawyer_sim import realtime_bench
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import BLOCK_TICKS, Twin


def run(
    *, seconds: float = 10.0, workers: int | None = None, connector: str = "usb"
) -> dict[str, Any]:
    """Measure everything; takes about four times ``seconds`` and the resets.

    Args:
        seconds: wall time of each measurement.
        workers: processes of the environment rates, by default one per core, at most two.
        connector: what is plugged in.

    Returns:
        ``env_steps_per_s_state``, ``env_steps_per_s_image32`` (all workers together, resets not
        counted), ``raw_pybullet_steps_per_s`` (engine alone, one process),
        ``physics_step_overhead_ratio`` (everything else over the engine's time in the same
        episodes), the number of workers, and how well the 1 kHz loop keeps its time on the wall
        clock (:func:`sawyer_sim.realtime_bench.run`).
    """
    count = min(2, os.cpu_count() or 1) if workers is None else workers
    timing = episode_timing(seconds=seconds, connector=connector)
    return {
        "env_steps_per_s_state": env_rate("state", seconds, count, connector),
        "env_steps_per_s_image32": env_rate("image32", seconds, count, connector),
        "raw_pybullet_steps_per_s": timing.ticks / timing.engine_s,
        "physics_step_overhead_ratio": timing.overhead_ratio,
        "control_period_s": timing.total_s * BLOCK_TICKS / timing.ticks,
        "workers": count,
        "connector": connector,
        **realtime_bench.run(seconds=seconds, connector=connector),
    }


@dataclass
class EpisodeTiming:
    """Where the time of whole episode steps goes."""

    ticks: int = 0
    engine_s: float = 0.0
    total_s: float = 0.0

    @property
    def overhead_ratio(self) -> float:
        """Time of everything but the engine's steps over the time of these steps."""
        return (self.total_s - self.engine_s) / self.engine_s


def episode_timing(*, seconds: float, connector: str = "usb") -> EpisodeTiming:
    """Time the engine's steps within P-controller episodes: free space, touch, seated plug.

    The bare step is timed where it happens, so both sides see the same contacts.
    """
    timing = EpisodeTiming()
    clock = time.perf_counter
    with Twin(connector) as twin:
        bare = twin.step_engine

        def timed(**arguments: Any) -> None:
            started = clock()
            bare(**arguments)
            timing.engine_s += clock() - started
            timing.ticks += 1

        session = InsertionSession(twin)
        action = np.zeros(3)
        seed = 0
        while timing.total_s < seconds:
            session.begin(EpisodeSpec(connector=connector, seed=seed))
            twin.step_engine = timed
            seed += 1
            done = False
            while not done:
                started = clock()
                done = session.step(action).done
                timing.total_s += clock() - started
            twin.step_engine = bare
    return timing


def _count_steps(observation: str, seconds: float, connector: str, first_seed: int) -> float:
    import gymnasium

    env = gymnasium.make(
        "sawyer_sim:Sawyer/Insertion-v0", connector=connector, observation=observation
    )
    action = np.zeros(3, dtype=np.float32)
    steps, spent_s, seed = 0, 0.0, first_seed
    while spent_s < seconds:
        env.reset(seed=seed)
        seed += 1
        ended = False
        while not ended:
            started = time.perf_counter()
            _, _, terminated, truncated, _ = env.step(action)
            spent_s += time.perf_counter() - started
            steps += 1
            ended = terminated or truncated
    env.close()
    return steps / spent_s


def env_rate(observation: str, seconds: float, workers: int, connector: str = "usb") -> float:
    """Environment steps per second of ``workers`` processes together."""
    if workers == 1:
        return _count_steps(observation, seconds, connector, 0)
    jobs: Sequence[tuple[str, float, str, int]] = [
        (observation, seconds, connector, 1000 * index) for index in range(workers)
    ]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return float(sum(pool.starmap(_count_steps, jobs)))


def main() -> None:
    """Print the figures as JSON."""
    import json

    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
