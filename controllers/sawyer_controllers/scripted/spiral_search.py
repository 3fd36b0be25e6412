"""Spiral search: an Archimedean spiral around the first contact (residual_insertion_daib C.7)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sawyer_controllers.scripted.contact_search import ContactConfig, ContactSearch
from sawyer_core.config import from_mapping, setting, validate
from sawyer_core.types import Array


@dataclass(frozen=True)
class SpiralSearchConfig:
    """Settings of the spiral."""

    pitch_m: float = setting(
        0.001,
        unit="m",
        bounds=(1e-4, 0.01),
        doc="distance of neighbouring turns",
        source="residual_insertion_daib C.7: pitch 1 mm",
    )
    step_m: float = setting(
        0.002,
        unit="m",
        bounds=(1e-4, 0.01),
        doc="length of path per step",
        source="residual_insertion_daib C.7: about 2 mm per step",
    )
    max_radius_m: float = setting(
        0.01, unit="m", bounds=(1e-3, 0.05), doc="start again from the centre beyond this radius"
    )
    contact: ContactConfig = field(default_factory=ContactConfig)

    def __post_init__(self) -> None:
        validate(self)


def spiral_length(angle_rad: float, pitch_m: float) -> float:
    """Length, m, of r = pitch * angle / 2 pi from the centre to ``angle_rad``."""
    a = pitch_m / (2.0 * math.pi)
    return 0.5 * a * (angle_rad * math.hypot(1.0, angle_rad) + math.asinh(angle_rad))


def spiral_point(length_m: float, pitch_m: float) -> Array:
    """(2,) m: the point of the spiral after ``length_m`` of path.

    >>> spiral_point(0.0, 0.001).tolist()
    [0.0, 0.0]
    """
    a = pitch_m / (2.0 * math.pi)
    angle = math.sqrt(2.0 * length_m / a)
    for _ in range(50):  # Newton; the length grows monotonically with the angle
        change = (length_m - spiral_length(angle, pitch_m)) / (a * math.hypot(1.0, angle))
        angle += change
        if abs(change) < 1e-12 * max(1.0, angle):
            break
    radius = a * angle
    return np.array([radius * math.cos(angle), radius * math.sin(angle)])


class SpiralSearch(ContactSearch):
    """r = pitch * angle / 2 pi, walked in steps of equal length, outwards."""

    def __init__(self, config: SpiralSearchConfig | None = None) -> None:
        self.config = SpiralSearchConfig() if config is None else config
        super().__init__(self.config.contact)
        turns = self.config.max_radius_m / self.config.pitch_m
        self._longest_m = spiral_length(2.0 * math.pi * turns, self.config.pitch_m)
        self._length_m = 0.0

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> SpiralSearch:
        """Policy from a mapping of settings."""
        return cls(from_mapping(SpiralSearchConfig, settings))

    def _begin(self, rng: np.random.Generator) -> None:
        self._length_m = 0.0

    def _next_offset(self) -> Array:
        self._length_m += self.config.step_m
        if self._length_m > self._longest_m:
            self._length_m = 0.0
        return spiral_point(self._length_m, self.config.pitch_m)
