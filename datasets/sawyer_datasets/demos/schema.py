"""What a demonstration holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sawyer_core.errors import ConfigError, ShapeError
from sawyer_core.specs import EE_POSITION, FORCE, GOAL_POSITION, IMAGE_32, ArraySpec

_INSERTED = ArraySpec("inserted", (), dtype="uint8", doc="1: the insertion sensor's signal")
_ACTION = ArraySpec(
    "action",
    (3,),
    dtype="float32",
    low=-1.0,
    high=1.0,
    doc="the policy's own action; times action_scale_m it is a displacement in m, frame base",
)

ARRAYS: Final[Mapping[str, ArraySpec]] = {
    spec.name: spec for spec in (EE_POSITION, GOAL_POSITION, FORCE, IMAGE_32, _INSERTED, _ACTION)
}
"""Shape is that of one row; all arrays but ``action`` have one row more than there are steps."""


@dataclass(frozen=True, eq=False)
class DemoEpisode:
    """One demonstrated insertion of T steps.

    Attributes:
        seed: of the episode on the twin; 0 where a robot was led by hand.
        success: whether the plug was in at the end.
        arrays: by the names of ``ARRAYS``: (T + 1, ...) what was seen, and (T, 3) ``action``.
        details: further figures, JSON-able.
    """

    seed: int
    success: bool
    arrays: Mapping[str, NDArray[Any]]
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frozen = {}
        for name in (*ARRAYS, *self.arrays):
            if name not in ARRAYS:
                raise ShapeError(name, "an array", "one of " + ", ".join(ARRAYS))
            if name not in self.arrays:
                raise ShapeError(name, "missing", ARRAYS[name].shape)
            frozen[name] = self._checked(ARRAYS[name], np.asarray(self.arrays[name]))
        object.__setattr__(self, "arrays", frozen)
        if self.steps < 1:
            raise ConfigError("steps", self.steps, "1 or more")

    @property
    def steps(self) -> int:
        """Number of actions."""
        return int(np.asarray(self.arrays["action"]).shape[0])

    def _checked(self, spec: ArraySpec, array: NDArray[Any]) -> NDArray[Any]:
        rows = self.steps + (spec.name != "action")
        if array.shape != (rows, *spec.shape) or array.dtype != np.dtype(spec.dtype):
            got, wanted = (array.shape, str(array.dtype)), ((rows, *spec.shape), spec.dtype)
            raise ShapeError(spec.name, got, wanted)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ConfigError(spec.name, "values that are not finite", "finite numbers")
        if spec.low is not None and spec.high is not None and array.size:
            low, high = float(array.min()), float(array.max())
            if low < spec.low or high > spec.high:
                raise ConfigError(spec.name, (low, high), f"from {spec.low:g} to {spec.high:g}")
        array = np.ascontiguousarray(array).copy()
        array.flags.writeable = False
        return array


@dataclass(frozen=True)
class DemoInfo:
    """Where a set comes from and how its actions are to be read.

    Attributes:
        connector: name of the connector.
        action_scale_m: displacement of a full action.
        base_controller: added to the action when it was recorded; ``none``: u_h = 0.
        rate_hz: actions per second.
        noise_mm: half width of the goal noise in x and y.
        horizon: most steps of an episode.
        source: who demonstrated, e.g. ``scripted expert with noise``.
        provenance: command, seeds, attempts, git commit, settings of the expert.
    """

    connector: str
    action_scale_m: float
    base_controller: str = "none"
    rate_hz: float = 10.0
    noise_mm: float = 0.0
    horizon: int = 50
    source: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.connector or not isinstance(self.connector, str):
            raise ConfigError("connector", self.connector, "a name")
        for name in ("action_scale_m", "rate_hz"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0.0 < value < np.inf:
                raise ConfigError(name, value, "a number above 0")


@dataclass(frozen=True, eq=False)
class DemoSet:
    """Demonstrations of one connector."""

    info: DemoInfo
    episodes: tuple[DemoEpisode, ...]

    def __post_init__(self) -> None:
        if not self.episodes:
            raise ConfigError("episodes", 0, "1 or more")

    @property
    def transitions(self) -> int:
        """Number of actions in all episodes."""
        return sum(episode.steps for episode in self.episodes)
