"""What varies from episode to episode, drawn from one seed with independent generators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sawyer_sim.connectors import Connector


@dataclass(frozen=True)
class EpisodeDraws:
    """Draws of one episode.

    Attributes:
        grasp_error: x, y, z offset (m) and roll, pitch, yaw (rad) of the plug in the fingers.
        friction: Coulomb coefficient between plug and socket.
        mating_scale: factor on the mating force.
        sensor_seed, camera_seed: children for the sensors.
        object_seed: child for the bodies that stand loose and for their tracker.
    """

    grasp_error: tuple[float, float, float, float, float, float]
    friction: float
    mating_scale: float
    sensor_seed: np.random.SeedSequence
    camera_seed: np.random.SeedSequence
    object_seed: np.random.SeedSequence

    def sensor_rng(self) -> np.random.Generator:
        """Fresh generator of the force and torque sensor."""
        return np.random.default_rng(self.sensor_seed)


def draw_twin_episode(connector: Connector, seed: int) -> EpisodeDraws:
    """Draws of the episode with this seed."""
    children = np.random.SeedSequence(seed).spawn(5)
    grasp_seed, plug_seed, sensor_seed, camera_seed, object_seed = children
    limits = np.array([*connector.grasp.offset_error_m, *connector.grasp.angle_error_rad])
    mean = np.array([*connector.grasp.offset_mean_m, 0.0, 0.0, 0.0])
    error = (mean + np.random.default_rng(grasp_seed).uniform(-limits, limits)).tolist()
    rng = np.random.default_rng(plug_seed)
    plug = connector.plug
    friction = plug.friction * (1.0 + rng.uniform(-plug.friction_scatter, plug.friction_scatter))
    scatter = connector.mating.scatter
    return EpisodeDraws(
        grasp_error=tuple(error),
        friction=float(friction),
        mating_scale=float(1.0 + rng.uniform(-scatter, scatter)),
        sensor_seed=sensor_seed,
        camera_seed=camera_seed,
        object_seed=object_seed,
    )
