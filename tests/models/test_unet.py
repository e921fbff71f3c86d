"""U-Net: the paper's counts, and it learns a real image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

LEARNT = {"upsampling": "learnt"}


@pytest.mark.parametrize(
    ("channels", "options", "parameters"),
    [
        (1, {"norm": "none"}, 31_030_658),
        (3, {"norm": "none"}, 31_031_810),
        (3, {}, 31_037_698),
        (3, {"width": 16}, 1_942_594),
        (3, {"width": 8}, 486_562),
        (3, {"width": 16, "depth": 3}, 482_754),
        (3, {"width": 8, "depth": 3}, 121_186),
    ],
)
def test_it_has_the_papers_number_of_parameters(count, channels, options, parameters):
    assert count("unet", channels, 2, **LEARNT, **options) == parameters


def test_it_has_the_papers_23_convolutions(light):
    module = light("unet", width=2, depth=4, upsampling="learnt").module
    convs = [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]
    assert [conv.kernel_size[0] for conv in convs].count(3) == 18
    assert [conv.kernel_size[0] for conv in convs].count(2) == 4
    assert len(convs) == 23


def test_depth_is_the_number_of_poolings_and_width_doubles_at_each(light):
    module = light("unet", width=4, depth=3).module
    assert [level[0].out_channels for level in (*module.encoder, module.bottom)] == [4, 8, 16, 32]


def test_the_decoder_sees_the_encoders_features_of_its_level(light, noise):
    module = light("unet").module.eval()
    seen = {}
    module.encoder[0].register_forward_hook(lambda part, given, out: seen.update(skip=out))
    module.decoder[-1].convs.register_forward_hook(lambda part, given, out: seen.update(joined=given[0]))
    module(noise(1, 1, 32, 32))
    assert torch.equal(seen["joined"][:, :8], seen["skip"])


def test_dropout_acts_at_the_end_of_the_contracting_path_in_training_only(light, noise):
    module = light("unet", dropout=0.9).module
    zeros = []
    module.dropout.register_forward_hook(lambda part, given, out: zeros.append((out == 0).float().mean().item()))
    module.train()(noise(1, 1, 64, 64))
    module.eval()(noise(1, 1, 64, 64))
    assert zeros[0] > 0.85 and zeros[1] < 0.85


def test_a_few_dozen_steps_overfit_one_real_image(light, shared_data):
    folder = shared_data / "isbi2012_em" / "train"
    pixels = np.asarray(Image.open(folder / "image" / "0.png"), np.float32)[:128, :128] / 127.5 - 1
    cells = np.asarray(Image.open(folder / "label" / "0.png"))[:128, :128] > 127
    x, truth = torch.from_numpy(pixels)[None, None], torch.from_numpy(cells)[None].long()
    module = light("unet").module.train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(module(x), truth).backward()
        optimizer.step()
    with torch.inference_mode():
        found = module(x).argmax(1).bool()
    membrane = 2 * (~found & (truth == 0)).sum() / ((~found).sum() + (truth == 0).sum())
    cell = 2 * (found & (truth == 1)).sum() / (found.sum() + (truth == 1).sum())
    assert cell > 0.9 and membrane > 0.75, (cell, membrane)
    assert (found == truth.bool()).float().mean() > 0.9
