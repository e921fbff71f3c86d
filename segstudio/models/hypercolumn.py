"""Hypercolumns: what all levels of a network and fixed filters say about a pixel (Hariharan et al. 2015,
arXiv:1411.5752), and a small head on them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segstudio.models.blocks import pad_to
from segstudio.models.unet import UNet

OCTAVES = 4
"""Scales of the filter bank: sigma 1, 2, 4 and 8 pixels."""


class FilterBank(nn.Module):
    """Rotation-invariant filters at several scales, as pixel classifiers use them (ilastik); nothing is learnt.

    For each channel and octave: the smoothed value, gradient magnitude, the two eigenvalues of the Hessian, the
    two of the structure tensor, and what smoothing took away once and would take away once more: differences of
    Gaussians (Marr and Hildreth 1980), half an octave apart, which tell a spot from a plain. Octave i is computed
    on the image reduced 2^i times.
    """

    smooth: Tensor

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16  # binomial, sigma 1
        self.register_buffer("smooth", torch.outer(line, line)[None, None])

    def forward(self, x: Tensor) -> list[Tensor]:  # (N, C, H, W) -> OCTAVES x (N, 8 * C, H / 2^i, W / 2^i)
        found = []
        for octave in range(OCTAVES):
            smooth = self._blur(x)
            found.append(torch.cat((self._responses(smooth), x - smooth, smooth - self._blur(smooth)), 1))
            x = smooth
            if octave + 1 < OCTAVES:
                x = F.avg_pool2d(x, 2)
        return found

    def _blur(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        grown = F.pad(x, (2, 2, 2, 2), mode="replicate")
        return F.conv2d(grown, self.smooth.expand(channels, 1, 5, 5), groups=channels)

    def _responses(self, x: Tensor) -> Tensor:
        p = F.pad(x, (1, 1, 1, 1), mode="replicate")
        middle, left, right = p[..., 1:-1, 1:-1], p[..., 1:-1, :-2], p[..., 1:-1, 2:]
        up, down = p[..., :-2, 1:-1], p[..., 2:, 1:-1]
        dx, dy = (right - left) / 2, (down - up) / 2
        dxx, dyy = right + left - 2 * middle, down + up - 2 * middle
        dxy = (p[..., 2:, 2:] + p[..., :-2, :-2] - p[..., 2:, :-2] - p[..., :-2, 2:]) / 4
        xx, yy, xy = self._blur(torch.cat((dx * dx, dy * dy, dx * dy), 1)).chunk(3, 1)
        gradient = (dx * dx + dy * dy + 1e-8).sqrt()
        energy = [(part + 1e-8).sqrt() for part in _eigenvalues(xx, yy, xy, floor=0.0)]
        return torch.cat((x, gradient, *_eigenvalues(dxx, dyy, dxy), *energy), 1)


def _eigenvalues(xx: Tensor, yy: Tensor, xy: Tensor, floor: float | None = None) -> tuple[Tensor, Tensor]:
    """Larger and smaller eigenvalue of the symmetric matrices [[xx, xy], [xy, yy]]."""
    middle, half = (xx + yy) / 2, (((xx - yy) / 2) ** 2 + xy**2 + 1e-12).sqrt()
    low = middle - half
    return middle + half, low if floor is None else low.clamp_min(floor)


class Hypercolumns(nn.Module):
    """What a pixel looks like: features of all levels of a U-Net, and the filter bank's.

    `sizes` are the channels of the maps in their order, of which the first `trunk_maps` are the U-Net's.
    """

    def __init__(self, trunk: UNet, channels: int) -> None:
        super().__init__()
        self.trunk, self.bank = trunk, FilterBank()
        self.stride = max(trunk.stride, 2 ** (OCTAVES - 1))
        with torch.no_grad():
            maps = self(torch.zeros(1, channels, self.stride, self.stride))
        self.sizes = [part.shape[1] for part in maps]
        self.trunk_maps = len(maps) - OCTAVES

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps (N, C_i, h_i, w_i), each over the whole of `x` (N, C, H, W), whose sides are multiples of `stride`."""
        return [*self.trunk.features(x), *self.bank(x)]

    def read(self, x: Tensor, at: Tensor) -> Tensor:
        """Features (n, sum of sizes), on the CPU, of the pixels `at` (n, 2; column, row) of one image (1, C, H, W).

        Coarse maps are interpolated bilinearly between the centres of their cells.
        """
        x = pad_to(x, self.stride)
        with torch.no_grad():
            size = torch.tensor([x.shape[-1], x.shape[-2]], device=x.device)
            grid = ((at.to(x.device) + 0.5) / size * 2 - 1).to(x.dtype)[None, None]
            found = [
                F.grid_sample(part, grid, mode="bilinear", padding_mode="border", align_corners=False)[0, :, 0].T
                for part in self(x)
            ]
        return torch.cat(found, 1).float().cpu()


class QuickNetwork(nn.Module):
    """Logits from hypercolumns by one hidden layer for each pixel; with `champion`, the mean of both opinions.

    `fitted` are the weights (hidden, D) and biases (hidden) of the first layer and (classes, hidden), (classes) of
    the second. The first layer is linear, so it is applied to each map at its own size and its result upsampled
    bilinearly: exactly the hidden layer on upsampled features, at a fraction of the cost. `blend` is the champion's
    share in the mean of probabilities. A champion that knows fewer classes has outputs for those at the places
    `theirs`: how likely the others are the head says alone.
    """

    def __init__(
        self, columns: Hypercolumns, fitted: Sequence[Tensor], champion: nn.Module | None = None, blend: float = 0.5,
        theirs: Sequence[int] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.columns, self.champion, self.blend = columns, champion, blend
        stride: int = champion.stride if champion is not None else 1  # type: ignore[assignment]
        self.stride, self.theirs = math.lcm(columns.stride, stride), list(theirs)
        first, bias, second, last = fitted
        parts = torch.split(first, columns.sizes, 1)
        self.first = nn.ParameterList(nn.Parameter(part[:, :, None, None], requires_grad=False) for part in parts)
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.second = nn.Parameter(second[:, :, None, None], requires_grad=False)
        self.last = nn.Parameter(last, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W)
        height, width = x.shape[-2:]
        padded = pad_to(x, self.columns.stride)
        whole = (padded.shape[-2], padded.shape[-1])
        alike: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
        for weight, features in zip(self.first, self.columns(padded), strict=True):
            # Channels last: interpolation is six times faster, and sums of mixed layouts forty times slower.
            features = features.contiguous(memory_format=torch.channels_last)
            alike.setdefault((features.shape[-2], features.shape[-1]), []).append((features, weight))
        total: Tensor | None = None
        for _, pairs in sorted(alike.items(), reverse=True):  # the full size first
            maps, weights = (torch.cat(parts, 1) for parts in zip(*pairs, strict=True))
            if total is None:
                total = F.conv2d(maps, weights, self.bias)
            else:
                total += F.interpolate(F.conv2d(maps, weights), whole, mode="bilinear", align_corners=False)
        assert total is not None
        logits: Tensor = F.conv2d(total.relu_(), self.second, self.last)[..., :height, :width]
        if self.champion is None:
            return logits
        own, said = logits.softmax(1), self.champion(x).softmax(1)
        if self.theirs:
            known = own[:, self.theirs]
            mean = own.index_copy(1, torch.tensor(self.theirs, device=own.device), self._mixed(known, said))
        else:
            mean = (1 - self.blend) * own + self.blend * said
        blended: Tensor = mean.clamp_min(1e-7).log()
        return blended

    def _mixed(self, known: Tensor, said: Tensor) -> Tensor:
        """Both opinions on the classes that both know; together they are as likely as the head says."""
        return (1 - self.blend) * known + self.blend * known.sum(1, keepdim=True) * said
