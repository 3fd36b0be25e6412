"""The base controller alone: a policy whose learned action is zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sawyer_core.errors import UnknownNameError
from sawyer_core.types import Array, PolicyInput


class BasePolicy:
    """pi_theta = 0; the episode core adds the base controller's action."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> BasePolicy:
        """Policy from settings; it has none."""
        for name in settings:
            raise UnknownNameError("setting of BasePolicy", name, ())
        return cls()

    def reset(self, rng: np.random.Generator) -> None:
        """Nothing to forget."""

    def action(self, observation: PolicyInput) -> Array:
        """(3,) zeros."""
        return np.zeros(3)
