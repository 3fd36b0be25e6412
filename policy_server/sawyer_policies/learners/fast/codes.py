"""Inputs of the MLPs in a fused step: state, encoded picture and action side by side."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sawyer_policies.learners.fast.driver import Inputs
from sawyer_policies.learners.fast.flat import FlatAdam
from sawyer_policies.learners.networks import Critic, Encoder
from sawyer_policies.learners.policy_net import PolicyNetwork
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
        self._trained = None
        if self.encoder is not None:
            self._trained = TrainedEncoder(self.encoder, optimiser.gradients)

    @property
    def now(self) -> Tensor:
        """(B, inputs) code of s."""
        return self.with_action[:, : self.inputs]

    def read(self, inputs: Inputs) -> None:
        """Take the rows of an update, encode the picture of s and keep its graph."""
        n, a = self.states, self.actions
        if self._trained is None:
            self.with_action = inputs.rows[:, : n + a]  # already side by side
            return
        assert inputs.images is not None
        self._buffer[:, :n] = inputs.rows[:, :n]
        self._buffer[:, n : self.inputs] = self._trained.forward(inputs.images[:, 0])
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
        assert self._trained is not None
        self._trained.backward(gradient)


class TrainedEncoder:
    """An encoder whose gradients autograd finds and which go to where an optimiser wants them."""

    def __init__(self, encoder: Encoder, gradients: Mapping[str, Tensor]) -> None:
        self._encoder = encoder
        self._parameters = list(encoder.parameters())
        self._gradients = [gradients[f"encoder.{name}"] for name, _ in encoder.named_parameters()]
        self._code: Tensor | None = None

    def forward(self, image: Tensor) -> Tensor:
        """Code (B, features) of a picture; its graph is kept for :meth:`backward`."""
        with torch.enable_grad():
            self._code = self._encoder(image)
        return self._code.detach()

    def backward(self, gradient: Tensor) -> None:
        """Fill the gradients from that of the code."""
        found = torch.autograd.grad(self._code, self._parameters, gradient)
        torch._foreach_copy_(self._gradients, list(found))
        self._code = None


class OwnCodes:
    """What an actor with an observation of its own sees: part of the state, its own encoder.

    Where the actor does not train it (``decoupled``), the encoder's gradient stays zero.
    """

    def __init__(
        self,
        policy: PolicyNetwork,
        optimiser: FlatAdam,
        spaces: LearnerSpaces,
        *,
        decoupled: bool = False,
    ) -> None:
        self.seen = spaces.state_dim - spaces.privileged_dim
        self._offset = spaces.state_dim + spaces.action_dim
        self.columns = slice(self.seen, None)
        self._trained = None
        self._encoder = policy.encoder
        if policy.encoder is not None and not decoupled:
            self._trained = TrainedEncoder(policy.encoder, optimiser.gradients)

    def now_into(self, out: Tensor, inputs: Inputs) -> None:
        """Write the code of s into ``out`` and keep the encoder's graph."""
        out[:, : self.seen] = inputs.rows[:, : self.seen]
        code = self._encoder if self._trained is None else self._trained.forward
        if code is not None:
            assert inputs.images is not None
            out[:, self.seen :] = code(inputs.images[:, 0])

    def next_into(self, out: Tensor, inputs: Inputs, policy: PolicyNetwork) -> None:
        """Write the code of s' by ``policy`` into ``out``."""
        start = self._offset
        out[:, : self.seen] = inputs.rows[:, start : start + self.seen]
        if policy.encoder is not None:
            assert inputs.images is not None
            out[:, self.seen :] = policy.encoder(inputs.images[:, 1])

    def backward(self, gradient: Tensor | None) -> None:
        """Encoder gradients from that of its code."""
        if self._trained is not None and gradient is not None:
            self._trained.backward(gradient)
