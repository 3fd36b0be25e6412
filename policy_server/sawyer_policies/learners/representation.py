"""Teaches an actor's image encoder what the critics see besides: a regression beside learning.

An actor that is to find a millimetre in 32x32 pixels learns it from the critics' slope alone, a
weak signal. Where the critics see the arm's own measurements (asymmetric critics), the picture's
code is taught to tell them too. Ours; the seed has no such term. The extra layer is used while
training only.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sawyer_policies.learners.errors import NonFiniteLossError
from sawyer_policies.learners.networks import Encoder
from sawyer_policies.learners.optim import PlainAdam
from sawyer_policies.learners.replay import ReplayBuffer


class Representation:
    """A linear layer from the code to the privileged numbers, and the steps that train both.

    Args:
        encoder: of the actor; trained in place.
        features: length of its code.
        targets: how many of the last numbers of the state to tell.
        lr: step size of Adam.
        device: of the networks.
    """

    def __init__(
        self, encoder: Encoder, features: int, targets: int, lr: float, device: torch.device
    ) -> None:
        self._encoder, self._targets = encoder, targets
        self.layer = nn.Linear(features, targets).to(device)
        named = [(f"encoder.{name}", value) for name, value in encoder.named_parameters()]
        named += [(f"layer.{name}", value) for name, value in self.layer.named_parameters()]
        self.optimiser = PlainAdam(named, lr)

    def loss(self, image: Tensor, state: Tensor) -> Tensor:
        """Mean absolute error, squared below 1, of the scaled numbers.

        Args:
            image: (B, H, W) uint8.
            state: (B, n) the critics' state, whose last numbers are told.
        """
        told: Tensor = self.layer(self._encoder(image))
        return functional.smooth_l1_loss(told, state[:, -self._targets :])

    def learn(self, replay: ReplayBuffer, n: int, size: int, rng: np.random.Generator) -> float:
        """``n`` steps on batches of ``size`` drawn with ``rng``; the mean loss.

        Raises:
            NonFiniteLossError: carries the batch, which has changed nothing.
        """
        total = 0.0
        for _ in range(n):
            batch = replay.sample(size, rng)
            loss = self.loss(batch.obs["image"], batch.obs["state"])
            value = float(loss.detach())
            if not math.isfinite(value):
                raise NonFiniteLossError(
                    {"representation_loss": value}, batch, self.optimiser.steps + 1
                )
            self.optimiser.step(torch.autograd.grad(loss, self.optimiser.parameters))
            total += value
        return total / max(n, 1)
