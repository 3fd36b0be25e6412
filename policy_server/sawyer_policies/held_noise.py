"""Noise of exploring actions that is kept for several steps; while training and while served."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Noise = npt.NDArray[np.float64]


class NormalSource(Protocol):
    """Where noise comes from: a generator, or :class:`HeldNoise`."""

    def standard_normal(self, shape: Any, /) -> Noise:
        """Numbers of that shape."""


class HeldNoise:
    """Random numbers that stay the same for some steps of an episode.

    White noise at 10 Hz is averaged out by arm and contact, so that success says little about it;
    an action that is kept has an effect.

    Args:
        rng: where fresh numbers come from.
        hold_steps: draws that give the same numbers.
    """

    def __init__(self, rng: np.random.Generator, hold_steps: int) -> None:
        self._rng, self._hold = rng, hold_steps
        self._kind, self._left = "", 0
        self._kept: Noise = np.zeros(0)

    def restart(self) -> None:
        """An episode begins: the next draw is fresh."""
        self._left = 0

    def standard_normal(self, shape: int | tuple[int, ...]) -> Noise:
        """Normal numbers of this step, mean 0, variance 1."""
        if self._due("normal"):
            self._kept = self._rng.standard_normal(shape)
        return self._kept

    def uniform(self, shape: int | tuple[int, ...]) -> Noise:
        """Numbers of this step, uniform from -1 to 1."""
        if self._due("uniform"):
            self._kept = self._rng.uniform(-1.0, 1.0, shape)
        return self._kept

    def _due(self, kind: str) -> bool:
        due = self._left == 0 or kind != self._kind
        self._left = (self._hold if due else self._left) - 1
        self._kind = kind
        return due
