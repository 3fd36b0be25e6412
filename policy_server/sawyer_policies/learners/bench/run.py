"""Gradient updates per second: our fused and plain updates, and Stable-Baselines3's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sawyer_policies.learners import ALGORITHMS, CONFIGS, make_learner
from sawyer_policies.learners.bench import rivals
from sawyer_policies.learners.replay import ReplayBuffer
from sawyer_policies.learners.sac.config import SacConfig
from sawyer_policies.learners.td3.config import Td3Config
from sawyer_policies.observations import LearnerSpaces

CASES: dict[str, dict[str, Any]] = {
    "usual": {"hidden": (256, 256), "batch_size": 256},
    "training": {"hidden": (128, 128), "batch_size": 128, "critic_layer_norm": True},
}
"""Settings measured: those that libraries are compared with, and those of insertion runs."""
SPACES = {"state": LearnerSpaces(4, None, 3), "image32": LearnerSpaces(0, (32, 32), 3)}
REPLAY = {"state": 100_000, "image32": 10_000}
THREADS = (1, 2)
TURN_S = 0.25
"""Contestants take turns of about so long, so that all see the same machine."""

Contestant = Callable[[int], None]


def run(*, seconds: float = 5.0, threads: Sequence[int] = THREADS) -> dict[str, Any]:
    """Measure everything; on the CPU, and on a GPU where there is one.

    Args:
        seconds: wall time of each contestant in each case.
        threads: intra-op threads of the cases on the CPU.

    Returns:
        One row per case: case, algorithm, observation, device, threads, updates per second of each
        contestant (median over its turns) and ratios (median over the rounds). ``sb3`` is the
        faster of its variants; ``None`` where Stable-Baselines3 is not installed.
    """
    absent = rivals.missing()
    before = torch.get_num_threads()
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    rows = []
    try:
        for device in devices:
            for count in threads if device == "cpu" else (1,):
                torch.set_num_threads(count)
                rows += [
                    measure(case, name, kind, device, count, seconds, with_sb3=not absent)
                    for case in CASES
                    for kind in SPACES
                    for name in ALGORITHMS
                ]
    finally:
        torch.set_num_threads(before)
    return {
        "learners": rows,
        "settings": {
            "cases": {name: dict(changes) for name, changes in CASES.items()},
            "replay_size": REPLAY,
            "spaces": {name: asdict(spaces) for name, spaces in SPACES.items()},
            "seconds_per_contestant": seconds,
        },
        "sb3": _version() if not absent else None,
        "sb3_install": f"not installed: {', '.join(absent)}; {rivals.INSTALL}" if absent else "",
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
    }


def _version() -> str:
    from importlib.metadata import version

    return version("stable_baselines3")


def _content(kind: str) -> dict[str, npt.NDArray[Any]]:
    """Random transitions that fill a replay buffer."""
    rng = np.random.default_rng(0)
    spaces, size = SPACES[kind], REPLAY[kind]
    if spaces.image_shape is None:
        obs, after = rng.standard_normal((2, size, spaces.state_dim), dtype=np.float32)
    else:
        obs, after = rng.integers(0, 256, (2, size, *spaces.image_shape), dtype=np.uint8)
    return {
        "obs": obs,
        "next_obs": after,
        "action": rng.uniform(-1, 1, (size, spaces.action_dim)).astype(np.float32),
        "reward": rng.standard_normal(size, dtype=np.float32),
        "terminal": (rng.uniform(size=size) < 0.02).astype(np.float32),
    }


def _replay(kind: str, content: dict[str, npt.NDArray[Any]], device: str) -> ReplayBuffer:
    spaces = SPACES[kind]
    replay = ReplayBuffer(REPLAY[kind], spaces, device=device)
    parts = [content["action"], content["reward"][:, None], content["terminal"][:, None]]
    if spaces.image_shape is None:
        parts = [content["obs"], parts[0], content["next_obs"], *parts[1:]]
    elif replay.images is not None:
        replay.images.copy_(torch.from_numpy(np.stack([content["obs"], content["next_obs"]], 1)))
    replay.rows.copy_(torch.from_numpy(np.concatenate(parts, axis=1)))
    replay.added = REPLAY[kind]
    return replay


def _config(case: str, name: str) -> SacConfig | Td3Config:
    return CONFIGS[name](**CASES[case])


def measure(
    case: str,
    name: str,
    kind: str,
    device: str,
    threads: int,
    seconds: float,
    *,
    with_sb3: bool,
) -> dict[str, Any]:
    """One case: all contestants in turns, on the same transitions."""
    config, content = _config(case, name), _content(kind)
    replay = _replay(kind, content, device)
    contestants: dict[str, Contestant] = {}
    for label, fast in (("fast", True), ("plain", False)):
        learner = make_learner(name, config, SPACES[kind], seed=0, device=device, fast=fast)
        contestants[label] = lambda n, learner=learner: learner.update_many(replay, n)  # type: ignore[misc]
    if with_sb3:
        variants = {"sb3": False}
        if kind == "image32":
            variants = {"sb3_separate_encoders": False, "sb3_shared_encoder": True}
        for label, shared in variants.items():
            contestants[label] = rivals.make_rival(
                name, config, SPACES[kind], content, device=device, shared=shared
            )
    rates = _turns(contestants, device, seconds)
    return {
        "case": case,
        "algorithm": name,
        "observation": kind,
        "device": device,
        "threads": threads,
        "updates_per_s": {label: statistics.median(found) for label, found in rates.items()},
        "rounds": len(rates["fast"]),
        **_ratios(rates),
    }


def _ratios(rates: dict[str, list[float]]) -> dict[str, float | None]:
    """Fused update over each of the others, round by round, the median of it."""
    found: dict[str, float | None] = {}
    for label, other in rates.items():
        if label != "fast":
            each = [a / b for a, b in zip(rates["fast"], other, strict=True)]
            found[f"fast_over_{label}"] = statistics.median(each)
    against = [v for k, v in found.items() if k.startswith("fast_over_sb3") and v is not None]
    found["fast_over_sb3"] = min(against) if against else None
    return found


def _turns(
    contestants: dict[str, Contestant], device: str, seconds: float
) -> dict[str, list[float]]:
    """Updates per second of each contestant in each round."""
    counts = {}
    for label, step in contestants.items():
        first = 16 if device == "cuda" else 2  # buffers, graphs
        _timed(step, first, device)
        counts[label] = max(2, 2 * round(TURN_S / _timed(step, first, device) * first / 2))
    rounds = max(1, round(seconds / TURN_S))
    rates: dict[str, list[float]] = {label: [] for label in contestants}
    for _ in range(rounds):
        for label, step in contestants.items():
            rates[label].append(counts[label] / _timed(step, counts[label], device))
    return rates


def _timed(step: Contestant, updates: int, device: str) -> float:
    """Wall seconds of so many updates, the GPU's work included."""
    started = time.perf_counter()
    step(updates)
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started
