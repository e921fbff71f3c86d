"""SegNet (Badrinarayanan, Kendall, Cipolla 2017, arXiv:1511.00561)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from segstudio.models.blocks import conv3, he_init, pad_to

ENCODER = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Output channels of VGG16's 13 convolutions in units of the width (64), by stage."""

DECODER = ((8, 8, 8), (8, 8, 4), (4, 4, 2), (2, 1))
"""The mirrored decoder, deepest first; the last stage (one convolution, then the classes) stands apart."""


class SegNet(nn.Module):
    """VGG16-BN encoder; the decoder unpools with the places the encoder's maxima came from; returns logits.

    No features are copied across, only indices. The last 3x3 convolution gives the classes, without norm and
    ReLU. Width 64 with three channels and 11 classes has the 29,449,355 parameters of the released network.
    """

    stride = 32
    halo = 192

    def __init__(self, channels: int, classes: int, *, width: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder, features = _stages(ENCODER, channels, width)
        self.decoder, features = _stages(DECODER, features, width)
        self.last = nn.Sequential(*conv3(features, width, "batch", bias=True), nn.Conv2d(width, classes, 3, padding=1))
        self.dropout = nn.Dropout2d(dropout)
        he_init(self)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        height, width = x.shape[-2:]
        x = pad_to(x, self.stride)
        indices = []
        for depth, stage in enumerate(self.encoder):
            x, places = F.max_pool2d(stage(x), 2, return_indices=True)
            indices.append(places)  # (N, width * .., H / 2^(i+1), W / 2^(i+1))
            x = self.dropout(x) if depth >= 2 else x
        for depth, stage in enumerate([*self.decoder, self.last]):
            x = stage(F.max_unpool2d(x, indices.pop(), [2]))
            x = self.dropout(x) if depth < 3 else x
        return x[..., :height, :width]  # (N, classes, H, W)


def _stages(plan: tuple[tuple[int, ...], ...], inputs: int, width: int) -> tuple[nn.ModuleList, int]:
    stages = nn.ModuleList()
    for stage in plan:
        layers: list[nn.Module] = []
        for factor in stage:
            layers += conv3(inputs, factor * width, "batch", bias=True)
            inputs = factor * width
        stages.append(nn.Sequential(*layers))
    return stages, inputs
