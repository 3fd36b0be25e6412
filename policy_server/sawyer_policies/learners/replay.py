"""Replay buffer: transitions in two tensors, read with one gather each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sawyer_core.errors import ConfigError, ShapeError
from sawyer_policies.learners import replay_files
from sawyer_policies.learners.batch import Batch, split
from sawyer_policies.observations import LearnerSpaces


class ReplayBuffer:
    """Ring of the last ``capacity`` transitions.

    A row of ``rows`` is ``[state | action | next state | reward | terminal]`` float32;
    ``images`` holds the picture before and after, (capacity, 2, H, W) uint8.

    Args:
        capacity: most transitions kept; memory is taken up as it fills.
        spaces: sizes of observation and action.
        device: where the tensors live.
    """

    def __init__(self, capacity: int, spaces: LearnerSpaces, *, device: str = "cpu") -> None:
        if capacity < 1:
            raise ConfigError("capacity", capacity, "1 or more transitions")
        self.capacity = capacity
        self.spaces = spaces
        self.device = torch.device(device)
        self.added = 0
        n, a = spaces.state_dim, spaces.action_dim
        self.rows = torch.empty((capacity, 2 * n + a + 2), device=self.device)
        self.images: Tensor | None = None
        if spaces.image_shape is not None:
            shape = (capacity, 2, *spaces.image_shape)
            self.images = torch.empty(shape, dtype=torch.uint8, device=self.device)
        self._row = np.empty(self.rows.shape[1], dtype=np.float32)

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(
        self,
        obs: Mapping[str, npt.ArrayLike],
        action: npt.ArrayLike,
        reward: float,
        next_obs: Mapping[str, npt.ArrayLike],
        terminal: bool | float,
    ) -> None:
        """Append one transition; the oldest one goes when the ring is full.

        Raises:
            ShapeError: names the array that does not fit the spaces, or is not finite.
        """
        n, a = self.spaces.state_dim, self.spaces.action_dim
        row = self._row
        if n:
            row[:n] = _vector("obs.state", obs, "state", n)
            row[n + a : 2 * n + a] = _vector("next_obs.state", next_obs, "state", n)
        row[n : n + a] = _vector("action", {"action": action}, "action", a)
        row[2 * n + a] = reward
        row[2 * n + a + 1] = float(terminal)
        if not np.isfinite(row).all():
            raise ShapeError("transition", "values that are not finite", "finite values")
        slot = self.added % self.capacity
        if self.images is not None:
            for half, (name, seen) in enumerate((("obs", obs), ("next_obs", next_obs))):
                picture = self._image(f"{name}.image", seen)
                self.images[slot, half] = torch.from_numpy(picture)
        self.rows[slot] = torch.from_numpy(row)
        self.added += 1

    def _image(self, field: str, obs: Mapping[str, npt.ArrayLike]) -> npt.NDArray[np.uint8]:
        picture = np.asarray(obs["image"]) if "image" in obs else None
        if picture is None or picture.shape != self.spaces.image_shape:
            got = "missing" if picture is None else picture.shape
            raise ShapeError(field, got, self.spaces.image_shape)
        if picture.dtype != np.uint8:
            raise ShapeError(field, picture.dtype, "uint8")
        return np.ascontiguousarray(picture).copy()

    def sample(self, n: int, generator: np.random.Generator) -> Batch:
        """``n`` transitions drawn uniformly, with replacement."""
        return self.gather(self.draw((n,), generator))

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Tensor:
        """Indices of transitions, uniform, with replacement; (2, n) draws as two times (n,) do.

        Raises:
            ConfigError: the buffer is empty.
        """
        if len(self) == 0:
            raise ConfigError("replay", 0, "at least one transition to sample from")
        indices = generator.integers(0, len(self), size=shape)
        return torch.from_numpy(indices).to(self.device, non_blocking=True)

    def gather(self, indices: Tensor) -> Batch:
        """The transitions at ``indices`` (n,) int64."""
        images = None if self.images is None else self.images.index_select(0, indices)
        return split(self.rows.index_select(0, indices), images, self.spaces)

    def save(self, folder: Path) -> None:
        """Write what was added since the last save into ``folder`` and list it there.

        The old content stays valid until the new list replaces it.
        """
        replay_files.save(self, folder)

    @classmethod
    def load(
        cls, folder: Path, spaces: LearnerSpaces | None = None, *, device: str = "cpu"
    ) -> ReplayBuffer:
        """Read what :meth:`save` wrote.

        Raises:
            CheckpointError: a file is missing, cut short or altered, or is of other spaces.
        """
        found = replay_files.read_index(folder, spaces)
        buffer = cls(found.capacity, found.spaces, device=device)
        replay_files.fill(buffer, folder, found)
        return buffer


def _vector(
    field: str, named: Mapping[str, npt.ArrayLike], key: str, length: int
) -> npt.NDArray[Any]:
    if key not in named:
        raise ShapeError(field, "missing", (length,))
    vector = np.asarray(named[key])
    if vector.shape != (length,):
        raise ShapeError(field, vector.shape, (length,))
    return vector
