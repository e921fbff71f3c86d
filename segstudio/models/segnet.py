"""SegNet and SegNet-Basic (Badrinarayanan, Kendall, Cipolla 2017, arXiv:1511.00561)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from segstudio.models.blocks import conv, he_init, pad_to

ENCODER = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Output channels of VGG16's 13 convolutions in units of the width (64), by stage."""

DECODER = ((8, 8, 8), (8, 8, 4), (4, 4, 2), (2, 1))
"""The mirrored decoder, deepest first; the last stage (one convolution, then the classes) stands apart."""


def pool(x: Tensor) -> tuple[Tensor, Tensor]:
    """2x2 max-pooling: the maxima and the places they came from, both (N, C, H / 2, W / 2)."""
    pooled: tuple[Tensor, Tensor] = F.max_pool2d(x, 2, return_indices=True)
    return pooled


def unpool(x: Tensor, places: Tensor) -> Tensor:
    """Each value back at the place its maximum was taken from, zero elsewhere: (N, C, 2 H, 2 W)."""
    return F.max_unpool2d(x, places, [2, 2])


class SegNet(nn.Module):
    """VGG16-BN encoder; the decoder unpools with the places the encoder's maxima came from; returns logits.

    No features are copied across, only indices. The last 3x3 convolution gives the classes, without norm and
    ReLU. Width 64 with three channels and 11 classes has the 29,449,355 parameters of the released network.
    Dropout, if any, is that of Bayesian SegNet: after encoder stages 3, 4, 5 and decoder stages 5, 4, 3.
    """

    stride: int = 32
    halo: int = 192

    def __init__(self, channels: int, classes: int, *, width: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder, features = _stages(ENCODER, channels, width)
        self.decoder, features = _stages(DECODER, features, width)
        scores = nn.Conv2d(width, classes, 3, padding=1)
        self.last = nn.Sequential(*conv(features, width, "batch", bias=True), scores)
        self.dropout = nn.Dropout(dropout)
        he_init(self)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        height, width = x.shape[-2:]
        x = pad_to(x, self.stride)
        indices = []
        for depth, stage in enumerate(self.encoder):
            x, places = pool(stage(x))
            indices.append(places)  # (N, width * .., H / 2^(i+1), W / 2^(i+1))
            x = self.dropout(x) if depth >= 2 else x
        for depth, stage in enumerate([*self.decoder, self.last]):
            x = stage(unpool(x, indices.pop()))
            x = self.dropout(x) if depth < 3 else x
        return x[..., :height, :width]  # (N, classes, H, W)


class SegNetBasic(nn.Module):
    """Four 7x7 convolutions down, four up, unpooling as in SegNet; the decoder has no ReLU; returns logits.

    The input is first normalised across its channels, as in the released definition. Width 64 with three
    channels and 11 classes has 1,416,075 parameters (no biases but the last, as the paper says).
    """

    stride: int = 16
    halo: int = 96

    def __init__(self, channels: int, classes: int, *, width: int = 64) -> None:
        super().__init__()
        inputs = (channels, width, width, width)
        self.encoder = nn.ModuleList(nn.Sequential(*conv(i, width, "batch", kernel=7)) for i in inputs)
        self.decoder = nn.ModuleList(nn.Sequential(*conv(width, width, "batch", kernel=7, relu=False)) for _ in inputs)
        self.head = nn.Conv2d(width, classes, 1)
        he_init(self)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        height, width = x.shape[-2:]
        x = F.local_response_norm(pad_to(x, self.stride), 5, alpha=1e-4, beta=0.75)
        indices = []
        for stage in self.encoder:
            x, places = pool(stage(x))
            indices.append(places)  # (N, width, H / 2^(i+1), W / 2^(i+1))
        for stage in self.decoder:
            x = stage(unpool(x, indices.pop()))
        logits: Tensor = self.head(x)  # (N, classes, H, W)
        return logits[..., :height, :width]


def _stages(plan: tuple[tuple[int, ...], ...], inputs: int, width: int) -> tuple[nn.ModuleList, int]:
    stages = nn.ModuleList()
    for stage in plan:
        layers: list[nn.Module] = []
        for factor in stage:
            layers += conv(inputs, factor * width, "batch", bias=True)
            inputs = factor * width
        stages.append(nn.Sequential(*layers))
    return stages, inputs
