"""How SAC acts: tanh of a Gaussian."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sawyer_policies.held_noise import NormalSource


def gaussian_action(
    mean: Tensor, log_std: Tensor, *, deterministic: bool, rng: NormalSource
) -> Tensor:
    """tanh(mean), or tanh(mean + std noise) with ``rng.standard_normal((B, A))``."""
    if deterministic:
        return torch.tanh(mean)
    noise = torch.from_numpy(rng.standard_normal(tuple(mean.shape)).astype(np.float32))
    return torch.tanh(mean + log_std.exp() * noise.to(mean.device))
