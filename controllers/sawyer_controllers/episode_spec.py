"""What one episode is to be, and everything that is drawn from its seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sawyer_core.config import setting, validate
from sawyer_core.specs import BASE_CONTROLLERS
from sawyer_core.types import Array, frozen_vector


@dataclass(frozen=True)
class EpisodeSpec:
    """What one episode is to be."""

    connector: str = setting(doc="name of the connector")
    policy: str = setting("p_controller", doc="name of the policy")
    base_controller: str = setting(
        "p_controller", choices=BASE_CONTROLLERS, doc="controller the policy's action is added to"
    )
    noise_mm: float = setting(
        0.0,
        unit="mm",
        bounds=(0.0, 10.0),
        doc="half width of the uniform goal perturbation in x and y",
        source="thesis chapter 9, tables 3 and 4: 0 and 1 mm",
    )
    horizon: int = setting(
        50, bounds=(1, 10_000), doc="steps", source="residual_insertion_daib B.2 [E2]: 50 steps"
    )
    rate_hz: float = setting(
        10.0, unit="Hz", bounds=(1.0, 100.0), doc="step rate", source="thesis chapter 9: 10 Hz"
    )
    seed: int = setting(0, bounds=(0, 2**31 - 1), doc="seed of all draws of the episode")
    learned_clip_m: float = setting(
        0.001,
        unit="m",
        bounds=(0.0, 0.015),
        doc="clip of each component of a learned action that is added to a base",
        source="residual_insertion_daib 5.2: 1 mm for the learned part",
    )
    block_yaw_rad: float = setting(
        0.0,
        unit="rad",
        bounds=(0.0, 0.5),
        doc="r: yaw of each standing block at the reset; blocks only",
        source="thesis chapter 8: 0 to 0.3 rad in simulation, 20 degrees on the arm",
    )
    block_yaw_set: str = setting(
        "uniform",
        choices=("uniform", "discrete"),
        doc="uniform: from U[-r, r]; discrete: one of 0, r, -r; each block independently",
        source="thesis chapter 8: uniform in simulation, discrete on the arm",
    )
    control_sigma: float = setting(
        0.0,
        bounds=(0.0, 1.0),
        doc="standard deviation of the control noise of eq. (46), share of a full learned action",
        source="thesis chapter 8: 0.01 to 0.1; unit: residual_insertion_daib A.6",
    )
    control_mu: float = setting(
        0.0,
        bounds=(-1.0, 1.0),
        doc="mean of the control noise of eq. (46), the same on each axis and in the same unit",
        source="thesis chapter 8: 0 to 0.2 with sigma 0.05",
    )
    max_policy_faults: int = setting(
        3, bounds=(1, 1000), doc="late or unusable policy answers in a row that end the episode"
    )

    def __post_init__(self) -> None:
        validate(self)

    @property
    def period_s(self) -> float:
        """Control period."""
        return 1.0 / self.rate_hz


@dataclass(frozen=True, eq=False)
class EpisodeDraw:
    """Random values of one episode: commanded-goal offset (3,) m, child seeds, yaw of blocks."""

    goal_offset_m: Array
    twin_seed: int
    policy_seed: int
    control_seed: int = 0
    block_yaw_rad: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        vector = frozen_vector("goal_offset_m", self.goal_offset_m, 3)
        object.__setattr__(self, "goal_offset_m", vector)


def draw_episode(spec: EpisodeSpec) -> EpisodeDraw:
    """All draws of an episode from independent children of its seed.

    The perturbation is uniform in x and y, z is exact (residual_insertion_daib B.5).
    """
    children = np.random.SeedSequence(spec.seed).spawn(5)
    perturbation, twin, policy, blocks, control = children
    unit = np.random.default_rng(perturbation).uniform(-1.0, 1.0, 2)
    offset = np.array([unit[0], unit[1], 0.0]) * (spec.noise_mm * 1e-3)
    return EpisodeDraw(
        goal_offset_m=offset + 0.0,
        twin_seed=int(twin.generate_state(1, np.uint32)[0]),
        policy_seed=int(policy.generate_state(1, np.uint32)[0]),
        control_seed=int(control.generate_state(1, np.uint32)[0]),
        block_yaw_rad=_draw_yaw(spec, np.random.default_rng(blocks)),
    )


def _draw_yaw(spec: EpisodeSpec, rng: np.random.Generator) -> tuple[float, ...]:
    """Yaw of the left and the right block; none where no block is to be turned."""
    if spec.block_yaw_rad == 0.0:
        return ()
    if spec.block_yaw_set == "discrete":
        signs = rng.integers(-1, 2, 2).tolist()
        return tuple(float(sign) * spec.block_yaw_rad for sign in signs)
    return tuple(float(x) for x in rng.uniform(-1.0, 1.0, 2) * spec.block_yaw_rad)
