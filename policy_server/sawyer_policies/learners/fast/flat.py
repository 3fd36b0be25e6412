"""Parameters of a network side by side in one vector, and Adam on that vector."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

ALIGN = 16
"""Each parameter starts at a multiple of so many numbers (64 bytes); the gaps stay zero."""

Named = Sequence[tuple[str, torch.nn.Parameter]]


class FlatParameters:
    """One vector that holds the parameters; they become views of it.

    Convolution weights (O, I, h, w) are laid out with the channels last.

    Args:
        named: name and parameter; their ``data`` is replaced by a view.
    """

    def __init__(self, named: Named) -> None:
        self.named = list(named)
        self._spans: dict[str, tuple[int, int, torch.Size]] = {}
        size = 0
        for name, parameter in self.named:
            self._spans[name] = (size, parameter.numel(), parameter.shape)
            size += -(-parameter.numel() // ALIGN) * ALIGN
        device = self.named[0][1].device
        self.data = torch.zeros(size, device=device)
        for name, parameter in self.named:
            view = self.view(self.data, name)
            view.copy_(parameter.data)
            parameter.data = view

    def view(self, vector: Tensor, name: str) -> Tensor:
        """The part of ``vector`` that belongs to a parameter, in its shape."""
        start, count, shape = self._spans[name]
        part = vector[start : start + count]
        if len(shape) == 4:
            out, into, height, width = shape
            return part.view(out, height, width, into).permute(0, 3, 1, 2)
        return part.view(shape)

    def views(self, vector: Tensor) -> dict[str, Tensor]:
        """All parts of ``vector`` by name."""
        return {name: self.view(vector, name) for name, _ in self.named}


class FlatAdam:
    """Adam on a flat vector in one fused operation, the same arithmetic as ``PlainAdam``.

    ``gradient`` is filled by the update through ``gradients`` (views by name).
    """

    BETAS = (0.9, 0.999)
    EPS = 1e-8

    def __init__(self, named: Named, lr: float) -> None:
        self.flat = FlatParameters(named)
        self.lr = lr
        data = self.flat.data
        self.gradient = torch.zeros_like(data)
        self.gradients = self.flat.views(self.gradient)
        self._first, self._second = torch.zeros_like(data), torch.zeros_like(data)
        self._step = torch.zeros((), device=data.device)

    def step(self) -> None:
        """One step down ``gradient``."""
        self._step.add_(1.0)
        # the operation behind torch.optim.Adam(fused=True), whose wrapper costs as much again
        torch._fused_adam_(
            [self.flat.data],
            [self.gradient],
            [self._first],
            [self._second],
            [],
            [self._step],
            lr=self.lr,
            beta1=self.BETAS[0],
            beta2=self.BETAS[1],
            weight_decay=0.0,
            eps=self.EPS,
            amsgrad=False,
            maximize=False,
        )

    @property
    def steps(self) -> int:
        """Steps taken."""
        return int(self._step)

    @steps.setter
    def steps(self, value: int) -> None:
        self._step.fill_(float(value))

    def moments(self) -> dict[str, Tensor]:
        """First and second moments by name; views, to be read or filled."""
        found = {f"exp_avg.{n}": value for n, value in self.flat.views(self._first).items()}
        found |= {f"exp_avg_sq.{n}": value for n, value in self.flat.views(self._second).items()}
        return found
