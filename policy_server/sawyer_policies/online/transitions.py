"""Transitions as the graph reports them, one step at a time, and how they make an episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ConfigError

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class StepRecord:
    """One whole transition.

    Attributes:
        episode: number of the episode within the run.
        step: number of the step within the episode.
        stamp_ns: of the state acted on.
        next_stamp_ns: of the state after it.
        seen: named arrays of the state acted on (``ee_position``, ``goal_position``, ``force``,
            where there are such also ``image`` and ``object_state``).
        after: the same of the state after it.
        action: (3,) float32 in [-1, 1], the policy's own as it was executed.
        reward: of the state after it.
        terminal: the episode ended here for good.
        truncated: its time was up.
        version: of the weights that acted.
        held: a fault put a hold in the command's place, so the action is not what was done.
    """

    episode: int
    step: int
    stamp_ns: int
    next_stamp_ns: int
    seen: Arrays
    after: Arrays
    action: npt.NDArray[np.float32]
    reward: float
    terminal: bool = False
    truncated: bool = False
    version: str = ""
    held: bool = False

    @property
    def ended(self) -> bool:
        """Whether it is the last step of its episode."""
        return self.terminal or self.truncated


@dataclass(frozen=True)
class EpisodeEnd:
    """How an episode ended.

    Attributes:
        episode: its number.
        steps: how many there were.
        valid: whether it counts; what a fault cut short is not learned from.
        stamp_ns: of its last state.
        result: JSON-able figures: ``success``, ``reason``, ``final_distance_m``, ...
    """

    episode: int
    steps: int
    valid: bool
    stamp_ns: int
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RecordedEpisode:
    """A whole episode."""

    steps: tuple[StepRecord, ...]
    end: EpisodeEnd


def own_action(learned_m: npt.ArrayLike, scale_m: float) -> npt.NDArray[np.float32]:
    """The policy's own action in [-1, 1] out of what it added, in metres.

    >>> own_action([0.0005, 0.0, -0.001], 0.001)
    array([ 0.5,  0. , -1. ], dtype=float32)
    """
    if scale_m <= 0.0:
        raise ConfigError("action_scale_m", scale_m, "above 0")
    action = np.asarray(learned_m, dtype=np.float64) / scale_m
    return np.clip(action, -1.0, 1.0).astype(np.float32)


class EpisodeAssembler:
    """Puts steps together to episodes; what does not follow on the step before is left out.

    A first step begins anew, so an episode that is run again replaces what was there of it.
    """

    def __init__(self) -> None:
        self._steps: list[StepRecord] = []

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """Steps of the running episode so far."""
        return tuple(self._steps)

    def add(self, step: StepRecord) -> bool:
        """Take a step; False if it does not belong to the running episode or is there already."""
        if step.step == 0:
            if self._steps and self._steps[0].stamp_ns == step.stamp_ns:
                return False
            self._steps = [step]
            return True
        last = self._steps[-1] if self._steps else None
        if last is None or last.ended or last.episode != step.episode:
            return False
        if step.step != last.step + 1 or step.stamp_ns != last.next_stamp_ns:
            return False
        self._steps.append(step)
        return True

    def whole(self, end: EpisodeEnd) -> tuple[StepRecord, ...] | None:
        """All steps of the episode that ended so, None while some are missing."""
        steps = self._steps
        if not steps or steps[0].episode != end.episode or len(steps) != end.steps:
            return None
        last = steps[-1]
        return tuple(steps) if last.ended and last.next_stamp_ns == end.stamp_ns else None

    def began_after(self, stamp_ns: int) -> bool:
        """Whether the running episode began after that: its end is not that of this one."""
        return bool(self._steps) and self._steps[0].stamp_ns >= stamp_ns

    def clear(self) -> None:
        """Forget the running episode."""
        self._steps = []
