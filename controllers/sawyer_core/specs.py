"""Specs: which arrays a policy reads and which action it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ConfigError, ShapeError


@dataclass(frozen=True)
class ArraySpec:
    """One named array: shape, element type, unit, frame and (optional) element bounds."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float64"
    unit: str = ""
    frame: str = ""
    low: float | None = None
    high: float | None = None
    doc: str = ""

    def check(self, value: npt.ArrayLike) -> npt.NDArray[Any]:
        """``value`` as an array, refused if shape, type or range differ from the spec."""
        array = np.asarray(value)
        if array.shape != self.shape:
            raise ShapeError(self.name, array.shape, self.shape)
        wanted = np.dtype(self.dtype)
        if array.dtype != wanted:
            if not np.can_cast(array.dtype, wanted, casting="same_kind"):
                raise ShapeError(self.name, str(array.dtype), self.dtype)
            array = array.astype(wanted)
        if wanted.kind == "f" and not np.isfinite(array).all():
            raise ConfigError(self.name, array.tolist(), "finite numbers")
        if self.low is not None and (array < self.low).any():
            raise ConfigError(self.name, array.tolist(), f"at least {self.low:g} {self.unit}")
        if self.high is not None and (array > self.high).any():
            raise ConfigError(self.name, array.tolist(), f"at most {self.high:g} {self.unit}")
        return array


@dataclass(frozen=True)
class ObservationSpec:
    """The arrays a policy reads, by name."""

    arrays: tuple[ArraySpec, ...]

    def names(self) -> tuple[str, ...]:
        """Names of the arrays, in order."""
        return tuple(spec.name for spec in self.arrays)

    def check(self, values: Mapping[str, npt.ArrayLike]) -> dict[str, npt.NDArray[Any]]:
        """The arrays of the spec out of ``values``; a missing one is refused."""
        checked = {}
        for spec in self.arrays:
            if spec.name not in values:
                raise ShapeError(spec.name, "missing", spec.shape)
            checked[spec.name] = spec.check(values[spec.name])
        return checked


@dataclass(frozen=True)
class ActionSpec:
    """The action: by default a displacement of the end effector in base axes."""

    array: ArraySpec = field(
        default_factory=lambda: ArraySpec(
            name="ee_displacement",
            shape=(3,),
            unit="m",
            frame="base",
            doc="relative displacement of right_gripper_tip",
        )
    )

    def check(self, value: npt.ArrayLike) -> npt.NDArray[Any]:
        """``value`` as an array, refused if it does not fit."""
        return self.array.check(value)


BASE_CONTROLLERS = ("p_controller", "none")


@dataclass(frozen=True)
class PolicySpec:
    """What a policy server says about one of its policies.

    ``base_controller`` names the controller that the episode core adds to the policy's action;
    ``version`` says which of a learned policy's weights are meant, empty for a hand-written one.
    ``task`` and ``connector`` are those it was learned for, empty where it takes any.
    """

    name: str
    observation: ObservationSpec
    action: ActionSpec
    rate_hz: float
    base_controller: str
    description: str
    version: str = ""
    task: str = ""
    connector: str = ""

    def __post_init__(self) -> None:
        if self.base_controller not in BASE_CONTROLLERS:
            raise ConfigError(
                "PolicySpec.base_controller",
                self.base_controller,
                "one of " + ", ".join(BASE_CONTROLLERS),
            )

    def check_board(self, kind: str, connector: str) -> None:
        """Refuse the policy on a board that it was not learned for; see :func:`check_board`."""
        check_board(self.name, self.task, self.connector, kind=kind, board=connector)

    @property
    def learned_clip_m(self) -> float | None:
        """Bound of each component of the action, m; None where the policy states none."""
        return self.action.array.high

    @property
    def needs_image(self) -> bool:
        """Whether the policy sees the picture."""
        return IMAGE_32.name in self.observation.names()


def check_board(policy: str, task: str, connector: str, *, kind: str, board: str) -> None:
    """Refuse a policy on a board that it was not learned for.

    Args:
        policy: its name.
        task: that it was learned for, empty for any.
        connector: that it was learned for, empty for any.
        kind: of the board's task: ``insertion`` or ``blocks``.
        board: the board's connector.

    Raises:
        ConfigError: names policy, its connector and the board's.
    """
    if (task and task != kind) or (connector and connector != board):
        learned = connector or task
        raise ConfigError(
            "policy", policy, f"one for the board {board}, this one was learned for {learned}"
        )


EE_POSITION = ArraySpec("ee_position", (3,), unit="m", frame="base", doc="measured position")
GOAL_POSITION = ArraySpec("goal_position", (3,), unit="m", frame="base", doc="commanded goal")
FORCE = ArraySpec("force", (3,), unit="N", frame="base", doc="bias-free force on the plug")
OBJECT_STATE = ArraySpec(
    "object_state",
    (10,),
    unit="m, rad",
    frame="base",
    doc="left, then right standing block: position relative to its home (3), yaw relative to its "
    "home, tilt of its axis from the vertical",
)
IMAGE_32 = ArraySpec("image", (32, 32), dtype="uint8", doc="gray policy view")
