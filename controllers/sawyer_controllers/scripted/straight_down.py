"""Straight down: descend from the start pose (residual_insertion_daib C.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sawyer_core.config import from_mapping, setting, validate
from sawyer_core.types import Array, PolicyInput


@dataclass(frozen=True)
class StraightDownConfig:
    """Settings of the descent."""

    step_m: float = setting(
        0.004,
        unit="m",
        bounds=(1e-4, 0.015),
        doc="downward step",
        source="residual_insertion_daib C.7: 4 mm steps to the horizon",
    )

    def __post_init__(self) -> None:
        validate(self)


class StraightDown:
    """The same downward step every time; no feedback at all."""

    def __init__(self, config: StraightDownConfig | None = None) -> None:
        self.config = StraightDownConfig() if config is None else config

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> StraightDown:
        """Policy from a mapping of settings."""
        return cls(from_mapping(StraightDownConfig, settings))

    def reset(self, rng: np.random.Generator) -> None:
        """Nothing to forget."""

    def action(self, observation: PolicyInput) -> Array:
        """(3,) m: one step down."""
        return np.array([0.0, 0.0, -self.config.step_m])
