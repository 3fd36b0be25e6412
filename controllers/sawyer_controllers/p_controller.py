"""Hand-designed P-controller of thesis chapter 9, eq. (50)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sawyer_core.config import setting, validate
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import Array


@dataclass(frozen=True)
class PControllerConfig:
    """Gains of eq. (50)."""

    gains: tuple[float, ...] = setting(
        (1.0, 1.0, 0.3),
        length=3,
        bounds=(0.0, 2.0),
        doc="k_p per axis, share of the error covered in one step",
        source="thesis chapter 9, eq. (50): kp = [1, 1, 0.3]",
    )

    def __post_init__(self) -> None:
        validate(self)


class PController:
    """pi_H(s_t) = -k_p * (x_t - x*): a displacement per step.

    >>> PController().action([0.6, 0.1, 0.05], [0.6, 0.1, 0.0]).round(6).tolist()
    [0.0, 0.0, -0.015]
    """

    def __init__(self, config: PControllerConfig | None = None) -> None:
        self.config = PControllerConfig() if config is None else config
        self._gains: Array = np.array(self.config.gains)

    @classmethod
    def of_task(
        cls, task: InsertionTask, otherwise: PControllerConfig | None = None
    ) -> PController:
        """With the task's own gains, where it has some, else those of ``otherwise``."""
        return cls(PControllerConfig(task.base_gains) if task.base_gains else otherwise)

    def action(self, ee_position_m: npt.ArrayLike, goal_position_m: npt.ArrayLike) -> Array:
        """(3,) m displacement towards the commanded goal, base axes."""
        x = np.asarray(ee_position_m, dtype=np.float64)
        x_star = np.asarray(goal_position_m, dtype=np.float64)
        displacement: Array = -self._gains * (x - x_star) + 0.0  # + 0.0: no negative zeros
        return displacement
