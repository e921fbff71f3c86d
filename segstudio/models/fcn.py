"""FCN-32s, FCN-16s, FCN-8s (Long, Shelhamer, Darrell 2015, arXiv:1411.4038)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segstudio.models.blocks import conv, he_init, pad_to, reach_below, round_up

VGG16 = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Output channels of the 13 convolutions in units of the width (64), by stage; a stage ends in a pooling."""


class Upsample(nn.Module):
    """Transposed convolution by an even factor, one kernel for each class, initialised bilinear.

    The scores are extended by one cell on each side before and cropped after, so that the upsampling does not
    fade to zero at the border: at initialisation it equals bilinear interpolation (align_corners=False)
    everywhere. Each score lies over the centre of its cell, which is where the paper's 100 pixels of padding
    and its crop offsets (19; 5 and 27; 5, 9 and 31) put it too.
    """

    def __init__(self, classes: int, factor: int, *, learnt: bool) -> None:
        super().__init__()
        self.factor = factor
        self.weight = nn.Parameter(bilinear_kernel(classes, factor), requires_grad=learnt)

    def forward(self, scores: Tensor) -> Tensor:  # (N, classes, h, w)
        f = self.factor
        grown = F.pad(scores, (1, 1, 1, 1), mode="replicate")
        up = F.conv_transpose2d(grown, self.weight, stride=f, padding=f // 2, groups=scores.shape[1])
        return up[..., f:-f, f:-f]  # (N, classes, factor * h, factor * w)


def bilinear_kernel(classes: int, factor: int) -> Tensor:
    """Kernel (classes, 1, 2 * factor, 2 * factor) that interpolates bilinearly by `factor`."""
    places = torch.arange(2 * factor, dtype=torch.float32)
    line = 1 - (places - factor + 0.5).abs() / factor
    return torch.outer(line, line).expand(classes, 1, -1, -1).clone()


class FCN(nn.Module):
    """VGG16 turned into convolutions; class scores of several depths are summed and upsampled; logits.

    `fused` says which poolings besides the last give scores: () is FCN-32s, (4,) FCN-16s, (4, 3) FCN-8s. All
    score layers start at zero, so 16s and 8s start as 32s. The paper's network is width 64, hidden 4096,
    kernel 7, norm "none". `upsampling` "paper" learns the 2x kernels and fixes the last one, "fixed" fixes
    all (the reference code), "learnt" learns all.
    """

    stride: int = 32
    halo: int
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
        upsampling: str = "paper",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.halo = _halo(kernel, len(self.fused))
        self.encoder = nn.ModuleList()
        features = channels
        for stage in VGG16:
            layers: list[nn.Module] = []
            for factor in stage:
                layers += conv(features, factor * width, norm, bias=True)
                features = factor * width
            self.encoder.append(nn.Sequential(*layers))
        self.conv6 = nn.Sequential(*conv(features, hidden, norm, kernel=kernel), nn.Dropout(dropout))
        self.conv7 = nn.Sequential(*conv(hidden, hidden, norm, kernel=1), nn.Dropout(dropout))
        self.score = nn.Conv2d(hidden, classes, 1)
        depths = {str(p): VGG16[p - 1][-1] * width for p in self.fused}
        self.scores = nn.ModuleDict({p: nn.Conv2d(inputs, classes, 1) for p, inputs in depths.items()})
        he_init(self)
        for weight in (*self.score.parameters(), *self.scores.parameters()):
            nn.init.zeros_(weight)
        self.twice = nn.ModuleList(Upsample(classes, 2, learnt=upsampling != "fixed") for _ in self.fused)
        self.final = Upsample(classes, self.stride >> len(self.fused), learnt=upsampling == "learnt")

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        height, width = x.shape[-2:]
        x = pad_to(x, self.stride)
        pooled = []
        for stage in self.encoder:
            x = F.max_pool2d(stage(x), 2)
            pooled.append(x)  # (N, width * .., H / 2^i, W / 2^i)
        scores = self.score(self.conv7(self.conv6(x)))  # (N, classes, H / 32, W / 32)
        for up, place in zip(self.twice, self.fused, strict=True):
            scores = up(scores) + self.scores[str(place)](pooled[place - 1])
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


def _halo(kernel: int, fused: int) -> int:
    side = 32 >> fused
    reach = reach_below(0, 1, side, interpolated=True)
    while side < 32:
        reach = reach_below(reach, side, 2, interpolated=True)
        side *= 2
    reach += kernel // 2 * 32
    reach += sum(len(stage) * 2**level for level, stage in enumerate(VGG16))
    return round_up(reach, 32)
