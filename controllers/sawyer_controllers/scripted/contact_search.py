"""Shared by the two searches: descend to first contact, then move under downward pressure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from sawyer_core.config import setting, validate
from sawyer_core.types import Array, PolicyInput


@dataclass(frozen=True)
class ContactConfig:
    """Descent, contact detection and downward pressure."""

    descend_step_m: float = setting(
        0.004,
        unit="m",
        bounds=(1e-4, 0.015),
        doc="downward step before contact",
        source="residual_insertion_daib C.7: 4 mm steps",
    )
    contact_force_n: float = setting(
        4.0, unit="N", bounds=(0.5, 50.0), doc="upward force from which contact counts"
    )
    press_force_n: float = setting(
        8.0,
        unit="N",
        bounds=(0.5, 50.0),
        doc="downward pressure while searching",
        source="residual_insertion_daib C.7: hold f_z of about 8 N",
    )
    press_gain_m_per_n: float = setting(
        0.0005, unit="m/N", bounds=(1e-6, 0.01), doc="vertical step per newton short of pressure"
    )
    press_step_m: float = setting(
        0.004, unit="m", bounds=(1e-4, 0.015), doc="largest vertical step while searching"
    )

    def __post_init__(self) -> None:
        validate(self)


class ContactSearch(ABC):
    """Descends until the force says contact; then a subclass leads sideways.

    Sideways it commands the way from one point of the pattern to the next, not the way from
    where the arm is: a plug held back by friction lags behind, and as the Cartesian reference
    adds displacements up, making the lag good at every step would wind the reference up.
    """

    def __init__(self, contact: ContactConfig) -> None:
        self._contact = contact
        self._in_contact = False
        self._offset_m: Array = np.zeros(2)

    def reset(self, rng: np.random.Generator) -> None:
        """Start from the descent again."""
        self._in_contact = False
        self._offset_m = np.zeros(2)
        self._begin(rng)

    def action(self, observation: PolicyInput) -> Array:
        """(3,) m displacement of this step."""
        force_z = float(observation.force_n[2])
        if not self._in_contact:
            if force_z < self._contact.contact_force_n:
                return np.array([0.0, 0.0, -self._contact.descend_step_m])
            self._in_contact = True
        down = self._contact.press_gain_m_per_n * (self._contact.press_force_n - force_z)
        limit = self._contact.press_step_m
        before, self._offset_m = self._offset_m, self._next_offset()
        sideways = self._offset_m - before
        return np.array([sideways[0], sideways[1], -min(max(down, -limit), limit)])

    @abstractmethod
    def _begin(self, rng: np.random.Generator) -> None:
        """Start the search pattern."""

    @abstractmethod
    def _next_offset(self) -> Array:
        """(2,) m: where to be after this step, relative to the first contact."""
