"""Forward and backward passes of the MLPs, written out into buffers that are kept.

Views are made once: at these sizes making one costs a third of a small product.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sawyer_policies.learners.fast.norm import TwinNorm
from sawyer_policies.learners.networks import Mlp, TwinMlp


def _mask(gradient: Tensor, activation: Tensor) -> None:
    """Zero ``gradient`` in place where the ReLU let nothing through."""
    torch.ops.aten.threshold_backward.grad_input(gradient, activation, 0, grad_input=gradient)


def _bias_relu(h: Tensor, bias: Tensor) -> None:
    """Add the bias and apply the ReLU in place; on the CPU in one pass over ``h``."""
    if h.is_cuda:
        h.add_(bias).relu_()
    else:
        torch.ops.aten._add_relu_(h, bias)


class MlpPass:
    """An :class:`Mlp` at a fixed batch size.

    Args:
        net: the network.
        size: rows of its input.
        gradients: where parameter gradients go, by parameter name; None for inference alone.
        rows: last rows of the input that ``backward`` is for, all without it.
        columns: inputs whose gradient ``backward`` gives, none without it.
    """

    def __init__(
        self,
        net: Mlp,
        size: int,
        gradients: Mapping[str, Tensor] | None = None,
        rows: int | None = None,
        columns: slice | None = None,
    ) -> None:
        self.weights = [layer.weight.data for layer in net.layers]  # (out, in)
        self._transposed = [weight.t() for weight in self.weights]
        self.biases = [layer.bias.data for layer in net.layers]
        device = self.weights[0].device
        outs = [weight.shape[0] for weight in self.weights]
        self.h = [torch.empty(size, out, device=device) for out in outs]
        self._last = len(outs) - 1
        self._columns = None if columns is None else self.weights[0][:, columns]
        if gradients is not None:
            count = range(len(outs))
            self._d_weights = [gradients[f"layers.{index}.weight"] for index in count]
            self._d_biases = [gradients[f"layers.{index}.bias"] for index in count]
            self._h_rows = [h[size - (rows or size) :] for h in self.h[:-1]]
            self._dh = [torch.empty_like(h) for h in self._h_rows]
            self._dh_t = [dh.t() for dh in self._dh]

    def forward(self, x: Tensor) -> Tensor:
        """(size, in) to (size, out); the buffer is overwritten by the next call."""
        for index in range(self._last):
            x = torch.mm(x, self._transposed[index], out=self.h[index])
            _bias_relu(x, self.biases[index])
        return torch.addmm(self.biases[-1], x, self._transposed[-1], out=self.h[-1])

    def backward(self, x: Tensor, gradient: Tensor) -> Tensor | None:
        """Parameter gradients from that of the output; gives that of the asked inputs.

        Args:
            x: (rows, in) the last rows of the last input.
            gradient: (rows, out).
        """
        upper, upper_t = gradient, gradient.t()
        for index in range(self._last, 0, -1):
            before = self._h_rows[index - 1]
            torch.mm(upper_t, before, out=self._d_weights[index])
            torch.sum(upper, 0, out=self._d_biases[index])
            lower = torch.mm(upper, self.weights[index], out=self._dh[index - 1])
            _mask(lower, before)
            upper, upper_t = lower, self._dh_t[index - 1]
        # few columns: this order is several times faster than the other one
        self._d_weights[0].copy_(torch.mm(x.t(), upper).t())
        torch.sum(upper, 0, out=self._d_biases[0])
        return None if self._columns is None else torch.mm(upper, self._columns)


class TwinPass:
    """A :class:`TwinMlp`, or its first half alone, at a fixed batch size.

    Args:
        net: the critics.
        size: rows of the input.
        gradients: where parameter gradients go, by parameter name; None where not needed.
        critics: 2, or 1 for Q_1 alone.
        columns: inputs whose gradient is asked for.
    """

    def __init__(
        self,
        net: TwinMlp,
        size: int,
        gradients: Mapping[str, Tensor] | None = None,
        *,
        critics: int = 2,
        columns: slice | None = None,
    ) -> None:
        self.critics = critics
        self.weights = [weight.data[:critics] for weight in net.weights]  # (2, in, out)
        self.biases = [bias.data[:critics] for bias in net.biases]  # (2, 1, out)
        device = self.weights[0].device
        outs = [weight.shape[2] for weight in self.weights]
        self.h = [torch.empty(critics, size, out, device=device) for out in outs[:-1]]
        self.dh = [torch.empty_like(h) for h in self.h]
        self.norms = [
            TwinNorm(net, index, size, gradients, critics) for index in range(len(net.gains))
        ]  # one per hidden layer, or none
        self._d_products = list(self.dh)
        self.q = torch.empty(critics, size, device=device)
        self._top = len(self.h) - 1
        self._q_rows = list(self.q)
        self._h_top = list(self.h[-1])
        self._h_top_t = [h.t() for h in self._h_top]
        self._w_last = [weight[:, 0] for weight in self.weights[-1]]  # (hidden,) each
        self._b_last = [bias[0] for bias in self.biases[-1]]
        self._w_last_t = self.weights[-1].transpose(1, 2)
        self._w_t = [weight.transpose(1, 2) for weight in self.weights]
        self._h_t = [h.transpose(1, 2) for h in self.h]
        self._columns = None if columns is None else self._w_t[0][:, :, columns]
        if gradients is not None:
            count = range(len(outs))
            self._d_weights = [gradients[f"weights.{index}"] for index in count]
            self._d_biases = [gradients[f"biases.{index}"] for index in count]
            self._d_w_last = [gradient[:, 0] for gradient in self._d_weights[-1]]
            self._d_b_last = self._d_biases[-1].view(critics)

    def forward(self, x: Tensor) -> Tensor:
        """(size, in) to (2, size); the buffer is overwritten by the next call."""
        h = x.expand(self.critics, *x.shape)
        for index, out in enumerate(self.h):
            if self.norms:
                norm = self.norms[index]
                torch.bmm(h, self.weights[index], out=norm.before).add_(self.biases[index])
                h = norm.forward(out)
            else:
                h = torch.bmm(h, self.weights[index], out=out)
                _bias_relu(h, self.biases[index])
        for critic, out in enumerate(self._q_rows):
            torch.addmv(self._b_last[critic], self._h_top[critic], self._w_last[critic], out=out)
        return self.q

    def backward(self, dq: Tensor) -> Tensor:
        """Gradient at the first layer's product, (2, size, hidden), from that of the values."""
        upper = torch.mul(dq.unsqueeze(-1), self._w_last_t, out=self.dh[-1])
        _mask(upper, self.h[-1])
        for index in range(self._top, 0, -1):
            upper = torch.bmm(self._normed(upper, index), self._w_t[index], out=self.dh[index - 1])
            _mask(upper, self.h[index - 1])
        return self._normed(upper, 0)

    def _normed(self, upper: Tensor, index: int) -> Tensor:
        """Gradient at a layer's product, from the one in front of its ReLU."""
        if self.norms:
            upper = self._d_products[index] = self.norms[index].backward(upper)
        return upper

    def parameter_gradients(self, x: Tensor, dq: Tensor) -> None:
        """Write the parameter gradients, after :meth:`backward` with the same ``dq``.

        Args:
            x: (size, in) what ``forward`` got.
            dq: (2, size).
        """
        for critic, out in enumerate(self._d_w_last):
            torch.mv(self._h_top_t[critic], dq[critic], out=out)
        torch.sum(dq, 1, out=self._d_b_last)
        for norm, upper in zip(self.norms, self.dh, strict=False):
            norm.parameter_gradients(upper)
        for index, upper in enumerate(self._d_products):
            before = self._h_t[index - 1] if index else x.t().expand(self.critics, *x.t().shape)
            torch.bmm(before, upper, out=self._d_weights[index])
            torch.sum(upper, 1, keepdim=True, out=self._d_biases[index])

    def input_gradient(self, upper: Tensor) -> Tensor:
        """Gradient at the asked columns of the input, summed over the critics.

        Args:
            upper: what :meth:`backward` gave.
        """
        return torch.bmm(upper, self._columns).sum(0)

    def minimum_gradient(self, weight: float) -> Tensor:
        """``weight`` times the gradient of min_i Q_i at the asked columns: (size, columns).

        Only the critic that is the smaller one at a sample counts there, so on the CPU each
        product is made for those samples alone; on a GPU counting them would wait for it.
        """
        first = self.q[0] <= self.q[1]
        if first.is_cuda:
            dq = torch.stack([first, ~first]).to(self.q.dtype) * weight
            return self.input_gradient(self.backward(dq))
        assert self._columns is not None
        found = torch.empty(self.q.shape[1], self._columns.shape[2])
        for critic, chosen in enumerate((first, ~first)):
            rows = chosen.nonzero().squeeze(1)
            upper = self.h[-1][critic].index_select(0, rows).sign_()
            upper.mul_(self._w_last[critic] * weight)
            for index in range(self._top, 0, -1):
                if self.norms:
                    upper = self.norms[index].backward_rows(upper, critic, rows)
                upper = torch.mm(upper, self._w_t[index][critic])
                _mask(upper, self.h[index - 1][critic].index_select(0, rows))
            if self.norms:
                upper = self.norms[0].backward_rows(upper, critic, rows)
            found.index_copy_(0, rows, torch.mm(upper, self._columns[critic]))
        return found
