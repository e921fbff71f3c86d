"""A moving average of weights: cheap insurance against a bad last step."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MovingAverage:
    """Exponential moving average of a module's parameters; `cap` is the largest decay.

    From random weights the decay grows as (1 + t) / (10 + t), so that a short run is not dominated by its start.
    `trained` weights are worth remembering: the decay is `cap` from the first step, and a short run is a mean of the
    champion and what followed (as averaging weights after fine-tuning, Wortsman et al. 2022, arXiv:2109.01903).
    """

    def __init__(self, module: nn.Module, cap: float, *, trained: bool = False) -> None:
        self._cap, self._trained = cap, trained
        self.steps = 0
        self.weights: dict[str, Tensor] = {name: value.detach().clone() for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move towards the module's weights after a step."""
        self.steps += 1
        decay = self._cap if self._trained else min(self._cap, (1 + self.steps) / (10 + self.steps))
        for name, value in module.named_parameters():
            self.weights[name].lerp_(value, 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Give a module of the same shape the averaged weights."""
        for name, value in module.named_parameters():
            value.copy_(self.weights[name])
