"""Pieces the networks share: convolution steps, He initialisation, padding, how far an output sees."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn


def conv(
    inputs: int, outputs: int, norm: str, *, kernel: int = 3, bias: bool | None = None, relu: bool = True
) -> list[nn.Module]:
    """A padded convolution, batch norm if `norm` is "batch", ReLU. Bias defaults to "only without norm"."""
    batch = norm == "batch"
    with_bias = not batch if bias is None else bias
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=with_bias)]
    if batch:
        layers.append(nn.BatchNorm2d(outputs))
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return layers


def he_init(module: nn.Module) -> None:
    """Zero-mean Gaussian weights of std sqrt(2 / N), zero biases (He et al. 2015; U-Net and SegNet use it).

    N is the number of nodes that feed one output: kernel area times input channels. In a transposed
    convolution whose stride is its kernel size each output has one tap for each input channel.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            taps = part.weight[0, 0].numel()
            if isinstance(part, nn.ConvTranspose2d):
                taps //= math.prod(part.stride)
            nn.init.normal_(part.weight, 0.0, math.sqrt(2 / (taps * part.in_channels)))
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def pad_to(x: Tensor, multiple: int) -> Tensor:
    """Grow height and width to the next multiple, at the bottom and right; crop the network's result back.

    Each side is mirrored where there is enough image to mirror, else its last row or column is repeated.
    """
    height, width = x.shape[-2:]
    down, right = -height % multiple, -width % multiple
    if down:
        x = F.pad(x, (0, 0, 0, down), mode="reflect" if down < height else "replicate")
    if right:
        x = F.pad(x, (0, right, 0, 0), mode="reflect" if right < width else "replicate")
    return x


def round_up(reach: int, multiple: int) -> int:
    """The smallest multiple that is not less than `reach`."""
    return -(-reach // multiple) * multiple


def reach_below(reach: int, side: int, factor: int, *, interpolated: bool = False) -> int:
    """How far an output sees on the grid it is upsampled from, in pixels of the image.

    The output starts at a multiple of the network's stride and sees `reach` pixels beyond that on a grid of
    cells `side` pixels wide; the grid below has cells `factor` times wider. Unpooling and 2x2 up-convolution
    take each cell from the one it lies in; interpolation also takes the neighbour on the nearer side.
    """
    coarse = side * factor
    whole = round_up(reach, coarse)
    nearer_half = 2 * (whole - reach) < coarse
    return whole + coarse if interpolated and nearer_half else whole
