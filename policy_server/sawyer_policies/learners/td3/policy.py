"""How TD3 acts: tanh of the mean, Gaussian noise while exploring."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sawyer_policies.held_noise import NormalSource


def noisy_action(mean: Tensor, sigma: float, *, deterministic: bool, rng: NormalSource) -> Tensor:
    """tanh(mean), or clip(tanh(mean) + sigma noise, -1, 1)."""
    action = torch.tanh(mean)
    if deterministic:
        return action
    noise = torch.from_numpy(rng.standard_normal(tuple(mean.shape)).astype(np.float32))
    return (action + sigma * noise.to(mean.device)).clamp(-1.0, 1.0)
