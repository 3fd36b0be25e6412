"""Forward and backward passes of the MLPs, written out into buffers that are kept."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sawyer_policies.learners.networks import Mlp, TwinMlp


def _mask(gradient: Tensor, activation: Tensor) -> None:
    """Zero ``gradient`` in place where the ReLU let nothing through."""
    torch.ops.aten.threshold_backward.grad_input(gradient, activation, 0, grad_input=gradient)


class MlpPass:
    """An :class:`Mlp` at a fixed batch size.

    Args:
        net: the network.
        size: rows of its input.
        gradients: where parameter gradients go, by parameter name; None for inference alone.
    """

    def __init__(self, net: Mlp, size: int, gradients: Mapping[str, Tensor] | None = None) -> None:
        self.weights = [layer.weight.data for layer in net.layers]  # (out, in)
        self.biases = [layer.bias.data for layer in net.layers]
        device = self.weights[0].device
        outs = [weight.shape[0] for weight in self.weights]
        self.h = [torch.empty(size, out, device=device) for out in outs]
        self.gradients = gradients
        self._dh: dict[int, list[Tensor]] = {}

    def forward(self, x: Tensor) -> Tensor:
        """(size, in) to (size, out); the buffer is overwritten by the next call."""
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.addmm(bias, x, weight.t(), out=self.h[index])
            if index < len(self.weights) - 1:
                x.relu_()
        return x

    def backward(self, x: Tensor, gradient: Tensor) -> None:
        """Parameter gradients from that of the output, for the last rows of the last forward.

        Args:
            x: (n, in) input, the last ``n`` rows of what ``forward`` got.
            gradient: (n, out).
        """
        assert self.gradients is not None
        n = gradient.shape[0]
        if n not in self._dh:
            self._dh[n] = [torch.empty_like(h[-n:]) for h in self.h[:-1]]
        for index in reversed(range(len(self.weights))):
            before = x if index == 0 else self.h[index - 1][-n:]
            torch.mm(gradient.t(), before, out=self.gradients[f"layers.{index}.weight"])
            torch.sum(gradient, 0, out=self.gradients[f"layers.{index}.bias"])
            if index:
                lower = torch.mm(gradient, self.weights[index], out=self._dh[n][index - 1])
                _mask(lower, before)
                gradient = lower


class TwinPass:
    """A :class:`TwinMlp`, or its first half alone, at a fixed batch size.

    Args:
        net: the critics.
        size: rows of the input.
        gradients: where parameter gradients go, by parameter name; None where not needed.
        critics: 2, or 1 for Q_1 alone.
    """

    def __init__(
        self,
        net: TwinMlp,
        size: int,
        gradients: Mapping[str, Tensor] | None = None,
        critics: int = 2,
    ) -> None:
        self.critics = critics
        self.weights = [weight.data[:critics] for weight in net.weights]  # (2, in, out)
        self.biases = [bias.data[:critics] for bias in net.biases]  # (2, 1, out)
        device = self.weights[0].device
        outs = [weight.shape[2] for weight in self.weights]
        self.h = [torch.empty(critics, size, out, device=device) for out in outs[:-1]]
        self.dh = [torch.empty_like(h) for h in self.h]
        self.q = torch.empty(critics, size, device=device)
        self.gradients = gradients

    def forward(self, x: Tensor) -> Tensor:
        """(size, in) to (2, size); the buffer is overwritten by the next call."""
        h = x.expand(self.critics, *x.shape)
        for index, out in enumerate(self.h):
            h = torch.baddbmm(self.biases[index], h, self.weights[index], out=out)
            h.relu_()
        for critic in range(self.critics):
            bias, weight = self.biases[-1][critic, 0], self.weights[-1][critic, :, 0]
            torch.addmv(bias, h[critic], weight, out=self.q[critic])
        return self.q

    def backward(self, x: Tensor, dq: Tensor, *, parameters: bool) -> Tensor:
        """Gradient at the first layer's output, (2, size, hidden), from that of the values.

        Args:
            x: (size, in) what ``forward`` got.
            dq: (2, size).
            parameters: write the parameter gradients as well.
        """
        last = len(self.h)
        if parameters:
            assert self.gradients is not None
            for critic in range(self.critics):
                out = self.gradients[f"weights.{last}"][critic, :, 0]
                torch.mv(self.h[-1][critic].t(), dq[critic], out=out)
            torch.sum(dq, 1, out=self.gradients[f"biases.{last}"].view(self.critics))
        upper = self.dh[-1]
        torch.mul(dq.unsqueeze(-1), self.weights[-1].transpose(1, 2), out=upper)
        _mask(upper, self.h[-1])
        for index in reversed(range(last)):
            if parameters:
                self._layer_gradients(index, x, upper)
            if index:
                lower = self.dh[index - 1]
                torch.bmm(upper, self.weights[index].transpose(1, 2), out=lower)
                _mask(lower, self.h[index - 1])
                upper = lower
        return upper

    def _layer_gradients(self, index: int, x: Tensor, upper: Tensor) -> None:
        assert self.gradients is not None
        before = x.expand(self.critics, *x.shape) if index == 0 else self.h[index - 1]
        torch.bmm(before.transpose(1, 2), upper, out=self.gradients[f"weights.{index}"])
        torch.sum(upper, 1, keepdim=True, out=self.gradients[f"biases.{index}"])

    def input_gradient(self, upper: Tensor, columns: slice) -> Tensor:
        """Gradient at some columns of the input, summed over the critics: (size, columns).

        Args:
            upper: what :meth:`backward` gave.
            columns: which inputs.
        """
        part = self.weights[0][:, columns].transpose(1, 2)  # (2, hidden, columns)
        return torch.bmm(upper, part).sum(0)
