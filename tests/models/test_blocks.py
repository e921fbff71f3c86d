"""Shared pieces: padding that mirrors where it can, and He initialisation."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from segstudio.models.blocks import he_init, pad_to, reach_below
from segstudio.models.network import construct
from segstudio.models.registry import find


def test_padding_mirrors_at_the_bottom_and_right_and_keeps_the_image_in_place():
    x = torch.arange(15.0).view(1, 1, 3, 5)
    padded = pad_to(x, 4)
    assert padded.shape == (1, 1, 4, 8)
    assert torch.equal(padded[..., :3, :5], x)
    assert torch.equal(padded[..., 3, :5], x[..., 1, :])  # mirrored about the last row
    assert torch.equal(padded[..., :3, 5:], x[..., [3, 2, 1]])


def test_a_side_too_short_to_mirror_is_repeated_and_the_other_side_still_mirrored():
    x = torch.arange(7.0).view(1, 1, 1, 7)
    padded = pad_to(x, 8)
    assert torch.equal(padded[0, 0, 7], padded[0, 0, 0])
    assert padded[0, 0, 0, 7] == x[0, 0, 0, 5]


def test_an_image_that_fits_is_not_copied():
    x = torch.zeros(1, 1, 16, 32)
    assert pad_to(x, 16) is x


@pytest.mark.parametrize(
    ("architecture", "options"),
    [("unet", {"width": 32}), ("segnet", {"width": 32}), ("segnet_basic", {}), ("fcn8s", {"width": 32, "hidden": 256})],
)
def test_weights_have_the_standard_deviation_of_he_and_biases_are_zero(architecture, options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = construct(architecture, 3, 5, find(architecture).complete(options))
    large = 0
    for part in module.modules():
        if not isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            continue
        assert part.bias is None or not part.bias.any()
        if part.weight.numel() > 30_000:  # enough for 2 %
            taps = 1 if isinstance(part, nn.ConvTranspose2d) else part.weight[0, 0].numel()
            assert part.weight.std().item() == pytest.approx(math.sqrt(2 / (taps * part.in_channels)), rel=0.02)
            assert abs(part.weight.mean().item()) < 0.02 * part.weight.std().item() + 1e-3
            large += 1
    assert large >= 4


def test_he_counts_one_tap_for_each_channel_in_a_2x2_up_convolution():
    up = nn.ConvTranspose2d(256, 128, 2, 2)
    he_init(up)
    assert up.weight.std().item() == pytest.approx(math.sqrt(2 / 256), rel=0.02)


@pytest.mark.parametrize(
    ("reach", "side", "factor", "interpolated", "below"),
    [
        (0, 1, 2, False, 0),
        (2, 1, 2, False, 2),
        (6, 2, 2, False, 8),
        (0, 1, 2, True, 2),
        (2, 2, 2, True, 4),
        (4, 2, 2, True, 8),
        (0, 1, 8, True, 8),
    ],
)
def test_reach_grows_to_the_cell_below_and_by_one_more_when_interpolating(reach, side, factor, interpolated, below):
    assert reach_below(reach, side, factor, interpolated=interpolated) == below
