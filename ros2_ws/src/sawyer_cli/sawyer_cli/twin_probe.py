"""Timed runs of the twin for ``sawyer bench sim``."""

from __future__ import annotations

import time
from typing import Any

PERIOD_S = 0.1  # one control period of the seed, 10 Hz
PERIODS_PER_EPISODE = 25  # free space, first touch and seated plug


def bare_and_full_periods(pairs: int, ticks: int) -> tuple[list[float], list[float]]:
    """Time bare physics and whole control periods from the same states, s each.

    The bare steps run on the twin's own world with gravity off (nothing holds the arm then) and
    are undone, so that both columns see the same contacts.
    """
    from sawyer_controllers.cartesian import CartesianConfig, CartesianInterface
    from sawyer_controllers.p_controller import PController
    from sawyer_sim.config import TwinConfig
    from sawyer_sim.twin import Twin

    bare: list[float] = []
    full: list[float] = []
    config = without_camera(TwinConfig())
    with Twin("usb", config) as twin:
        interface = CartesianInterface(CartesianConfig(), twin.model, twin.task)
        controller = PController()
        episode = 0
        while len(full) < pairs:
            frame = twin.prepare_episode(episode)
            interface.reset(frame.arm)
            episode += 1
            for _ in range(PERIODS_PER_EPISODE):
                bare.append(_bare_s(twin.world.client, ticks, config.physics.gravity_m_per_s2))
                delta = controller.action(frame.arm.ee_position_m, twin.task.goal_position_m)
                target = interface.target(frame.arm, delta, PERIOD_S)
                started = time.perf_counter()
                frame = twin.advance(target, ticks)
                full.append(time.perf_counter() - started)
    return bare, full


def without_camera(config: Any) -> Any:
    """Return the twin's configuration with the camera off."""
    from dataclasses import replace

    return replace(config, camera=replace(config.camera, enabled=False))


def _bare_s(client: Any, ticks: int, gravity_m_per_s2: float) -> float:
    saved = client.saveState()
    client.setGravity(0.0, 0.0, 0.0)
    step = client.stepSimulation
    started = time.perf_counter()
    for _ in range(ticks):
        step()
    elapsed = time.perf_counter() - started
    client.setGravity(0.0, 0.0, -gravity_m_per_s2)
    client.restoreState(stateId=saved)
    client.removeState(saved)
    return elapsed


def env_steps_per_s(observation: str, seconds: float) -> float:
    """Count steps of the Gymnasium environment in about ``seconds``; resets are not counted.

    Args:
        observation: ``state`` or ``image32``.
        seconds: wall time spent in steps.
    """
    import gymnasium
    import numpy as np

    env = gymnasium.make(
        "sawyer_sim:Sawyer/Insertion-v0", connector="usb", observation=observation
    )
    try:
        shape = env.action_space.shape
        action = np.zeros(shape if shape is not None else 3, dtype=env.action_space.dtype)
        steps, spent_s, seed = 0, 0.0, 0
        while spent_s < seconds:
            env.reset(seed=seed)
            seed += 1
            ended = False
            while not ended:
                started = time.perf_counter()
                _, _, terminated, truncated, _ = env.step(action)
                spent_s += time.perf_counter() - started
                steps += 1
                ended = bool(terminated or truncated)
    finally:
        env.close()
    return steps / spent_s
