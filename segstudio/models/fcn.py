"""FCN-32s, FCN-16s, FCN-8s (Long, Shelhamer, Darrell 2015, arXiv:1411.4038)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segstudio.models.blocks import conv3, he_init, pad_to

VGG16 = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Output channels of the 13 convolutions in units of the width (64), by stage; each stage ends in a pooling."""


class Upsample(nn.Module):
    """Transposed convolution by an integer factor, one kernel for each class, initialised bilinear.

    The scores are extended by one cell on each side before and cropped after, so that the upsampling does not
    fade to zero at the border: at initialisation it equals bilinear interpolation (align_corners=False)
    everywhere. This is the padded equivalent of the paper's 100 pixels of padding and its crop offsets.
    """

    def __init__(self, classes: int, factor: int, *, learnt: bool) -> None:
        super().__init__()
        self.factor = factor
        self.weight = nn.Parameter(bilinear_kernel(classes, factor), requires_grad=learnt)

    def forward(self, scores: Tensor) -> Tensor:
        f = self.factor
        grown = F.pad(scores, (1, 1, 1, 1), mode="replicate")
        up = F.conv_transpose2d(grown, self.weight, stride=f, padding=f // 2, groups=scores.shape[1])
        return up[..., f:-f, f:-f]


def bilinear_kernel(classes: int, factor: int) -> Tensor:
    """Kernel (classes, 1, 2 * factor, 2 * factor) that interpolates bilinearly by `factor`."""
    places = torch.arange(2 * factor, dtype=torch.float32)
    line = 1 - (places - factor + 0.5).abs() / factor
    return torch.outer(line, line).expand(classes, 1, -1, -1).clone()


class FCN(nn.Module):
    """VGG16 turned into convolutions; class scores of several depths are summed and upsampled; logits.

    `fused` says which poolings besides the last give scores: () is FCN-32s, (4,) FCN-16s, (4, 3) FCN-8s. Score
    layers start at zero, so 16s and 8s start as 32s. Dropout 0.5 after conv6 and conv7. The paper's network is
    width 64, hidden 4096, kernel 7, norm "none"; the final upsampling is fixed, those in between are learnt.
    """

    stride = 32
    fused: tuple[int, ...] = ()

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        width: int = 64,
        hidden: int = 4096,
        kernel: int = 7,
        norm: str = "none",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.encoder = nn.ModuleList()
        features = channels
        for stage in VGG16:
            layers: list[nn.Module] = []
            for factor in stage:
                layers += conv3(features, factor * width, norm)
                features = factor * width
            self.encoder.append(nn.Sequential(*layers))
        self.conv6 = _head(features, hidden, kernel, norm, dropout)
        self.conv7 = _head(hidden, hidden, 1, norm, dropout)
        self.score = nn.Conv2d(hidden, classes, 1)
        self.scores = nn.ModuleDict({str(p): nn.Conv2d(VGG16[p - 1][-1] * width, classes, 1) for p in self.fused})
        he_init(self)
        for layer in (self.score, *self.scores.values()):
            assert isinstance(layer, nn.Conv2d) and layer.bias is not None
            nn.init.zeros_(layer.weight)
        self.twice = nn.ModuleList(Upsample(classes, 2, learnt=True) for _ in self.fused)
        self.final = Upsample(classes, 32 >> len(self.fused), learnt=False)
        reach = 90 + kernel // 2 * 32 + sum(32 >> i for i in range(len(self.fused) + 1))
        self.halo = -(-reach // 32) * 32

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        height, width = x.shape[-2:]
        x = pad_to(x, self.stride)
        pooled = []
        for stage in self.encoder:
            x = F.max_pool2d(stage(x), 2)
            pooled.append(x)  # (N, width * .., H / 2^i, W / 2^i)
        scores = self.score(self.conv7(self.conv6(x)))  # (N, classes, H / 32, W / 32)
        for up, pool in zip(self.twice, self.fused, strict=True):
            scores = up(scores) + self.scores[str(pool)](pooled[pool - 1])
        logits: Tensor = self.final(scores)  # (N, classes, H, W)
        return logits[..., :height, :width]


class FCN32s(FCN):
    """One score at stride 32."""


class FCN16s(FCN):
    """Plus the scores of pool4."""

    fused = (4,)


class FCN8s(FCN):
    """Plus the scores of pool4 and pool3."""

    fused = (4, 3)


def _head(inputs: int, outputs: int, kernel: int, norm: str, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=norm != "batch")]
    if norm == "batch":
        layers.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*layers, nn.ReLU(inplace=True), nn.Dropout2d(dropout))
