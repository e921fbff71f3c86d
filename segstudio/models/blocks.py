"""Pieces the three networks share: convolution steps, He initialisation, padding to a multiple."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


def conv3(inputs: int, outputs: int, norm: str, *, bias: bool | None = None) -> list[nn.Module]:
    """A padded 3x3 convolution, batch norm if `norm` is "batch", ReLU. Bias defaults to "only without norm"."""
    batch = norm == "batch"
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=not batch if bias is None else bias)]
    if batch:
        layers.append(nn.BatchNorm2d(outputs))
    layers.append(nn.ReLU(inplace=True))
    return layers


def he_init(module: nn.Module) -> None:
    """Zero-mean Gaussian weights of std sqrt(2 / fan-in), zero biases (He et al. 2015; all three papers)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def pad_to(x: Tensor, multiple: int) -> Tensor:
    """Grow height and width to the next multiple, at the bottom and right: mirrored where there is enough
    image to mirror, else the last row and column repeated. Crop the result of the network back to x's size."""
    height, width = x.shape[-2:]
    down, right = -height % multiple, -width % multiple
    if not down and not right:
        return x
    mode = "reflect" if down < height and right < width else "replicate"
    return F.pad(x, (0, right, 0, down), mode=mode)
