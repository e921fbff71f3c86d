"""SegNet: the released counts, and maxima go back to where they came from."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from segstudio.models.segnet import pool, unpool


@pytest.mark.parametrize(
    ("classes", "parameters"), [(2, 29_444_162), (11, 29_449_355), (12, 29_449_932), (21, 29_455_125), (37, 29_464_357)]
)
def test_it_has_the_released_number_of_parameters(count, classes, parameters):
    assert count("segnet", 3, classes) == parameters


def test_segnet_basic_has_the_papers_number_of_parameters(count):
    assert count("segnet_basic", 3, 11) == 1_416_075


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_unpooling_puts_each_maximum_where_it_was_and_zero_elsewhere(noise, layout):
    x = noise(2, 3, 12, 20).to(memory_format=layout)
    maxima, places = pool(x)
    back = unpool(maxima, places)
    cells = back.reshape(2, 3, 6, 2, 10, 2)
    assert ((cells != 0).sum((3, 5)) == 1).all()
    assert torch.equal(back[back != 0], x[back != 0])
    assert torch.equal(pool(back.abs())[1], places)


def test_the_decoder_unpools_with_the_indices_of_the_same_stage(light, noise):
    module = light("segnet").module.eval()
    seen = []
    for stage in module.encoder:
        stage.register_forward_hook(lambda part, given, out: seen.append(pool(out)[1]))
    for stage in (*module.decoder, module.last):
        stage.register_forward_pre_hook(lambda part, given: seen.append(given[0]))
    module(noise(1, 1, 64, 64))
    for places, unpooled in zip(seen[:5], reversed(seen[5:]), strict=True):
        kept = torch.zeros_like(unpooled).flatten(2).scatter_(2, places.flatten(2), 1).view_as(unpooled)
        assert not unpooled[kept == 0].any()
        assert unpooled.any()


def test_the_encoder_is_vgg16s_13_convolutions_and_the_decoder_mirrors_it(light):
    module = light("segnet", 3, 5, width=4).module
    encoder = [(p.in_channels, p.out_channels) for p in module.encoder.modules() if isinstance(p, nn.Conv2d)]
    decoder = [
        (p.in_channels, p.out_channels)
        for part in (module.decoder, module.last) for p in part.modules() if isinstance(p, nn.Conv2d)
    ]  # fmt: skip
    assert len(encoder) == len(decoder) == 13
    assert [(b, a) for a, b in reversed(encoder)][:-1] == decoder[:-1]
    assert encoder[0] == (3, 4) and decoder[-1] == (4, 5)


def test_the_last_convolution_gives_scores_without_norm_and_relu(light, noise):
    module = light("segnet").module.eval()
    assert isinstance(module.last[-1], nn.Conv2d)
    assert (module(noise(1, 1, 64, 64)) < 0).any()


def test_the_decoder_of_segnet_basic_has_no_relu(light):
    module = light("segnet_basic").module
    assert sum(isinstance(part, nn.ReLU) for part in module.modules()) == 4
    assert all(part.kernel_size == (7, 7) for part in module.decoder.modules() if isinstance(part, nn.Conv2d))


def test_the_papers_image_size_whose_halves_are_odd_works(light, noise):
    with torch.inference_mode():
        assert light("segnet", 3, 11, width=2).module.eval()(noise(1, 3, 360, 480)).shape == (1, 11, 360, 480)
