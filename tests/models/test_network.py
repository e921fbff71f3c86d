"""What every network in the table can do: any image, any channels, any classes; learn; be saved; be tiled."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from segstudio.errors import UserError
from segstudio.models.network import build
from segstudio.models.registry import MODELS
from segstudio.models.weights import load, save

TWO = (("a", "#000000"), ("b", "#ffffff"))
every = pytest.mark.parametrize("architecture", MODELS)


@every
@pytest.mark.parametrize(
    ("channels", "classes", "height", "width"), [(1, 2, 37, 53), (3, 5, 1, 1), (5, 2, 64, 1), (3, 2, 96, 32)]
)
def test_logits_have_the_size_of_the_image(light, noise, architecture, channels, classes, height, width):
    network = light(architecture, channels, classes)
    with torch.inference_mode():
        logits = network.module.eval()(noise(2, channels, height, width))
    assert logits.shape == (2, classes, height, width) and logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        *((model_id, {}) for model_id in MODELS),
        ("unet", {"upsampling": "learnt", "norm": "none"}),
        ("fcn8s", {"norm": "none", "kernel": 7, "upsampling": "learnt"}),
        ("fcn16s", {"upsampling": "fixed"}),
    ],
)
def test_one_training_step_lowers_the_loss(light, noise, architecture, options):
    module = light(architecture, 3, 3, **options).module.train()
    x = noise(2, 3, 37, 53)
    truth = (x[:, 0] > 0).long() + (x[:, 0] > 1).long()
    before = F.cross_entropy(module(x), truth)
    before.backward()
    with torch.no_grad():
        for weight in module.parameters():
            if weight.grad is not None:
                weight -= 1e-3 * weight.grad
        after = F.cross_entropy(module(x), truth)
    assert after < before


@every
def test_a_saved_network_answers_the_same_after_loading(light, noise, randomize, tmp_path, architecture):
    network = light(architecture, 3, 5)
    randomize(network.module)
    save(network, tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    x = noise(1, 3, 37, 53)
    with torch.inference_mode():
        assert torch.equal(again.module(x), network.module.eval()(x))
    assert again.card == network.card
    assert not again.module.training
    trains = {name: p.requires_grad for name, p in network.module.named_parameters()}
    assert {name: p.requires_grad for name, p in again.module.named_parameters()} == trains


@every
def test_the_memory_layout_of_prediction_gives_the_same_logits(light, noise, randomize, architecture):
    module = light(architecture, 3, 2).module.eval()
    randomize(module)
    x = noise(1, 3, 64, 96)
    with torch.inference_mode():
        plain = module(x)
        module.to(memory_format=torch.channels_last)
        other = module(x.to(memory_format=torch.channels_last))
    assert torch.allclose(plain, other, atol=1e-4 * plain.abs().max().item())


@pytest.mark.parametrize(
    ("architecture", "options", "stride", "halo"),
    [
        ("unet", {"upsampling": "learnt"}, 8, 48),
        ("unet", {"upsampling": "learnt", "depth": 4}, 16, 96),
        ("unet", {"upsampling": "bilinear"}, 8, 56),
        ("unet", {"upsampling": "bilinear", "depth": 4}, 16, 112),
        ("segnet", {}, 32, 192),
        ("segnet_basic", {}, 16, 96),
        ("fcn8s", {"width": 8}, 32, 160),
        ("fcn8s", {"width": 8, "hidden": 32, "kernel": 7}, 32, 224),
        ("fcn16s", {"width": 8}, 32, 160),
        ("fcn32s", {"width": 8}, 32, 160),
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["columns", "rows"])
def test_a_tile_with_its_halo_equals_the_whole_image_and_with_one_stride_less_does_not(
    light, noise, randomize, architecture, options, stride, halo, turned
):
    module = light(architecture, 1, 2, **options).module.double().eval()
    randomize(module)
    assert (module.stride, module.halo) == (stride, halo)
    start, end = halo + stride, halo + 2 * stride
    strip = noise(1, 1, stride, end + halo + stride, dtype=torch.float64)

    def logits(left, right):
        part = strip[..., left:right]
        return module(part.mT.contiguous()).mT if turned else module(part)

    def error(margin):
        return (logits(start - margin, end + margin)[..., margin:-margin] - whole).abs().max() / whole.abs().mean()

    with torch.inference_mode():
        whole = logits(0, strip.shape[-1])[..., start:end]
        assert error(halo) < 1e-10
        assert error(halo - stride) > 1e-7


@every
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(architecture, light):
    options = MODELS[architecture].presets["light"]
    first, again, other = (build(architecture, 1, TWO, options, seed=seed).module for seed in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_building_leaves_the_random_numbers_of_the_program_alone(light):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    light("unet")
    assert torch.equal(torch.rand(3), expected)


def test_a_fresh_card_says_how_the_network_was_built(light):
    card = light("fcn8s", 3, 2).card
    assert card.options["hidden"] == 256 and card.options["norm"] == "batch"
    assert (card.channels, card.seed, card.number, card.parent) == (3, 1, 0, "")
    assert card.created.endswith("+00:00") and card.app


@pytest.mark.parametrize(("channels", "classes"), [(0, 2), (5000, 2), (1, 0), (1, 256)])
def test_impossible_numbers_of_channels_and_classes_are_refused(channels, classes):
    with pytest.raises(UserError, match=r"takes 1 to 4096 channels|1 to 255 classes"):
        build("unet", channels, TWO[:1] * classes)


@pytest.mark.parametrize("architecture", ["unet", "segnet", "fcn8s"])
def test_every_light_preset_has_less_than_two_million_parameters(count, architecture):
    assert count(architecture, 3, 2, **MODELS[architecture].presets["light"]) < 2_000_000
