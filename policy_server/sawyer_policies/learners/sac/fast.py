"""The fused update of SAC: gradients written out, the same numbers as ``learner.py``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from sawyer_policies.learners.base import LearnerConfig, Metrics
from sawyer_policies.learners.fast.codes import Codes, OwnCodes
from sawyer_policies.learners.fast.driver import Flags, FusedUpdates, Inputs
from sawyer_policies.learners.fast.flat import FlatAdam
from sawyer_policies.learners.fast.mlp import MlpPass, TwinPass
from sawyer_policies.learners.losses import LOG_2, LOG_SQRT_2_PI
from sawyer_policies.learners.sac.learner import SacLearner


class FastSacLearner(FusedUpdates, SacLearner):
    """SAC with the fused update; state and results are those of :class:`SacLearner`."""

    def _make_optimisers(self, config: LearnerConfig) -> dict[str, Any]:
        alpha = FlatAdam([("log_alpha", self.log_alpha)], self.config.alpha_lr)
        return {**super()._make_optimisers(config), "alpha": alpha}

    def _make_step(self, size: int, demos: int) -> FusedSacStep:
        return FusedSacStep(self, size, demos)

    def _flags(self, number: int, update_actor: bool) -> Flags:
        return update_actor and number % self.config.policy_delay == 0, True


class FusedSacStep:
    """One SAC update on kept buffers; B samples, the last ``demos`` of them demonstrated."""

    def __init__(self, owner: FastSacLearner, size: int, demos: int) -> None:
        self.config = owner.config
        self.owner, self.size, self.demos = owner, size, demos
        self.dims = owner.spaces.action_dim
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
        width = self.codes.inputs
        self.own: OwnCodes | None = None
        if owner.asymmetric:
            apart = owner.config.encoder.decoupled
            self.own = OwnCodes(owner.policy, actor_adam, owner.spaces, decoupled=apart)
        trunk_gradients = {
            name.removeprefix("trunk."): view for name, view in actor_adam.gradients.items()
        }
        columns = None if self.own is None else self.own.columns
        self.both_actors = MlpPass(trunk, 2 * size, trunk_gradients, rows=size, columns=columns)
        self.next_actor = MlpPass(trunk, size)
        code, action = slice(owner.spaces.state_dim, width), slice(width, None)
        self.data_critic = TwinPass(critic.twin, size, twin, columns=code)
        self.target_critic = TwinPass(target.twin, size)
        self.policy_critic = TwinPass(critic.twin, size, columns=action)
        self.filter_critic = TwinPass(critic.twin, demos) if demos else None
        # rows of s' first, then those of s, as the noise comes
        self.x_actor = torch.empty(2 * size, trunk.layers[0].in_features, device=device)
        self.x_target = torch.empty(size, width + self.dims, device=device)
        self.x_policy = torch.empty(size, width + self.dims, device=device)
        self.d_out = torch.empty(size, 2 * self.dims, device=device)
        self.losses = torch.zeros(2, device=device)
        self.shown: dict[str, Tensor] = {}

    # ---- the two halves

    def gradients(self, inputs: Inputs, actor: bool) -> None:
        """Fill all gradients at the present parameters."""
        size = self.size
        alpha = self.owner.log_alpha.data.exp()
        self.codes.read(inputs)
        self._actor_inputs(inputs, actor)
        if actor:
            out, noise = self.both_actors.forward(self.x_actor), inputs.noise.flatten(0, 1)
        else:
            out, noise = self.next_actor.forward(self.x_actor[:size]), inputs.noise[0]
        action, log_prob, saved = self._sample(out, noise)
        self._critic_gradients(inputs, action[:size], log_prob[:size], alpha)
        if actor:
            own = [value[size:] for value in (action, *saved)]
            self._actor_gradients(own, log_prob[size:], inputs.noise[1], alpha)

    def apply(self, actor: bool, targets: bool) -> None:
        """Step the optimisers and move the targets."""
        self.adams["critic"].step()
        if actor:
            self.adams["actor"].step()
            if self.config.automatic_entropy:
                self.adams["alpha"].step()
        if targets:
            target = self.owner.target_flat.data
            target.lerp_(self.adams["critic"].flat.data, self.config.tau)

    def metrics(self, actor: bool) -> Metrics:
        """Figures of the last update."""
        found = {"q_mean": self.data_critic.q.mean(), "target_mean": self.shown["target"].mean()}
        if actor:
            found["entropy"] = -self.shown["log_prob"].mean()
            found["alpha"] = self.shown["alpha"]
            if self.demos:
                found["bc_loss"], found["bc_share"] = self.shown["bc_loss"], self.shown["bc_share"]
        return found

    # ---- parts

    def _actor_inputs(self, inputs: Inputs, actor: bool) -> None:
        """Write the actor's codes of s' and, where it is to be trained, of s."""
        after, now = self.x_actor[: self.size], self.x_actor[self.size :]
        if self.own is not None:
            self.own.next_into(after, inputs, self.owner.policy)
            if actor:
                self.own.now_into(now, inputs)
            return
        self.codes.next_into(after, inputs, self.owner.critic)
        if actor:
            now.copy_(self.codes.now)

    def _sample(self, out: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Action (M, A), log density (M,), and what the gradient needs: spread, head's output.

        log pi = sum(-noise^2 / 2 - log std + 2 u + 2 softplus(-2 u)) + constant, u before tanh.
        """
        dims = self.dims
        low, high = self.config.log_std_min, self.config.log_std_max
        log_std = out[:, dims:].clamp(low, high)
        std = log_std.exp()
        raw = torch.addcmul(out[:, :dims], std, noise)
        terms = functional.softplus(-2.0 * raw).add_(raw).mul_(2.0).sub_(log_std)
        terms.addcmul_(noise, noise, value=-0.5)
        log_prob = terms.sum(1).sub_(dims * (LOG_SQRT_2_PI + 2.0 * LOG_2))
        return torch.tanh(raw), log_prob, (std, out)

    def _critic_gradients(
        self, inputs: Inputs, action: Tensor, log_prob: Tensor, alpha: Tensor
    ) -> None:
        config, width = self.config, self.codes.inputs
        self.codes.next_into(self.x_target[:, :width], inputs, self.owner.target_critic)
        self.x_target[:, width:] = action
        next_q = self.target_critic.forward(self.x_target)  # (2, B)
        value = torch.minimum(next_q[0], next_q[1]).addcmul_(alpha, log_prob, value=-1.0)
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

    def _actor_gradients(
        self, own: list[Tensor], log_prob: Tensor, noise: Tensor, alpha: Tensor
    ) -> None:
        """Gradients of lambda1 E[alpha log pi - min_i Q_i] + cloning, and of log alpha."""
        action, std, out = own
        dims, width = self.dims, self.codes.inputs
        weight = (self.config.demo.lambda1 if self.demos else 1.0) / self.size
        self.x_policy[:, :width] = self.codes.now
        self.x_policy[:, width:] = action
        q = self.policy_critic.forward(self.x_policy)
        value = torch.minimum(q[0], q[1])
        d_action = self.policy_critic.minimum_gradient(-weight)
        # d log pi / d u = 2 a, d a / d u = 1 - a^2
        d_raw = torch.addcmul(d_action, d_action * action, action, value=-1.0)
        d_raw.addcmul_(alpha, action, value=2.0 * weight)
        self.d_out[:, :dims] = d_raw
        head = out[:, dims:]
        inside = (head >= self.config.log_std_min) & (head <= self.config.log_std_max)
        d_log_std = d_raw.mul_(std).mul_(noise).sub_(alpha * weight).mul_(inside)
        self.d_out[:, dims:] = d_log_std
        self.losses[1] = torch.mean(alpha * log_prob - value)
        if self.demos:
            self._clone(out[-self.demos :, :dims])
        d_code = self.both_actors.backward(self.x_actor[self.size :], self.d_out)
        if self.own is not None:
            self.own.backward(d_code)
        gap = log_prob.mean() + self.owner.target_entropy
        self.adams["alpha"].gradient[0] = -gap
        self.shown["log_prob"], self.shown["alpha"] = log_prob, alpha

    def _clone(self, mean: Tensor) -> None:
        """Add the cloning gradient of the mean action on the demonstrated samples."""
        demo, count, width = self.config.demo, self.demos, self.codes.inputs
        action = torch.tanh(mean)
        gap = action - self.codes.with_action[-count:, width:]
        mask = torch.ones_like(gap[:, 0])
        if demo.q_filter and self.filter_critic is not None:
            x = torch.cat([self.x_policy[-count:, :width], action], dim=1)
            mask = self.data_critic.q[:, -count:].amin(0) > self.filter_critic.forward(x).amin(0)
            mask = mask.to(gap.dtype)
        slope = (1.0 - action * action) * gap * mask[:, None]
        self.d_out[-count:, : self.dims] += slope * (2.0 * demo.lambda2_times_batch / count)
        self.shown["bc_loss"] = (gap.square().sum(1) * mask).mean()
        self.shown["bc_share"] = mask.mean()
