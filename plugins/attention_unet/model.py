"""Attention U-Net (Oktay et al. 2018, arXiv:1804.03999): additive attention gates on the skips of a U-Net.

An example of what a plugin brings: one callable `make(channels, classes, **options)` that gives a torch module with a
`stride`. It uses torch alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def convolutions(inputs: int, outputs: int) -> nn.Sequential:
    """Twice 3x3 convolution, batch norm, ReLU."""
    parts: list[nn.Module] = []
    for before in (inputs, outputs):
        parts += [nn.Conv2d(before, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*parts)


class Gate(nn.Module):
    """Weighs each place of a skip, 0..1, by itself and by what lies under it a level deeper (equation 1)."""

    def __init__(self, skip: int, deeper: int) -> None:
        super().__init__()
        inner = max(1, skip // 2)
        self.of_skip = nn.Conv2d(skip, inner, 2, stride=2, bias=False)
        self.of_deeper = nn.Conv2d(deeper, inner, 1)
        self.weight = nn.Conv2d(inner, 1, 1)

    def forward(self, skip: Tensor, deeper: Tensor) -> Tensor:
        weight = torch.sigmoid(self.weight(F.relu(self.of_skip(skip) + self.of_deeper(deeper))))  # (N, 1, H/2, W/2)
        return skip * F.interpolate(weight, scale_factor=2.0, mode="bilinear", align_corners=False)


class AttentionUNet(nn.Module):
    """Float32 (N, channels, H, W) of any size to logits (N, classes, H, W)."""

    def __init__(self, channels: int, classes: int, *, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        levels = [width * 2**level for level in range(depth + 1)]
        self.stride = 2**depth
        self.down = nn.ModuleList(convolutions(i, o) for i, o in zip([channels, *levels], levels, strict=False))
        self.gates = nn.ModuleList(Gate(s, d) for s, d in zip(levels[-2::-1], levels[:0:-1], strict=True))
        self.up = nn.ModuleList(convolutions(s + d, s) for s, d in zip(levels[-2::-1], levels[:0:-1], strict=True))
        self.head = nn.Conv2d(width, classes, 1)

    @property
    def bottom(self) -> nn.Module:
        """The deepest layer, which Seg-Grad-CAM looks at."""
        return self.down[-1]

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % self.stride, 0, -height % self.stride), mode="replicate")
        skips = []
        for level, convs in enumerate(self.down):
            x = convs(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for gate, convs, skip in zip(self.gates, self.up, skips[-2::-1], strict=True):
            wide = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = convs(torch.cat((gate(skip, x), wide), 1))
        return self.head(x)[..., :height, :width]
