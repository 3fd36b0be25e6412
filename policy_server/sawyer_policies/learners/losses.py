"""Losses and targets that several learners use."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

LOG_SQRT_2_PI = 0.5 * math.log(2.0 * math.pi)
LOG_2 = math.log(2.0)


def bellman_target(reward: Tensor, terminal: Tensor, next_value: Tensor, gamma: float) -> Tensor:
    """Target r + gamma (1 - d) V(s'), all (B,); d = 0 where time ran out, which so bootstraps."""
    return torch.addcmul(reward, 1.0 - terminal, next_value, value=gamma)


def twin_loss(q: Tensor, target: Tensor) -> Tensor:
    """Sum over the critics (2, B) of the mean squared error to ``target`` (B,)."""
    return (q - target).square().mean(dim=1).sum()


def squashed_log_prob(raw: Tensor, log_std: Tensor, noise: Tensor) -> Tensor:
    """Log density (B,) of a = tanh(raw), raw = mean + exp(log_std) noise, each (B, A).

    log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)), which stays exact at large u.
    """
    gauss = -0.5 * noise.square() - log_std - LOG_SQRT_2_PI
    slope = 2.0 * (LOG_2 - raw - functional.softplus(-2.0 * raw))
    return (gauss - slope).sum(dim=-1)


def clipped_noise_action(mean: Tensor, noise: Tensor, scale: float, limit: float) -> Tensor:
    """TD3's smoothed target action: clip(mean + clip(scale noise, +-limit), -1, 1)."""
    return (mean + (scale * noise).clamp(-limit, limit)).clamp(-1.0, 1.0)


def cloning_loss(policy_action: Tensor, demo_action: Tensor, mask: Tensor) -> Tensor:
    """Mean over N_D of |pi(s_i) - a_i|^2 mask_i (eq. 19): the seed's sum times 1/N_D."""
    return ((policy_action - demo_action).square().sum(dim=-1) * mask).mean()


def q_filter_mask(q_demo: Tensor, q_policy: Tensor) -> Tensor:
    """1 where the critic thinks the demonstrated action better (strictly), else 0."""
    return (q_demo > q_policy).to(q_demo.dtype)


@torch.no_grad()
def polyak_(targets: Sequence[Tensor], sources: Sequence[Tensor], tau: float) -> None:
    """Move the targets: (1 - tau) target + tau source, in place."""
    for target, source in zip(targets, sources, strict=True):
        target.lerp_(source, tau)
