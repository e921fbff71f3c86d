"""U-Net (Ronneberger, Fischer, Brox 2015, arXiv:1505.04597), with padded convolutions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segstudio.models.blocks import conv, he_init, pad_to, reach_below, round_up


def double_conv(inputs: int, outputs: int, norm: str) -> nn.Sequential:
    """Twice 3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(*conv(inputs, outputs, norm), *conv(outputs, outputs, norm))


class Up(nn.Module):
    """Upsample 2x, concatenate the encoder's features of that level, convolve twice."""

    def __init__(self, inputs: int, outputs: int, norm: str, upsampling: str) -> None:
        super().__init__()
        learnt = upsampling == "learnt"
        self.up = nn.ConvTranspose2d(inputs, outputs, 2, 2) if learnt else None
        self.convs = double_conv(2 * outputs if learnt else inputs + outputs, outputs, norm)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        if self.up is not None:
            x = self.up(x)
        else:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        convolved: Tensor = self.convs(torch.cat((skip, x), dim=1))
        return convolved


class UNet(nn.Module):
    """Contracting path for context, expanding path with skips for place, one 1x1 head; returns logits.

    The original pads nothing and crops the skips; here convolutions are padded and the output has the input's
    size. Batch norm is the usual later addition; norm="none", upsampling="learnt", depth=4, width=64 has the
    paper's 31,030,658 parameters for one channel and two classes. `halo` is how far a logit sees, in pixels:
    tiles that overlap by it and start at multiples of `stride` give the whole image's logits in eval mode.
    """

    stride: int
    halo: int

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        width: int = 64,
        depth: int = 4,
        upsampling: str = "learnt",
        norm: str = "batch",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        levels = [width * 2**i for i in range(depth + 1)]  # 64 128 256 512 1024
        self.stride = 2**depth
        self.halo = _halo(depth, interpolated=upsampling == "bilinear")
        self.encoder = nn.ModuleList(
            double_conv(above, level, norm) for above, level in zip([channels, *levels[:-2]], levels[:-1], strict=True)
        )
        self.bottom = double_conv(levels[-2], levels[-1], norm)
        self.dropout = nn.Dropout(dropout)
        self.decoder = nn.ModuleList(
            Up(below, level, norm, upsampling) for level, below in zip(levels[-2::-1], levels[:0:-1], strict=True)
        )
        self.head = nn.Conv2d(width, classes, 1)
        he_init(self)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        height, width = x.shape[-2:]
        logits: Tensor = self.head(self.features(pad_to(x, self.stride))[-1])  # (N, classes, H, W)
        return logits[..., :height, :width]

    def features(self, x: Tensor) -> list[Tensor]:
        """What each level finds, from the first of the encoder over the bottom to the last of the decoder.

        `x` is (N, C, H, W) with sides that are multiples of `stride`; the last map, which the head reads, is
        (N, width, H, W).
        """
        found = []
        for level in self.encoder:
            found.append(level(x))  # (N, width * 2^i, H / 2^i, W / 2^i)
            x = F.max_pool2d(found[-1], 2)
        x = self.dropout(self.bottom(x))  # (N, width * 2^depth, H / 2^depth, W / 2^depth)
        skips = found[::-1]
        found.append(x)
        for up, skip in zip(self.decoder, skips, strict=True):
            found.append(up(found[-1], skip))
        return found


def _halo(depth: int, *, interpolated: bool) -> int:
    reach = 0
    for level in range(depth):  # two 3x3 convolutions see two cells of their level
        reach = reach_below(reach + 2 * 2**level, 2**level, 2, interpolated=interpolated)
    reach += sum(2 * 2**level for level in range(depth + 1))
    return round_up(reach, 2**depth)
