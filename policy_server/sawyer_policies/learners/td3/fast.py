"""The fused update of TD3: gradients written out, the same numbers as ``learner.py``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sawyer_policies.learners.base import LearnerConfig, Metrics
from sawyer_policies.learners.fast.codes import Codes, OwnCodes
from sawyer_policies.learners.fast.driver import Flags, FusedUpdates, Inputs
from sawyer_policies.learners.fast.flat import FlatAdam, FlatParameters
from sawyer_policies.learners.fast.mlp import MlpPass, TwinPass
from sawyer_policies.learners.losses import clipped_noise_action
from sawyer_policies.learners.td3.learner import Td3Learner


class FastTd3Learner(FusedUpdates, Td3Learner):
    """TD3 with the fused update; state and results are those of :class:`Td3Learner`."""

    def _make_optimisers(self, config: LearnerConfig) -> dict[str, Any]:
        made = super()._make_optimisers(config)
        self.target_actor_flat = FlatParameters(list(self.target_actor.named_parameters()))
        return made

    def _make_step(self, size: int, demos: int) -> FusedTd3Step:
        return FusedTd3Step(self, size, demos)

    def _flags(self, number: int, update_actor: bool) -> Flags:
        delayed = number % self.config.policy_delay == 0
        return delayed and update_actor, delayed


class FusedTd3Step:
    """One TD3 update on kept buffers; B samples, the last ``demos`` of them demonstrated."""

    def __init__(self, owner: FastTd3Learner, size: int, demos: int) -> None:
        self.config = owner.config
        self.owner, self.size, self.demos = owner, size, demos
        device = owner.device
        critic, target, trunk = owner.critic, owner.target_critic, owner.policy.trunk
        self.adams: dict[str, FlatAdam] = owner.optimisers
        critic_adam, actor_adam = self.adams["critic"], self.adams["actor"]
        twin = {
            name.removeprefix("twin."): view
            for name, view in critic_adam.gradients.items()
            if name.startswith("twin.")
        }
        self.codes = Codes(critic, critic_adam, owner.spaces, size, device)
        width, dims = self.codes.inputs, owner.spaces.action_dim
        self.own: OwnCodes | None = None
        if owner.asymmetric:
            apart = owner.config.encoder.decoupled
            self.own = OwnCodes(owner.policy, actor_adam, owner.spaces, decoupled=apart)
        trunk_gradients = {
            name.removeprefix("trunk."): view for name, view in actor_adam.gradients.items()
        }
        columns = None if self.own is None else self.own.columns
        self.actor = MlpPass(trunk, size, trunk_gradients, columns=columns)
        target_trunk = owner.target_actor if self.own is None else owner.target_actor.trunk
        self.target_actor = MlpPass(target_trunk, size)
        self.x_actor = torch.empty(size, trunk.layers[0].in_features, device=device)
        code, action = slice(owner.spaces.state_dim, width), slice(width, None)
        self.data_critic = TwinPass(critic.twin, size, twin, columns=code)
        self.target_critic = TwinPass(target.twin, size)
        self.policy_critic = TwinPass(critic.twin, size, critics=1, columns=action)
        self.x_target = torch.empty(size, width + dims, device=device)
        self.x_policy = torch.empty(size, width + dims, device=device)
        self.losses = torch.zeros(2, device=device)
        self.shown: dict[str, Tensor] = {}

    def gradients(self, inputs: Inputs, actor: bool) -> None:
        """Fill all gradients at the present parameters."""
        config, width = self.config, self.codes.inputs
        self.codes.read(inputs)
        self.codes.next_into(self.x_target[:, :width], inputs, self.owner.target_critic)
        x_next = self.x_target[:, :width]
        if self.own is not None:
            x_next = self.x_actor
            self.own.next_into(x_next, inputs, self.owner.target_actor)
        mean = torch.tanh(self.target_actor.forward(x_next))
        self.x_target[:, width:] = clipped_noise_action(
            mean, inputs.noise[0], config.target_noise, config.target_noise_clip
        )
        next_q = self.target_critic.forward(self.x_target)  # (2, B)
        value = torch.minimum(next_q[0], next_q[1])
        reward, terminal = inputs.rows[:, -2], inputs.rows[:, -1]
        target = torch.addcmul(reward, 1.0 - terminal, value, value=config.gamma)  # (B,)
        q = self.data_critic.forward(self.codes.with_action)  # (2, B)
        error = q - target
        self.losses[0] = torch.dot(error.view(-1), error.view(-1)) / self.size
        d_values = error.mul_(2.0 / self.size)
        upper = self.data_critic.backward(d_values)
        self.data_critic.parameter_gradients(self.codes.with_action, d_values)
        if self.codes.encoder is not None:
            self.codes.backward(self.data_critic.input_gradient(upper))
        self.shown["target"] = target
        if actor:
            self._actor_gradients(inputs)

    def apply(self, actor: bool, targets: bool) -> None:
        """Step the optimisers and move the targets."""
        self.adams["critic"].step()
        if actor:
            self.adams["actor"].step()
        if targets:
            tau, owner = self.config.tau, self.owner
            owner.target_flat.data.lerp_(self.adams["critic"].flat.data, tau)
            owner.target_actor_flat.data.lerp_(self.adams["actor"].flat.data, tau)

    def metrics(self, actor: bool) -> Metrics:
        """Figures of the last update."""
        found = {"q_mean": self.data_critic.q.mean(), "target_mean": self.shown["target"].mean()}
        if actor and self.demos:
            found["bc_loss"], found["bc_share"] = self.shown["bc_loss"], self.shown["bc_share"]
        return found

    def _actor_gradients(self, inputs: Inputs) -> None:
        """Gradients of -lambda1 E[Q_1(s, pi(s))] + cloning."""
        width, demos = self.codes.inputs, self.demos
        weight = (self.config.demo.lambda1 if demos else 1.0) / self.size
        code = self.codes.now
        if self.own is not None:
            code = self.x_actor
            self.own.now_into(code, inputs)
        action = torch.tanh(self.actor.forward(code))
        self.x_policy[:, :width] = self.codes.now
        self.x_policy[:, width:] = action
        q = self.policy_critic.forward(self.x_policy)  # (1, B)
        self.losses[1] = -q.mean()
        upper = self.policy_critic.backward(torch.full_like(q, -weight))
        d_action = self.policy_critic.input_gradient(upper)
        if demos:
            self._clone(action, d_action, q)
        d_code = self.actor.backward(code, d_action * (1.0 - action * action))
        if self.own is not None:
            self.own.backward(d_code)

    def _clone(self, action: Tensor, d_action: Tensor, q: Tensor) -> None:
        """Add the cloning gradient on the demonstrated samples to ``d_action``."""
        demo, count, width = self.config.demo, self.demos, self.codes.inputs
        gap = action[-count:] - self.codes.with_action[-count:, width:]
        mask = torch.ones_like(gap[:, 0])
        if demo.q_filter:
            mask = (self.data_critic.q[0, -count:] > q[0, -count:]).to(gap.dtype)
        d_action[-count:] += gap * mask[:, None] * (2.0 * demo.lambda2_times_batch / count)
        self.shown["bc_loss"] = (gap.square().sum(1) * mask).mean()
        self.shown["bc_share"] = mask.mean()
