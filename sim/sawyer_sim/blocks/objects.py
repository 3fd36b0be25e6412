"""Two standing blocks in the world, and the object tracker that looks at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sawyer_core.errors import ConfigError
from sawyer_core.types import Array
from sawyer_sim.blocks.config import BlocksConfig
from sawyer_sim.board import LooseBody

if TYPE_CHECKING:
    from sawyer_sim.world import World

MAX_YAW_RAD = 0.5  # further round, "left face" and "front face" would change places


def yaw_and_tilt(quat_xyzw: Sequence[float]) -> tuple[float, float]:
    """Heading of the body's x axis and angle of its z axis from the vertical, rad.

    >>> yaw_and_tilt((0.0, 0.0, 0.0, 1.0))
    (0.0, 0.0)
    """
    x, y, z, w = quat_xyzw
    yaw = math.atan2(2.0 * (x * y + w * z), 1.0 - 2.0 * (y * y + z * z))
    across = math.hypot(2.0 * (x * z + w * y), 2.0 * (y * z - w * x))
    return yaw, math.atan2(across, 1.0 - 2.0 * (x * x + y * y))


class StandingBlocks:
    """Left and right block of one episode.

    Args:
        bodies: left, right.
        config: masses, friction, tracker.
        world: where they stand from now on.
        seed: of mass, friction, place and tracker noise.
        yaw_rad: yaw of each, None for straight.

    Raises:
        ConfigError: not one yaw per block, or one beyond the range.
    """

    def __init__(
        self,
        bodies: Sequence[LooseBody],
        config: BlocksConfig,
        world: World,
        seed: np.random.SeedSequence,
        yaw_rad: Sequence[float] | None,
    ) -> None:
        yaws = [0.0] * len(bodies) if yaw_rad is None or len(yaw_rad) == 0 else list(yaw_rad)
        if len(yaws) != len(bodies) or any(not abs(yaw) <= MAX_YAW_RAD for yaw in yaws):
            allowed = f"{len(bodies)} angles within +-{MAX_YAW_RAD:g} rad"
            raise ConfigError("object_yaw_rad", yaws, allowed)
        self._world = world
        self._tracker = config.tracker
        self._noise_seed = int(seed.generate_state(1)[0])
        rng = np.random.default_rng(seed)
        standing = config.standing
        mouth = np.array(world.mouth_position_m)
        self._homes: list[Array] = []
        for body, yaw in zip(bodies, yaws, strict=True):
            mass, friction = 1.0 + rng.uniform(-1.0, 1.0, 2) * (
                standing.mass_scatter,
                standing.friction_scatter,
            )
            dx, dy = rng.uniform(-1.0, 1.0, 2) * standing.placement_m
            world.add_loose(
                body,
                (float(dx), float(dy), 0.0),
                float(yaw),
                mass_kg=float(body.mass_kg * mass),
                friction=float(standing.friction * friction),
            )
            self._homes.append(mouth + np.array(body.position_m))
        self._seen: list[tuple[int, Array]] = []

    def state(self) -> Array:
        """(10,) truth: position from home (3), yaw, tilt of the left block, then of the right."""
        rows = []
        for (position, quat), home in zip(self._world.loose_poses(), self._homes, strict=True):
            rows.append([*(np.array(position) - home).tolist(), *yaw_and_tilt(quat)])
        state: Array = np.array(rows, dtype=np.float64).reshape(-1)
        return state

    def track(self, tick: int) -> Array:
        """(10,) what the tracker says at a tick: the truth, late and noisy."""
        config = self._tracker
        if not self._seen or self._seen[-1][0] < tick:
            self._seen.append((tick, self.state()))
        while len(self._seen) > 1 and self._seen[1][0] <= tick - config.latency_ticks:
            self._seen.pop(0)
        taken, truth = self._seen[0]
        sigma = np.array([*[config.position_noise_m] * 3, *[config.angle_noise_rad] * 2] * 2)
        if not sigma.any():
            return np.array(truth)
        rng = np.random.default_rng([self._noise_seed, taken])
        noisy: Array = truth + rng.standard_normal(truth.size) * sigma
        return noisy

    def poses(self) -> list[float]:
        """True position and quaternion xyzw of each block, flat."""
        return [
            float(value)
            for position, quat in self._world.loose_poses()
            for value in (*position, *quat)
        ]
