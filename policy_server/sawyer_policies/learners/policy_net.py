"""The actor as learners train it and as bundles serve it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sawyer_core.errors import ConfigError, ShapeError
from sawyer_policies.learners.networks import Encoder, Mlp
from sawyer_policies.observations import LearnerSpaces

HEADS = ("gaussian", "deterministic")
_KEYS = ("head", "state_dim", "image_shape", "action_dim", "hidden", "encoder", "log_std_bounds")


def architecture(
    spaces: LearnerSpaces,
    *,
    head: str,
    hidden: tuple[int, ...],
    channels: tuple[int, ...],
    features: int,
    log_std_bounds: tuple[float, float],
) -> dict[str, Any]:
    """JSON-able description from which :meth:`PolicyNetwork.from_architecture` builds."""
    seen = spaces.image_shape is not None
    return {
        "head": head,
        "state_dim": spaces.state_dim,
        "image_shape": None if spaces.image_shape is None else list(spaces.image_shape),
        "action_dim": spaces.action_dim,
        "hidden": list(hidden),
        "encoder": {"channels": list(channels), "features": features} if seen else None,
        "log_std_bounds": list(log_std_bounds),
    }


class PolicyNetwork(nn.Module):
    """Observation to the parameters of the action before its tanh.

    A Gaussian head acts ``tanh(mean + exp(log_std) * noise)``, a deterministic one
    ``tanh(mean)`` (its ``log_std`` is minus infinity, so the same formula serves both).
    """

    def __init__(self, arch: Mapping[str, Any]):
        super().__init__()
        self.architecture = dict(arch)
        self.action_dim = int(arch["action_dim"])
        self.gaussian = arch["head"] == "gaussian"
        self.state_dim = int(arch["state_dim"])
        self.log_std_bounds = (float(arch["log_std_bounds"][0]), float(arch["log_std_bounds"][1]))
        inputs = self.state_dim
        self.encoder: Encoder | None = None
        if arch["encoder"] is not None:
            encoder = arch["encoder"]
            height, width = arch["image_shape"]
            self.encoder = Encoder((height, width), encoder["channels"], encoder["features"])
            inputs += int(encoder["features"])
        self.trunk = Mlp([inputs, *arch["hidden"], self.action_dim * (2 if self.gaussian else 1)])

    @classmethod
    def from_architecture(cls, arch: Mapping[str, Any]) -> PolicyNetwork:
        """Network of an architecture; its weights are to be loaded.

        Raises:
            ConfigError: a key is missing or a value is not allowed.
        """
        for key in _KEYS:
            if key not in arch:
                raise ConfigError(f"network.{key}", None, "required; keys: " + ", ".join(_KEYS))
        if arch["head"] not in HEADS:
            raise ConfigError("network.head", arch["head"], "one of " + ", ".join(HEADS))
        for key in ("state_dim", "action_dim"):
            if not isinstance(arch[key], int) or not 0 <= arch[key] <= 65536:
                raise ConfigError(f"network.{key}", arch[key], "a whole number from 0 to 65536")
        if (arch["image_shape"] is None) != (arch["encoder"] is None):
            raise ConfigError("network.encoder", arch["encoder"], "given where an image is")
        return cls(arch)

    def load(self, weights: Mapping[str, Any]) -> PolicyNetwork:
        """Take over weights (tensors or arrays), all of them and no other; returns itself.

        Raises:
            ShapeError: a weight is missing, unknown, of another shape, or not finite.
        """
        own = self.state_dict()
        for name in [*own, *weights]:
            if name not in weights:
                raise ShapeError(f"weight {name}", "missing", tuple(own[name].shape))
            if name not in own:
                raise ShapeError(
                    f"weight {name}", tuple(np.shape(weights[name])), "no such weight"
                )
            value = torch.as_tensor(weights[name])
            if value.shape != own[name].shape:
                raise ShapeError(f"weight {name}", tuple(value.shape), tuple(own[name].shape))
            if not bool(torch.isfinite(value).all()):
                raise ShapeError(f"weight {name}", "values that are not finite", "finite values")
        with torch.no_grad():
            for name, value in weights.items():
                own[name].copy_(torch.as_tensor(value))
        return self

    def forward(
        self, state: Tensor | None = None, image: Tensor | None = None, *, detached: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation before the tanh, each (B, action_dim).

        Args:
            state: (B, n) float32, where the network has one.
            image: (B, H, W) uint8, where the network has one.
            detached: no gradient goes into the encoder.
        """
        parts = [] if self.state_dim == 0 else [state]
        if self.encoder is not None:
            code = self.encoder(image)
            parts.append(code.detach() if detached else code)
        return self.head(parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1))

    def head(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Like :meth:`forward`, from the code (state and encoded image side by side)."""
        return self.head_of(self.trunk, code)

    def head_of(self, trunk: nn.Module, code: Tensor) -> tuple[Tensor, Tensor]:
        """Like :meth:`head` with another trunk of the same kind, such as a target network."""
        out: Tensor = trunk(code)
        if not self.gaussian:
            return out, torch.full_like(out, -math.inf)
        mean, log_std = out.chunk(2, dim=-1)
        return mean, log_std.clamp(*self.log_std_bounds)

    def zero_last_layer(self, log_std: float = 0.0) -> None:
        """Make the mean exactly 0 everywhere and the spread ``exp(log_std)``."""
        last = self.trunk.layers[-1]
        with torch.no_grad():
            last.weight.zero_()
            last.bias.zero_()
            if self.gaussian:
                last.bias[self.action_dim :] = log_std
