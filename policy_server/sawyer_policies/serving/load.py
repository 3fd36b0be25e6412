"""Robots that ask a policy server at their rate, and what they measure."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sawyer_core import TransportError
from sawyer_policy_client import (
    ClientConfig,
    PolicyClient,
    PolicyDescription,
    RefusedError,
    UnreachableError,
)

RATE_HZ = 10.0
BACK_TO_BACK = 2000
START_S = 60.0


@dataclass
class Robot:
    """One client: what it measured. Times are seconds."""

    handling_s: list[float] = field(default_factory=list)
    queue_s: list[float] = field(default_factory=list)
    round_trip_s: list[float] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    unanswered: int = 0
    refused: int = 0

    @property
    def late(self) -> int:
        """Replies that came after the control period, or never."""
        return self.unanswered + sum(took > 1.0 / RATE_HZ for took in self.round_trip_s)


def drive(
    url: str, policy: str, clients: int, seconds: float, *, rate_hz: float | None
) -> list[Robot]:
    """Let robots ask for ``seconds``, each in a thread; their phases are spread at random."""
    robots = [Robot() for _ in range(clients)]
    phases = np.random.default_rng(0).uniform(0.0, 1.0 / RATE_HZ, clients)
    begin = threading.Barrier(clients)
    failures: list[BaseException] = []

    def work(robot: Robot, phase_s: float, seed: int) -> None:
        try:
            _ask(robot, url, policy, seed, begin, phase_s, seconds, rate_hz)
        except BaseException as error:  # shown by the main thread
            failures.append(error)
            begin.abort()

    threads = [
        threading.Thread(target=work, args=(robot, phase, seed))
        for seed, (robot, phase) in enumerate(zip(robots, phases.tolist(), strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return robots


def _ask(
    robot: Robot,
    url: str,
    policy: str,
    seed: int,
    begin: threading.Barrier,
    phase_s: float,
    seconds: float,
    rate_hz: float | None,
) -> None:
    config = ClientConfig(act_timeout_s=10.0 / RATE_HZ, connect_timeout_s=10.0)
    rng = np.random.default_rng(seed)
    with PolicyClient(url, config=config) as client:
        description = client.reset(policy, seed=seed)
        begin.wait(START_S)
        start = time.perf_counter() + (phase_s if rate_hz else 0.0)
        count = round(seconds * rate_hz) if rate_hz else BACK_TO_BACK
        for step in range(count):
            if rate_hz:
                time.sleep(max(0.0, start + step / rate_hz - time.perf_counter()))
            try:
                arrays = _observation(description, rng)
                action = client.act(stamp_ns=step + 1, step=step, arrays=arrays)
            except UnreachableError:
                robot.unanswered += 1
                continue
            except RefusedError:
                robot.refused += 1
                continue
            robot.handling_s.append(action.handling_s)
            robot.queue_s.append(action.queue_s)
            robot.round_trip_s.append(action.round_trip_s)
            robot.batches.append(action.batch)


def _observation(description: PolicyDescription, rng: np.random.Generator) -> dict[str, Any]:
    """Arrays such as the policy asks for."""
    arrays: dict[str, Any] = {}
    for array in description.observation:
        if array.dtype == "uint8":
            arrays[array.name] = rng.integers(0, 256, array.shape, dtype=np.uint8)
        else:
            arrays[array.name] = rng.normal(0.0, 0.1, array.shape).astype(array.dtype)
    return arrays


def figures(prefix: str, robots: list[Robot]) -> dict[str, Any]:
    """Replies, late ones and percentiles, in ms, as a bench reports them."""
    handling_ms = 1e3 * np.array([took for robot in robots for took in robot.handling_s])
    round_trip_ms = 1e3 * np.array([took for robot in robots for took in robot.round_trip_s])
    queue_ms = 1e3 * np.array([took for robot in robots for took in robot.queue_s])
    if not handling_ms.size:
        raise TransportError("the policy server answered nothing")
    return {
        f"{prefix}_replies": int(handling_ms.size),
        f"{prefix}_late_replies": sum(robot.late for robot in robots),
        f"{prefix}_refused": sum(robot.refused for robot in robots),
        f"{prefix}_server_p50_ms": float(np.percentile(handling_ms, 50)),
        f"{prefix}_server_p99_ms": float(np.percentile(handling_ms, 99)),
        f"{prefix}_server_max_ms": float(handling_ms.max()),
        f"{prefix}_queue_p50_ms": float(np.percentile(queue_ms, 50)),
        f"{prefix}_round_trip_p50_ms": float(np.percentile(round_trip_ms, 50)),
        f"{prefix}_round_trip_p99_ms": float(np.percentile(round_trip_ms, 99)),
        f"{prefix}_round_trip_max_ms": float(round_trip_ms.max()),
        f"{prefix}_mean_batch": float(np.mean([b for robot in robots for b in robot.batches])),
    }
