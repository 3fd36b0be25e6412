"""Layer norm of a hidden layer of the twin critics: forward and backward, written out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sawyer_policies.learners.networks import TwinMlp

EPS = 1e-5
"""Added to the variance, as ``torch.nn.functional.layer_norm`` does."""


class TwinNorm:
    """Layer norm with gain, shift and ReLU, of both critics or the first, at a fixed batch size.

    Attributes:
        before: (critics, size, hidden) what is normalised; filled by the caller.

    Args:
        net: critics with normalised layers.
        index: of the hidden layer.
        size: rows.
        gradients: where parameter gradients go, by parameter name; None where not needed.
        critics: 2, or 1 for Q_1 alone.
    """

    def __init__(
        self,
        net: TwinMlp,
        index: int,
        size: int,
        gradients: Mapping[str, Tensor] | None,
        critics: int,
    ) -> None:
        self._gain = net.gains[index].data[:critics]  # (critics, 1, hidden)
        self._shift = net.shifts[index].data[:critics]
        width = self._gain.shape[2]
        self._width = (width,)
        # on the CPU the operation is a third faster with a weight than without one
        self._ones = torch.ones(width, device=self._gain.device)
        self._zeros = torch.zeros_like(self._ones)
        self.before = torch.empty(critics, size, width, device=self._gain.device)
        self._scratch = torch.empty_like(self.before)
        if gradients is not None:
            self._d_gain = gradients[f"gains.{index}"]
            self._d_shift = gradients[f"shifts.{index}"]

    def forward(self, out: Tensor) -> Tensor:
        """relu(gain * normalised(before) + shift) in ``out``."""
        self._unit, self._mean, self._inverse = torch.native_layer_norm(
            self.before, self._width, self._ones, self._zeros, EPS
        )
        return torch.addcmul(self._shift, self._unit, self._gain, out=out).relu_()

    def backward(self, upper: Tensor) -> Tensor:
        """Gradient at ``before`` from ``upper``, the one in front of the ReLU."""
        scaled = torch.mul(upper, self._gain, out=self._scratch)
        return self._through(scaled, self.before, self._mean, self._inverse)

    def backward_rows(self, upper: Tensor, critic: int, rows: Tensor) -> Tensor:
        """The same for some rows (R,) of one critic; ``upper`` (R, hidden) is overwritten."""
        kept = (
            value[critic].index_select(0, rows)
            for value in (self.before, self._mean, self._inverse)
        )
        return self._through(upper.mul_(self._gain[critic]), *kept)

    def parameter_gradients(self, upper: Tensor) -> None:
        """Write those of gain and shift, after :meth:`backward` with the same ``upper``."""
        torch.mul(upper, self._unit, out=self._scratch)
        torch.sum(self._scratch, 1, keepdim=True, out=self._d_gain)
        torch.sum(upper, 1, keepdim=True, out=self._d_shift)

    def _through(self, scaled: Tensor, before: Tensor, mean: Tensor, inverse: Tensor) -> Tensor:
        found: Tensor = torch.ops.aten.native_layer_norm_backward(
            scaled, before, self._width, mean, inverse, None, None, [True, False, False]
        )[0]
        return found
