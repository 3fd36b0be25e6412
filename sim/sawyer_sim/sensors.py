"""Sensors of the twin: wrist force and torque, electrical contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sawyer_core.config import setting, validate
from sawyer_core.types import Array
from sawyer_sim.connectors.config import ContactConfig


@dataclass(frozen=True)
class WrenchSensorConfig:
    """Noise and bias of the wrist's force and torque signal."""

    force_noise_n: float = setting(
        0.15, unit="N", bounds=(0.0, 5.0), doc="standard deviation of one 1 kHz sample"
    )
    torque_noise_n_m: float = setting(
        0.005, unit="N m", bounds=(0.0, 1.0), doc="standard deviation of one 1 kHz sample"
    )
    constant_bias_n: float = setting(
        1.5, unit="N", bounds=(0.0, 20.0), doc="bias drawn per episode, uniform within +-"
    )
    joint_torque_bias_n_m: float = setting(
        0.4,
        unit="N m",
        bounds=(0.0, 5.0),
        doc="joint torque offset drawn per episode; through the Jacobian it gives a bias of a "
        "few newtons that changes with the pose",
        source="sawyer_arm 6 [SDK]: the estimate can carry an offset of about 5 N",
    )

    def __post_init__(self) -> None:
        validate(self)


class WrenchSensor:
    """Noise and bias on the wrench, base axes.

    Args:
        config: noise and bias.
        rng: this episode's generator.
    """

    def __init__(self, config: WrenchSensorConfig, rng: np.random.Generator) -> None:
        self._rng = rng
        self._sigma: Array = np.array([config.force_noise_n] * 3 + [config.torque_noise_n_m] * 3)
        limit = config.constant_bias_n
        self._constant: Array = rng.uniform(-limit, limit, 6) * np.array([1.0] * 3 + [0.05] * 3)
        offset = config.joint_torque_bias_n_m
        self._joint_offset: Array = rng.uniform(-offset, offset, 7)

    def bias(self, jacobian: Array) -> Array:
        """(6,) bias at a pose: constant part and joint torque offsets seen at the wrist."""
        gram = jacobian @ jacobian.T + 1e-4 * np.identity(6)
        return self._constant + np.linalg.solve(gram, jacobian @ self._joint_offset)

    def noise(self, samples: int) -> Array:
        """(samples, 6) noise for the coming ticks."""
        drawn: Array = self._rng.standard_normal((samples, 6)) * self._sigma
        return drawn


class ElectricalContact:
    """Alive only while every contact of the plug is deep enough in the socket."""

    def __init__(self, config: ContactConfig) -> None:
        self._points = list(zip(config.x_m, config.y_m, strict=True))
        self.depth_m = config.depth_m

    def overlap_m(self, tip_height_m: float, tilt_row: Sequence[float]) -> float:
        """Depth of the least deep contact beyond what is needed.

        Args:
            tip_height_m: height of the middle of the plug's tip above the mouth.
            tilt_row: first two entries of the last row of the plug's rotation matrix.
        """
        tilt_x, tilt_y = tilt_row
        highest = max([tilt_x * x + tilt_y * y for x, y in self._points])
        return -(tip_height_m + highest) - self.depth_m
