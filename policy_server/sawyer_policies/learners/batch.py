"""A batch of transitions as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sawyer_core.errors import ShapeError
from sawyer_policies.observations import LearnerSpaces

Observations = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Batch:
    """Transitions (s, a, r, s', d) with leading batch axis B.

    Attributes:
        obs: ``state`` (B, n) float32 and ``image`` (B, H, W) uint8, where the spaces have them.
        action: (B, action_dim) float32 in [-1, 1], the policy's own, never the summed command.
        reward: (B,) float32.
        next_obs: like ``obs``.
        terminal: (B,) float32, 1 where the return stops; an episode cut by time has 0.
    """

    obs: Observations
    action: Tensor
    reward: Tensor
    next_obs: Observations
    terminal: Tensor

    def __len__(self) -> int:
        return int(self.action.shape[0])

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.ArrayLike], device: str = "cpu") -> Batch:
        """Batch from what :meth:`as_arrays` gives."""

        def group(prefix: str) -> Observations:
            return {
                name: torch.as_tensor(np.asarray(arrays[f"{prefix}{name}"]), device=device)
                for name in ("state", "image")
                if f"{prefix}{name}" in arrays
            }

        rest = {
            name: torch.as_tensor(np.asarray(arrays[name], dtype=np.float32), device=device)
            for name in ("action", "reward", "terminal")
        }
        return cls(group("obs."), rest["action"], rest["reward"], group("next_obs."),
                   rest["terminal"])  # fmt: skip

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Flat mapping of arrays, ready to be written to a file."""
        tensors = {
            **{f"obs.{name}": value for name, value in self.obs.items()},
            "action": self.action,
            "reward": self.reward,
            **{f"next_obs.{name}": value for name, value in self.next_obs.items()},
            "terminal": self.terminal,
        }
        return {name: np.ascontiguousarray(value.cpu().numpy()) for name, value in tensors.items()}

    def to(self, device: str | torch.device) -> Batch:
        """The same batch on ``device``."""
        return Batch(
            {name: value.to(device) for name, value in self.obs.items()},
            self.action.to(device),
            self.reward.to(device),
            {name: value.to(device) for name, value in self.next_obs.items()},
            self.terminal.to(device),
        )

    def check(self, spaces: LearnerSpaces, field: str = "batch") -> None:
        """Refuse a batch that does not fit ``spaces``.

        Raises:
            ShapeError: names the tensor.
        """
        size = len(self)
        _check(f"{field}.action", self.action, (size, spaces.action_dim), torch.float32)
        _check(f"{field}.reward", self.reward, (size,), torch.float32)
        _check(f"{field}.terminal", self.terminal, (size,), torch.float32)
        for name, obs in (("obs", self.obs), ("next_obs", self.next_obs)):
            for key, shape, dtype in expected_observation(spaces):
                if key not in obs:
                    raise ShapeError(f"{field}.{name}.{key}", "missing", (size, *shape))
                _check(f"{field}.{name}.{key}", obs[key], (size, *shape), dtype)


def expected_observation(
    spaces: LearnerSpaces,
) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
    """Name, shape without the batch axis and type of each tensor of an observation."""
    wanted: list[tuple[str, tuple[int, ...], torch.dtype]] = []
    if spaces.state_dim:
        wanted.append(("state", (spaces.state_dim,), torch.float32))
    if spaces.image_shape is not None:
        wanted.append(("image", tuple(spaces.image_shape), torch.uint8))
    return wanted


def split(rows: Tensor, images: Tensor | None, spaces: LearnerSpaces) -> Batch:
    """Batch over packed transitions, without copying them.

    Args:
        rows: (B, 2 n + a + 2) ``[state | action | next state | reward | terminal]``.
        images: (B, 2, H, W) uint8, before and after; None without a picture.
        spaces: says n and a.
    """
    n, a = spaces.state_dim, spaces.action_dim
    obs: Observations = {}
    next_obs: Observations = {}
    if n:
        obs["state"], next_obs["state"] = rows[:, :n], rows[:, n + a : 2 * n + a]
    if images is not None:
        obs["image"], next_obs["image"] = images[:, 0], images[:, 1]
    return Batch(obs, rows[:, n : n + a], rows[:, 2 * n + a], next_obs, rows[:, 2 * n + a + 1])


def pack(batch: Batch) -> tuple[Tensor, Tensor | None]:
    """Rows and images of a batch, the inverse of :func:`split`."""
    parts = [batch.action, batch.reward[:, None], batch.terminal[:, None]]
    if "state" in batch.obs:
        parts[1:1] = [batch.next_obs["state"]]
        parts.insert(0, batch.obs["state"])
    images = None
    if "image" in batch.obs:
        images = torch.stack([batch.obs["image"], batch.next_obs["image"]], dim=1)
    return torch.cat(parts, dim=1), images


def concatenate(first: Batch, second: Batch) -> Batch:
    """The transitions of ``first``, then those of ``second``."""
    return Batch(
        {name: torch.cat([first.obs[name], second.obs[name]]) for name in first.obs},
        torch.cat([first.action, second.action]),
        torch.cat([first.reward, second.reward]),
        {name: torch.cat([first.next_obs[name], second.next_obs[name]]) for name in first.obs},
        torch.cat([first.terminal, second.terminal]),
    )


def _check(field: str, tensor: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    if tuple(tensor.shape) != shape or tensor.dtype != dtype:
        raise ShapeError(field, f"{tuple(tensor.shape)} {tensor.dtype}", f"{shape} {dtype}")
