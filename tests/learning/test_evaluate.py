from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from segstudio.core.codes import Origin, encode
from segstudio.learning.device import Device
from segstudio.learning.evaluate import dice, evaluate
from segstudio.learning.labelled import Labelled
from segstudio.models.card import Card
from segstudio.models.network import Network

Make = Callable[..., Labelled]


class Threshold(nn.Module):
    """Class 1 where the scaled pixel is above 0; counts the pixels it was asked for."""

    stride, halo = 1, 0
    seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        Threshold.seen.append(x.shape[-1] * x.shape[-2])
        return torch.cat((-x, x), dim=1)


def threshold() -> Network:
    Threshold.seen = []
    return Network(Threshold(), Card("threshold", {}, 1, (("background", "#000000"), ("cell", "#ffffff"))))


def test_the_counts_are_those_of_the_validation_pixels(cpu: Device, squares: Make) -> None:
    region = squares(side=300)
    found = evaluate(threshold(), [region], cpu)
    truth, predicted = region.codes & 255, region.pixels[..., 0] > 110
    for row in (0, 1):
        for column in (0, 1):
            expected = ((truth == row) & (predicted == column) & region.validation).sum()
            assert found.pooled[row, column] == expected


def test_training_pixels_can_be_scored_instead(cpu: Device, squares: Make) -> None:
    region = squares(side=300)
    both = evaluate(threshold(), [region], cpu).pixels + evaluate(threshold(), [region], cpu, training=True).pixels
    assert both == 300 * 300


def test_only_windows_with_labelled_pixels_are_computed(cpu: Device, squares: Make) -> None:
    codes = np.zeros((2000, 2000), np.uint16)
    codes[1000:1010, 1000:1010] = encode(1, Origin.PAINTED)
    evaluate(threshold(), [squares(side=2000, codes=codes, role="validation")], cpu)
    assert sum(Threshold.seen) < 300 * 300


def test_regions_are_counted_apart_and_those_without_labels_left_out(cpu: Device, squares: Make) -> None:
    regions = [squares(0, role="validation"), squares(1, role="train"), squares(2, role="validation")]
    found = evaluate(threshold(), regions, cpu)
    assert found.groups == ("0", "2") and len(found.counts) == 2
    assert dice(found.pooled)[1] > 0.9


def test_nothing_held_out_scores_nothing(cpu: Device, squares: Make) -> None:
    found = evaluate(threshold(), [squares(role="train")], cpu)
    assert found.pixels == 0 and found.counts == ()
