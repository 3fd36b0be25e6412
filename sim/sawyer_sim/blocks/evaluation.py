"""Episodes of the block assembly in numbers, in this process or spread over worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sawyer_controllers.blocks import BLOCKS_REWARDS, make_blocks_reward
from sawyer_controllers.episode import EpisodeResult, EpisodeSpec
from sawyer_core.config import from_mapping
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_sim.blocks.assembly import BLOCKS_NAMES
from sawyer_sim.boards import load_board_task
from sawyer_sim.evaluation import PolicyLike, policy_and_spec
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin

EPISODE_OPTIONS = ("block_yaw_rad", "block_yaw_set", "control_sigma", "control_mu")


@dataclass(frozen=True)
class BlocksOutcome:
    """One episode.

    Attributes:
        result: its result.
        block_yaw_rad: yaw drawn for the left and the right block, empty for straight.
        episode_return: sum of the rewards; the last one goes on from an early end to the
            horizon, so that short and long episodes compare.
    """

    result: EpisodeResult
    block_yaw_rad: tuple[float, ...]
    episode_return: float


def evaluate_blocks(
    scene: str,
    policy: PolicyLike,
    episodes: int,
    seed: int = 0,
    *,
    options: Mapping[str, Any] | None = None,
    reward: str = "blocks",
    workers: int = 1,
) -> list[BlocksOutcome]:
    """Outcomes of ``episodes`` episodes with seeds ``seed``, ``seed + 1``, ...

    Args:
        scene: name of the block assembly.
        policy: name of a hand-written policy, or a registry entry with ``spec`` and ``factory``.
        episodes: number of episodes.
        seed: seed of the first one.
        options: any of ``EPISODE_OPTIONS``.
        reward: what the returns are made of.
        workers: processes; 1 runs in this one.

    Raises:
        UnknownNameError: scene, reward or an option that does not exist.
        ConfigError: a value that is not allowed, or a policy that was learned for another board.
    """
    if scene not in BLOCKS_NAMES:
        raise UnknownNameError("scene", scene, BLOCKS_NAMES)
    if reward not in BLOCKS_REWARDS:
        raise UnknownNameError("reward", reward, BLOCKS_REWARDS)
    if episodes < 1 or workers < 1:
        raise ConfigError("episodes, workers", (episodes, workers), "at least 1 each")
    for name in options or {}:
        if name not in EPISODE_OPTIONS:
            raise UnknownNameError("option", name, EPISODE_OPTIONS)
    specs = _specs(scene, policy, episodes, seed, options or {})
    workers = min(workers, episodes)
    if workers == 1:
        return run_specs(scene, policy, specs, reward)
    jobs = [(scene, policy, specs[start::workers], reward) for start in range(workers)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        parts = pool.starmap(run_specs, jobs, chunksize=1)
    return [parts[index % workers][index // workers] for index in range(episodes)]


def _specs(
    scene: str, policy: PolicyLike, episodes: int, seed: int, options: Mapping[str, Any]
) -> list[EpisodeSpec]:
    policy_spec, _ = policy_and_spec(policy)
    board = load_board_task(scene)
    policy_spec.check_board(board.kind, scene)
    clip_m = policy_spec.learned_clip_m
    common = {
        "connector": scene,
        "policy": policy_spec.name,
        "base_controller": policy_spec.base_controller,
        "learned_clip_m": board.learned_clip_m if clip_m is None else clip_m,
        **options,
    }
    return [from_mapping(EpisodeSpec, {**common, "seed": seed + n}) for n in range(episodes)]


def run_specs(
    scene: str, policy: PolicyLike, specs: list[EpisodeSpec], reward: str
) -> list[BlocksOutcome]:
    """The episodes of ``specs``, one after the other, on one twin."""
    _, instance = policy_and_spec(policy)
    with Twin(scene) as twin:
        session = InsertionSession(twin)
        score = make_blocks_reward(reward, twin.task)
        outcomes = []
        for spec in specs:
            draw = session.begin(spec)
            instance.reset(np.random.default_rng(draw.policy_seed))
            total, step = 0.0, None
            while step is None or not step.done:
                step = session.step(instance.action(session.policy_input()))
                frame = session.frame
                last = score(frame.arm.ee_position_m, frame.objects)
                total += last
            total += (spec.horizon - step.step) * last
            outcomes.append(BlocksOutcome(session.result(), draw.block_yaw_rad, total))
        return outcomes
