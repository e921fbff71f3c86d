"""A moving average of weights: cheap insurance against a bad last step."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MovingAverage:
    """Exponential moving average of a module's parameters; `cap` is the largest decay.

    The decay grows as (1 + t) / (10 + t), so that a short run is not dominated by its start.
    """

    def __init__(self, module: nn.Module, cap: float) -> None:
        self._cap = cap
        self.steps = 0
        self.weights: dict[str, Tensor] = {name: value.detach().clone() for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move towards the module's weights after a step."""
        self.steps += 1
        decay = min(self._cap, (1 + self.steps) / (10 + self.steps))
        for name, value in module.named_parameters():
            self.weights[name].lerp_(value, 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Give a module of the same shape the averaged weights."""
        for name, value in module.named_parameters():
            value.copy_(self.weights[name])
