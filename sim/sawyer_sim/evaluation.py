"""Episodes in numbers: any connector, any policy, spread over worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Protocol

import numpy as np

from sawyer_controllers.episode import EpisodeResult, EpisodeSpec
from sawyer_controllers.scripted import PolicyProtocol, make_scripted, scripted_spec
from sawyer_core.errors import ConfigError
from sawyer_core.specs import PolicySpec
from sawyer_sim.connectors import Connector, load_connector
from sawyer_sim.session import InsertionSession, SessionConfig
from sawyer_sim.twin import Twin


class PolicyEntry(Protocol):
    """A policy with its spec, as a registry holds it."""

    @property
    def spec(self) -> PolicySpec:
        """What the policy reads and gives."""

    @property
    def factory(self) -> Callable[[], PolicyProtocol]:
        """Makes a fresh policy."""


PolicyLike = str | PolicyEntry


def policy_and_spec(policy: PolicyLike) -> tuple[PolicySpec, PolicyProtocol]:
    """Spec of a policy, and a fresh instance of it."""
    if isinstance(policy, str):
        return scripted_spec(policy), make_scripted(policy)
    return policy.spec, policy.factory()


def run_episode(
    session: InsertionSession, spec: EpisodeSpec, policy: PolicyProtocol, *, sees: bool = False
) -> EpisodeResult:
    """One episode to its end; ``sees``: the policy is shown the picture of each step."""
    draw = session.begin(spec)
    policy.reset(np.random.default_rng(draw.policy_seed))
    done = False
    while not done:
        image = session.twin.render_policy_view() if sees else None
        done = session.step(policy.action(session.policy_input(image))).done
    return session.result()


def _run_block(
    connector: str | Connector,
    policy: PolicyLike,
    specs: list[EpisodeSpec],
    config: SessionConfig | None,
) -> list[EpisodeResult]:
    policy_spec, instance = policy_and_spec(policy)
    sees = policy_spec.needs_image
    with Twin(connector) as twin:
        session = InsertionSession(twin, config)
        return [run_episode(session, spec, instance, sees=sees) for spec in specs]


def evaluate_gym(
    connector: str | Connector,
    policy: PolicyLike,
    noise_mm: float,
    episodes: int,
    seed: int = 0,
    *,
    workers: int = 1,
    config: SessionConfig | None = None,
) -> list[EpisodeResult]:
    """Results of ``episodes`` episodes with seeds ``seed``, ``seed + 1``, ...

    An episode depends on its seed alone, so the number of workers changes nothing but the time.

    Args:
        connector: its name, or a connector made elsewhere.
        policy: name of a hand-written policy, or a registry entry with ``spec`` and ``factory``.
        noise_mm: half width of the goal perturbation.
        episodes: number of episodes.
        seed: seed of the first one.
        workers: processes; 1 runs in this one.
        config: settings of the parts around the twin.

    Raises:
        UnknownNameError: no such connector or hand-written policy.
        ConfigError: a number out of range, or a policy that was learned for another board.
    """
    if episodes < 1 or workers < 1:
        raise ConfigError("episodes, workers", (episodes, workers), "at least 1 each")
    name = connector if isinstance(connector, str) else connector.name
    load_connector(name)
    policy_spec = scripted_spec(policy) if isinstance(policy, str) else policy.spec
    policy_spec.check_board("insertion", name)
    clip_m = policy_spec.learned_clip_m
    if clip_m is None:  # a hand-written policy states none
        clip_m = EpisodeSpec(connector=name).learned_clip_m
    specs = [
        EpisodeSpec(
            connector=name,
            policy=policy_spec.name,
            base_controller=policy_spec.base_controller,
            noise_mm=float(noise_mm),
            seed=seed + index,
            learned_clip_m=clip_m,
        )
        for index in range(episodes)
    ]
    if min(workers, episodes) == 1:
        return _run_block(connector, policy, specs, config)
    return _run_spread(connector, policy, specs, config, min(workers, episodes))


def _run_spread(
    connector: str | Connector,
    policy: PolicyLike,
    specs: list[EpisodeSpec],
    config: SessionConfig | None,
    workers: int,
) -> list[EpisodeResult]:
    """:func:`_run_block` over processes, results in the order of the specs."""
    blocks = [specs[start::workers] for start in range(workers)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        parts = pool.starmap(
            _run_block, [(connector, policy, block, config) for block in blocks], chunksize=1
        )
    ordered = {
        start + workers * turn: result
        for start, part in enumerate(parts)
        for turn, result in enumerate(part)
    }
    return [ordered[index] for index in range(len(specs))]
