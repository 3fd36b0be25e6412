"""TD3, one update written out with autograd."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sawyer_policies.held_noise import NormalSource
from sawyer_policies.learners import losses
from sawyer_policies.learners.base import LearnerConfig, Metrics, OffPolicyLearner
from sawyer_policies.learners.batch import Batch
from sawyer_policies.learners.td3.config import Td3Config
from sawyer_policies.learners.td3.policy import noisy_action
from sawyer_policies.observations import LearnerSpaces


class Td3Learner(OffPolicyLearner):
    """TD3 (digest A.3); see README.md of this folder for metrics and deviations.

    All gradients of an update are taken at the same parameters, then the optimisers step.
    """

    NAME = "td3"
    HEAD = "deterministic"
    NOISE_SETS = 1  # target smoothing

    def __init__(
        self, config: Td3Config, spaces: LearnerSpaces, *, seed: int, device: str = "cpu"
    ) -> None:
        self.config = config
        super().__init__(config, spaces, seed=seed, device=device)

    @property
    def _config(self) -> Td3Config:
        return self.config

    def _build(self, config: LearnerConfig) -> None:
        super()._build(config)
        if self.config.zero_init:
            self.policy.zero_last_layer()
        self.target_actor = copy.deepcopy(self.actor).requires_grad_(False)

    def _modules(self) -> dict[str, nn.Module]:
        return {**super()._modules(), "target_actor": self.target_actor}

    def act(
        self,
        obs_batch: Mapping[str, npt.ArrayLike],
        *,
        deterministic: bool,
        rng: NormalSource,
    ) -> npt.NDArray[np.float32]:
        """Actions (B, action_dim) in [-1, 1]; all chance comes from ``rng``."""
        mean, _ = self._raw_action(obs_batch)
        sigma = self.config.exploration_noise
        action = noisy_action(mean, sigma, deterministic=deterministic, rng=rng)
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
        critic, actor = self.optimisers["critic"], self.optimisers["actor"]
        steps = [(critic, torch.autograd.grad(critic_loss, critic.parameters))]
        delayed = (self.updates + 1) % self.config.policy_delay == 0
        if delayed and update_actor:
            loss = self._actor_loss(batch, code.detach(), q.detach(), demos, metrics)
            steps.append(
                (actor, torch.autograd.grad(loss, actor.parameters, materialize_grads=True))
            )
        self._require_finite(metrics, batch)
        for optimiser, gradients in steps:
            optimiser.step(gradients)
        if delayed:
            self._move_targets()
        self.actor_updates += int(delayed and update_actor)
        return metrics

    def _move_targets(self) -> None:
        targets = [*self.target_critic.parameters(), *self.target_actor.parameters()]
        sources = [*self.critic.parameters(), *self.actor.parameters()]
        losses.polyak_(targets, sources, self.config.tau)

    @torch.no_grad()
    def _target(self, batch: Batch, noise: Tensor) -> Tensor:
        """Target r + gamma (1 - d) min_i Qbar_i(s', smoothed pibar(s')), (B,)."""
        config = self.config
        code = self.target_critic.code(batch.next_obs)
        mean = torch.tanh(self._head(self.target_actor, batch.next_obs, code)[0])
        action = losses.clipped_noise_action(
            mean, noise, config.target_noise, config.target_noise_clip
        )
        next_q = self.target_critic(code, action).amin(dim=0)  # (B,)
        return losses.bellman_target(batch.reward, batch.terminal, next_q, config.gamma)

    def _actor_loss(
        self, batch: Batch, code: Tensor, q: Tensor, demos: int, metrics: Metrics
    ) -> Tensor:
        """-E[Q_1(s, pi(s))], plus cloning where there are demonstrations."""
        action = torch.tanh(self._head(self.actor, batch.obs, code)[0])  # (B, A)
        value = self.critic(code, action)[0]  # (B,)
        loss = -value.mean()
        metrics["actor_loss"] = loss.detach()
        if demos:
            mask = torch.ones(demos, device=self.device)
            if self.config.demo.q_filter:
                mask = losses.q_filter_mask(q[0, -demos:], value.detach()[-demos:])
            cloning = losses.cloning_loss(action[-demos:], batch.action[-demos:], mask)
            demo = self.config.demo
            loss = demo.lambda1 * loss + demo.lambda2_times_batch * cloning
            metrics["bc_loss"], metrics["bc_share"] = cloning.detach(), mask.mean()
        return loss
