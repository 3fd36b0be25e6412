"""Speed of the twin: environment steps, bare physics, and what the control loop adds."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from sawyer_controllers.cartesian import CartesianConfig, CartesianInterface
from sawyer_controllers.p_controller import PController
from sawyer_sim.twin import BLOCK_TICKS, Twin

_PERIOD_S = 0.1
_PERIODS_PER_EPISODE = 25  # free space, first touch and seated plug


def run(
    *, seconds: float = 10.0, workers: int | None = None, connector: str = "usb"
) -> dict[str, Any]:
    """Measure everything; takes about three times ``seconds``.

    Args:
        seconds: wall time of each measurement.
        workers: processes of the environment rates, by default one per core, at most two.
        connector: what is plugged in.

    Returns:
        ``env_steps_per_s_state``, ``env_steps_per_s_image32`` (all workers together, resets not
        counted), ``raw_pybullet_steps_per_s`` (one process), ``physics_step_overhead_ratio``
        (time of control, sensing and torques over the time of the bare physics steps of the same
        states) and the number of workers.
    """
    count = min(2, os.cpu_count() or 1) if workers is None else workers
    bare, full = interleaved_periods(seconds=seconds, connector=connector)
    bare_s, full_s = statistics.median(bare), statistics.median(full)
    total = [whole - part for whole, part in zip(full, bare, strict=True)]
    return {
        "env_steps_per_s_state": env_rate("state", seconds, count, connector),
        "env_steps_per_s_image32": env_rate("image32", seconds, count, connector),
        "raw_pybullet_steps_per_s": BLOCK_TICKS / bare_s,
        "physics_step_overhead_ratio": statistics.median(total) / bare_s,
        "control_period_s": full_s,
        "workers": count,
        "connector": connector,
    }


def interleaved_periods(
    *, seconds: float, connector: str = "usb"
) -> tuple[list[float], list[float]]:
    """Times of bare physics and of whole control periods from the same states, s each.

    The bare steps run in the twin's world without gravity (nothing holds the arm then) and are
    undone afterwards, so both see the same contacts.
    """
    bare: list[float] = []
    full: list[float] = []
    with Twin(connector) as twin:
        interface = CartesianInterface(CartesianConfig(), twin.model, twin.task)
        controller = PController()
        end = time.perf_counter() + seconds
        episode = 0
        while time.perf_counter() < end:
            frame = twin.prepare_episode(episode)
            interface.reset(frame.arm)
            episode += 1
            for _ in range(_PERIODS_PER_EPISODE):
                bare.append(_bare_period_s(twin))
                delta = controller.action(frame.arm.ee_position_m, twin.task.goal)
                target = interface.target(frame.arm, np.clip(delta, -0.015, 0.015), _PERIOD_S)
                started = time.perf_counter()
                frame = twin.advance(target)
                full.append(time.perf_counter() - started)
    return bare, full


def _bare_period_s(twin: Twin) -> float:
    client = twin.world.client
    saved = client.saveState()
    client.setGravity(0.0, 0.0, 0.0)
    step = client.stepSimulation
    started = time.perf_counter()
    for _ in range(BLOCK_TICKS):
        step()
    elapsed = time.perf_counter() - started
    client.setGravity(0.0, 0.0, -twin.config.physics.gravity_m_per_s2)
    client.restoreState(stateId=saved)
    client.removeState(saved)
    return elapsed


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
