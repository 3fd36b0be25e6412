"""Adam over named parameters, with a state that is the same for both ways of stepping."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Named = Sequence[tuple[str, torch.nn.Parameter]]


class PlainAdam:
    """``torch.optim.Adam``, one parameter after the other.

    Args:
        named: name and parameter, in a fixed order.
        lr: step size.
    """

    def __init__(self, named: Named, lr: float) -> None:
        self.named = list(named)
        self.parameters = [parameter for _, parameter in self.named]
        self._adam = torch.optim.Adam(self.parameters, lr=lr, foreach=False, fused=False)
        for parameter in self.parameters:
            self._adam.state[parameter] = {
                "step": torch.tensor(0.0),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }

    def step(self, gradients: Sequence[Tensor]) -> None:
        """One step down ``gradients``, given in the order of the parameters."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self._adam.step()

    @property
    def steps(self) -> int:
        """Steps taken."""
        return int(self._adam.state[self.parameters[0]]["step"])

    @steps.setter
    def steps(self, value: int) -> None:
        for parameter in self.parameters:
            self._adam.state[parameter]["step"].fill_(float(value))

    def moments(self) -> dict[str, Tensor]:
        """First and second moments by name; the tensors themselves, to be read or filled."""
        found: dict[str, Tensor] = {}
        for name, parameter in self.named:
            state = self._adam.state[parameter]
            found[f"exp_avg.{name}"] = state["exp_avg"]
            found[f"exp_avg_sq.{name}"] = state["exp_avg_sq"]
        return found
