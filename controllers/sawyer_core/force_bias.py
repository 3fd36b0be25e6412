"""Force bias: mean of the force at rest, refused when the arm moves or the force is not steady.

Before each rollout the force is zeroed, to remove the sensor's bias and its dependence on the
pose (thesis chapter 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_core.config import setting, validate
from sawyer_core.errors import CalibrationError
from sawyer_core.types import N_JOINTS, Array, frozen_vector


@dataclass(frozen=True)
class ForceBiasConfig:
    """How many samples, how still, how steady."""

    samples: int = setting(
        5,
        bounds=(2, 100_000),
        doc="samples to average: 0.5 s at the 10 Hz of the lockstep graph",
        source="residual_insertion_daib B.5: average 0.5 s",
    )
    max_speed_rad_per_s: float = setting(
        0.01,
        unit="rad/s",
        bounds=(1e-4, 1.0),
        doc="a sample taken while a joint is faster starts the average anew",
        source="residual_insertion_daib B.5: 0.01 rad/s",
    )
    max_std_n: float = setting(
        1.0,
        unit="N",
        bounds=(1e-3, 100.0),
        doc="largest standard deviation of each component",
        source="residual_insertion_daib B.5: abort above 1 N",
    )
    max_attempts: int = setting(
        200, bounds=(2, 1_000_000), doc="samples offered, good or not, before giving up"
    )

    def __post_init__(self) -> None:
        validate(self)


class ForceBiasEstimator:
    """Feed it samples until it is done or has failed; it has no clock and never waits."""

    def __init__(self, config: ForceBiasConfig | None = None) -> None:
        self.config = ForceBiasConfig() if config is None else config
        self.reset()

    def reset(self) -> None:
        """Start a new calibration."""
        self._samples: list[Array] = []
        self._offered = 0
        self._failure = ""

    @property
    def done(self) -> bool:
        """Enough still and finite samples, steady enough."""
        return len(self._samples) >= self.config.samples and not self._failure

    @property
    def failed(self) -> bool:
        """The calibration cannot be trusted; :attr:`message` says why."""
        return bool(self._failure)

    @property
    def message(self) -> str:
        """Why the calibration failed, empty if it did not."""
        return self._failure

    @property
    def count(self) -> int:
        """Good samples so far."""
        return len(self._samples)

    def add(self, force_n: npt.ArrayLike, joint_speeds_rad_per_s: npt.ArrayLike) -> bool:
        """Offer a raw force sample (3,) N with the joint speeds (7,) of the same time.

        Returns:
            True if it was taken. Motion discards what had been collected.
        """
        if self.done or self.failed:
            return False
        self._offered += 1
        force = frozen_vector("force_n", force_n, 3)
        speeds = frozen_vector("joint_speeds_rad_per_s", joint_speeds_rad_per_s, N_JOINTS)
        still = bool((np.abs(speeds) < self.config.max_speed_rad_per_s).all())
        taken = still and bool(np.isfinite(force).all())
        if taken:
            self._samples.append(force)
            self._check_spread()
        elif not still:
            self._samples.clear()
        if not self.done and not self._failure and self._offered >= self.config.max_attempts:
            self._failure = (
                f"{self._offered} samples offered, {len(self._samples)} of "
                f"{self.config.samples} taken: the arm does not stand still"
            )
        return taken

    def _check_spread(self) -> None:
        if len(self._samples) < self.config.samples:
            return
        spread = self.std_n
        if bool((spread > self.config.max_std_n).any()):
            self._failure = (
                f"standard deviation {spread.round(3).tolist()} N, allowed "
                f"{self.config.max_std_n:g} N"
            )

    @property
    def std_n(self) -> Array:
        """(3,) N standard deviation of the samples so far."""
        if len(self._samples) < 2:
            return frozen_vector("std_n", np.zeros(3), 3)
        return frozen_vector("std_n", np.std(self._samples, axis=0, ddof=1), 3)

    @property
    def bias(self) -> Array:
        """(3,) N mean force, read-only.

        Raises:
            CalibrationError: not done yet, or failed.
        """
        if not self.done:
            raise CalibrationError(
                self._failure
                or f"force bias not ready: {len(self._samples)} of {self.config.samples} samples"
            )
        return frozen_vector("bias", np.mean(self._samples, axis=0), 3)
