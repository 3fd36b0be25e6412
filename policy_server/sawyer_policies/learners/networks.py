"""Networks of the learners: image encoder, actor trunk, twin critics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class Encoder(nn.Module):
    """Image to code: convolutions 3x3 of stride 2 with ReLU, linear, LayerNorm, tanh.

    Args:
        image_shape: (H, W) of the uint8 picture; divided by 255 here.
        channels: of the convolutions.
        features: length of the code.
    """

    def __init__(self, image_shape: tuple[int, int], channels: Sequence[int], features: int):
        super().__init__()
        height, width = image_shape
        layers = []
        before = 1
        for after in channels:
            layers.append(nn.Conv2d(before, after, 3, stride=2, padding=1))
            before, height, width = after, (height + 1) // 2, (width + 1) // 2
        self.convs = nn.ModuleList(layers)
        self.linear = nn.Linear(before * height * width, features)
        self.norm = nn.LayerNorm(features)

    def forward(self, image: Tensor) -> Tensor:
        """(B, H, W) uint8 to (B, features) in (-1, 1)."""
        x = image.unsqueeze(1).to(self.linear.weight.dtype) * (1.0 / 255.0)  # (B, 1, H, W)
        for conv in self.convs:
            x = functional.relu(conv(x))
        return torch.tanh(self.norm(self.linear(x.flatten(1))))


class Mlp(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, sizes: Sequence[int]):
        super().__init__()
        pairs = pairwise(sizes)
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, sizes[0]) to (B, sizes[-1])."""
        for layer in self.layers[:-1]:
            x = functional.relu(layer(x))
        return self.layers[-1](x)


class TwinMlp(nn.Module):
    """Two MLPs of one output each, their weights stacked: Q_1 and Q_2 in one product per layer.

    Args:
        sizes: of the layers.
        layer_norm: normalise each hidden layer before its ReLU, which keeps the values of
            actions never tried from growing without bound.
    """

    def __init__(self, sizes: Sequence[int], *, layer_norm: bool = False):
        super().__init__()
        pairs = list(pairwise(sizes))
        self.weights = nn.ParameterList(torch.empty(2, before, after) for before, after in pairs)
        self.biases = nn.ParameterList(torch.empty(2, 1, after) for _, after in pairs)
        for weight, bias in zip(self.weights, self.biases, strict=True):
            bound = 1.0 / math.sqrt(weight.shape[1])  # as nn.Linear does
            nn.init.uniform_(weight, -bound, bound)
            nn.init.uniform_(bias, -bound, bound)
        hidden = sizes[1:-1] if layer_norm else ()
        self.gains = nn.ParameterList(torch.ones(2, 1, size) for size in hidden)
        self.shifts = nn.ParameterList(torch.zeros(2, 1, size) for size in hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(B, sizes[0]) to (2, B)."""
        h = x.expand(2, *x.shape)
        last = len(self.weights) - 1
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, h, weight)  # (2, B, in) (2, in, out)
            if index < last:
                if self.gains:
                    h = functional.layer_norm(h, h.shape[-1:])
                    h = torch.addcmul(self.shifts[index], h, self.gains[index])
                h = functional.relu(h)
        return h.squeeze(-1)


class Critic(nn.Module):
    """Twin critics over the state and, where there is a picture, its code."""

    def __init__(
        self,
        encoder: Encoder | None,
        inputs: int,
        action_dim: int,
        hidden: Sequence[int],
        *,
        layer_norm: bool = False,
    ):
        super().__init__()
        self.encoder = encoder
        self.twin = TwinMlp([inputs + action_dim, *hidden, 1], layer_norm=layer_norm)

    def code(self, obs: dict[str, Tensor]) -> Tensor:
        """What both critics and the actor see: (B, inputs)."""
        parts = [obs["state"]] if "state" in obs else []
        if self.encoder is not None:
            parts.append(self.encoder(obs["image"]))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)

    def forward(self, code: Tensor, action: Tensor) -> Tensor:
        """(2, B) values of an action at a code."""
        return self.twin(torch.cat([code, action], dim=-1))
