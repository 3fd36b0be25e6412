"""Inputs of the MLPs in a fused step: state, encoded picture and action side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from sawyer_policies.learners.fast.driver import Inputs
from sawyer_policies.learners.fast.flat import FlatAdam
from sawyer_policies.learners.networks import Critic
from sawyer_policies.observations import LearnerSpaces


class Codes:
    """Codes of s and s' and the gradient back into the encoder.

    Attributes:
        now: (B, inputs) code of s.
        with_action: (B, inputs + A) code of s and the stored action.
    """

    def __init__(
        self, critic: Critic, optimiser: FlatAdam, spaces: LearnerSpaces, size: int, device: object
    ) -> None:
        self.states, self.actions = spaces.state_dim, spaces.action_dim
        self.encoder = critic.encoder
        self.inputs = critic.twin.weights[0].shape[1] - self.actions
        self._buffer = torch.empty(size, self.inputs + self.actions, device=device)
        self.with_action = self._buffer
        self._code: Tensor | None = None
        if self.encoder is not None:
            names = [name for name, _ in self.encoder.named_parameters()]
            self._parameters = list(self.encoder.parameters())
            self._gradients = [optimiser.gradients[f"encoder.{name}"] for name in names]

    @property
    def now(self) -> Tensor:
        """(B, inputs) code of s."""
        return self.with_action[:, : self.inputs]

    def read(self, inputs: Inputs) -> None:
        """Take the rows of an update, encode the picture of s and keep its graph."""
        n, a = self.states, self.actions
        if self.encoder is None:
            self.with_action = inputs.rows[:, : n + a]  # already side by side
            return
        assert inputs.images is not None
        with torch.enable_grad():
            self._code = self.encoder(inputs.images[:, 0])
        self._buffer[:, :n] = inputs.rows[:, :n]
        self._buffer[:, n : self.inputs] = self._code.detach()
        self._buffer[:, self.inputs :] = inputs.rows[:, n : n + a]

    def next_into(self, out: Tensor, inputs: Inputs, critic: Critic) -> None:
        """Write the code of s' by the encoder of ``critic`` into ``out`` (B, inputs)."""
        n, a = self.states, self.actions
        out[:, :n] = inputs.rows[:, n + a : 2 * n + a]
        if critic.encoder is not None:
            assert inputs.images is not None
            out[:, n:] = critic.encoder(inputs.images[:, 1])

    def backward(self, gradient: Tensor) -> None:
        """Encoder gradients from that of its code (B, features)."""
        found = torch.autograd.grad(self._code, self._parameters, gradient)
        torch._foreach_copy_(self._gradients, list(found))
        self._code = None
