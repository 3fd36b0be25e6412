"""Soft actor-critic, one update written out with autograd."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sawyer_policies.held_noise import NormalSource
from sawyer_policies.learners import losses
from sawyer_policies.learners.base import LearnerConfig, Metrics, OffPolicyLearner
from sawyer_policies.learners.batch import Batch
from sawyer_policies.learners.optim import PlainAdam
from sawyer_policies.learners.sac.config import SacConfig
from sawyer_policies.learners.sac.policy import gaussian_action
from sawyer_policies.observations import LearnerSpaces


class SacLearner(OffPolicyLearner):
    """SAC (digest B.3); see README.md of this folder for metrics and deviations.

    All gradients of an update are taken at the same parameters, then every optimiser steps.
    """

    NAME = "sac"
    HEAD = "gaussian"
    NOISE_SETS = 2  # next action, then present action

    def __init__(
        self, config: SacConfig, spaces: LearnerSpaces, *, seed: int, device: str = "cpu"
    ) -> None:
        self.config = config
        self.LOG_STD_BOUNDS = (config.log_std_min, config.log_std_max)
        self.target_entropy = config.target_entropy_per_dim * spaces.action_dim
        super().__init__(config, spaces, seed=seed, device=device)

    @property
    def _config(self) -> SacConfig:
        return self.config

    def _build(self, config: LearnerConfig) -> None:
        super()._build(config)
        if self.config.zero_init:
            self.policy.zero_last_layer(self.config.init_log_std)
        start = torch.full((), math.log(self.config.init_alpha), device=self.device)
        self.log_alpha = torch.nn.Parameter(start)

    def _make_optimisers(self, config: LearnerConfig) -> dict[str, Any]:
        alpha = PlainAdam([("log_alpha", self.log_alpha)], self.config.alpha_lr)
        return {**super()._make_optimisers(config), "alpha": alpha}

    def _tensors(self) -> dict[str, Tensor]:
        return {**super()._tensors(), "log_alpha": self.log_alpha}

    def act(
        self,
        obs_batch: Mapping[str, npt.ArrayLike],
        *,
        deterministic: bool,
        rng: NormalSource,
    ) -> npt.NDArray[np.float32]:
        """Actions (B, action_dim) in [-1, 1]; all chance comes from ``rng``."""
        mean, log_std = self._raw_action(obs_batch)
        action = gaussian_action(mean, log_std, deterministic=deterministic, rng=rng)
        return np.asarray(action.cpu().numpy(), dtype=np.float32)

    def _step(self, batch: Batch, noise: Tensor, demos: int, update_actor: bool) -> Metrics:
        target = self._target(batch, noise[0])
        code = self.critic.code(batch.obs)  # (B, inputs)
        q = self.critic(code, batch.action)  # (2, B)
        critic_loss = losses.twin_loss(q, target)
        metrics: Metrics = {
            "critic_loss": critic_loss.detach(),
            "q_mean": q.detach().mean(),
            "target_mean": target.mean(),
        }
        critic = self.optimisers["critic"]
        steps = [(critic, torch.autograd.grad(critic_loss, critic.parameters))]
        delayed = (self.updates + 1) % self.config.policy_delay == 0
        if update_actor and delayed:
            loss, log_prob = self._actor_loss(batch, code.detach(), q, noise[1], demos, metrics)
            actor, alpha = self.optimisers["actor"], self.optimisers["alpha"]
            steps.append(
                (actor, torch.autograd.grad(loss, actor.parameters, materialize_grads=True))
            )
            if self.config.automatic_entropy:
                gap = (log_prob + self.target_entropy).mean()
                steps.append((alpha, (-gap,)))  # of L(log alpha) = -log_alpha * gap
        self._require_finite(metrics, batch)
        for optimiser, gradients in steps:
            optimiser.step(gradients)
        targets, sources = self.target_critic.parameters(), self.critic.parameters()
        losses.polyak_(list(targets), list(sources), self.config.tau)
        self.actor_updates += int(update_actor and delayed)
        return metrics

    @torch.no_grad()
    def _target(self, batch: Batch, noise: Tensor) -> Tensor:
        """Target r + gamma (1 - d) [min_i Qbar_i(s', a') - alpha log pi(a'|s')], (B,)."""
        code = self.critic.code(batch.next_obs)
        mean, log_std = self._head(self.actor, batch.next_obs, code)
        raw = mean + log_std.exp() * noise
        log_prob = losses.squashed_log_prob(raw, log_std, noise)
        next_code = self.target_critic.code(batch.next_obs)
        next_q = self.target_critic(next_code, torch.tanh(raw)).amin(dim=0)  # (B,)
        value = next_q - self.log_alpha.exp() * log_prob
        return losses.bellman_target(batch.reward, batch.terminal, value, self.config.gamma)

    def _actor_loss(
        self, batch: Batch, code: Tensor, q: Tensor, noise: Tensor, demos: int, metrics: Metrics
    ) -> tuple[Tensor, Tensor]:
        """L(theta) = E[alpha log pi - min_i Q_i], plus cloning where there are demonstrations."""
        mean, log_std = self._head(self.actor, batch.obs, code)
        raw = mean + log_std.exp() * noise
        log_prob = losses.squashed_log_prob(raw, log_std, noise)  # (B,)
        value = self.critic(code, torch.tanh(raw)).amin(dim=0)  # (B,)
        loss = (self.log_alpha.detach().exp() * log_prob - value).mean()
        metrics["actor_loss"] = loss.detach()
        metrics["entropy"] = -log_prob.detach().mean()
        metrics["alpha"] = self.log_alpha.detach().exp()
        if demos:
            cloning, mask = self._cloning(batch, code, q, mean, demos)
            demo = self.config.demo
            loss = demo.lambda1 * loss + demo.lambda2_times_batch * cloning
            metrics["bc_loss"], metrics["bc_share"] = cloning.detach(), mask.mean()
        return loss, log_prob.detach()

    def _cloning(
        self, batch: Batch, code: Tensor, q: Tensor, mean: Tensor, demos: int
    ) -> tuple[Tensor, Tensor]:
        """Cloning loss of the mean action on the last ``demos`` samples, and its mask."""
        action = torch.tanh(mean[-demos:])
        mask = torch.ones(demos, device=self.device)
        if self.config.demo.q_filter:
            with torch.no_grad():
                q_policy = self.critic(code[-demos:], action).amin(dim=0)
            mask = losses.q_filter_mask(q.detach()[:, -demos:].amin(dim=0), q_policy)
        return losses.cloning_loss(action, batch.action[-demos:], mask), mask
