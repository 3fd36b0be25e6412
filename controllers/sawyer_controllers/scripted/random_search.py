"""Random search: random positions around the first contact (residual_insertion_daib C.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sawyer_controllers.scripted.contact_search import ContactConfig, ContactSearch
from sawyer_core.config import from_mapping, setting, validate
from sawyer_core.types import Array


@dataclass(frozen=True)
class RandomSearchConfig:
    """Settings of the random search."""

    positions: int = setting(
        5,
        bounds=(1, 1000),
        doc="positions per round; a new round is drawn when all are visited",
        source="thesis chapter 10: 5 random positions",
    )
    range_m: float = setting(
        0.01,
        unit="m",
        bounds=(1e-4, 0.05),
        doc="positions are uniform within plus and minus this, x and y",
        source="residual_insertion_daib C.7: U[-10, 10] mm",
    )
    steps_each: int = setting(
        2, bounds=(1, 100), doc="steps per position", source="residual_insertion_daib C.7: 2 steps"
    )
    contact: ContactConfig = field(default_factory=ContactConfig)

    def __post_init__(self) -> None:
        validate(self)


class RandomSearch(ContactSearch):
    """Visits random positions around the first contact, a few steps each."""

    def __init__(self, config: RandomSearchConfig | None = None) -> None:
        self.config = RandomSearchConfig() if config is None else config
        super().__init__(self.config.contact)
        self._rng = np.random.default_rng(0)
        self._targets: list[Array] = []
        self._step = 0

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> RandomSearch:
        """Policy from a mapping of settings."""
        return cls(from_mapping(RandomSearchConfig, settings))

    def _begin(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._targets = []
        self._step = 0

    def _next_offset(self) -> Array:
        index, left = divmod(self._step, self.config.steps_each)
        if index >= len(self._targets):
            span = self.config.range_m
            self._targets.extend(self._rng.uniform(-span, span, (self.config.positions, 2)))
        self._step += 1
        start = self._targets[index - 1] if index else np.zeros(2)
        share = (left + 1) / self.config.steps_each
        offset: Array = start + share * (self._targets[index] - start)
        return offset
