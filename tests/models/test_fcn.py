"""FCN: the paper's counts, bilinear upsampling, and the same geometry as the paper's padding and cropping."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from segstudio.models.fcn import Upsample, bilinear_kernel


@pytest.mark.parametrize(
    ("architecture", "classes", "parameters"),
    [
        ("fcn32s", 21, 134_346_581), ("fcn16s", 21, 134_357_354), ("fcn8s", 21, 134_362_751),
        ("fcn32s", 2, 134_268_738), ("fcn16s", 2, 134_269_764), ("fcn8s", 2, 134_270_278),
    ],
)  # fmt: skip
def test_it_has_the_papers_number_of_parameters(count, architecture, classes, parameters):
    assert count(architecture, 3, classes) == parameters


@pytest.mark.parametrize(("factor", "parameters"), [(32, 86_016), (2, 336), (16, 21_504), (8, 5_376)])
def test_there_is_one_bilinear_kernel_for_each_class(factor, parameters):
    assert bilinear_kernel(21, factor).numel() == parameters


@pytest.mark.parametrize("factor", [2, 8, 16, 32])
def test_upsampling_starts_as_bilinear_interpolation_up_to_the_border(noise, factor):
    scores = noise(2, 3, 4, 7)
    expected = F.interpolate(scores, scale_factor=float(factor), mode="bilinear", align_corners=False)
    assert torch.allclose(Upsample(3, factor, learnt=True)(scores), expected, atol=1e-6)


@pytest.mark.parametrize("architecture", ["fcn16s", "fcn8s"])
def test_it_starts_as_fcn32s_because_the_added_scores_are_zero(light, noise, randomize, architecture):
    finer, coarse = light(architecture).module.eval(), light("fcn32s").module.eval()
    randomize(coarse)
    finer.load_state_dict({n: v for n, v in coarse.state_dict().items() if n != "final.weight"}, strict=False)
    x = noise(1, 1, 96, 128)
    grid = []
    coarse.score.register_forward_hook(lambda part, given, out: grid.append(out))
    with torch.inference_mode():
        once, stepwise = coarse(x), finer(x)
        expected = grid[0]
        for up in (*finer.twice, finer.final):
            expected = F.interpolate(expected, scale_factor=float(up.factor), mode="bilinear", align_corners=False)
    assert once.any()
    assert torch.allclose(stepwise, expected, atol=1e-5)
    assert (stepwise - once).abs().max() < 0.3 * (once.max() - once.min())  # 2x then 16x is nearly 32x


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
def test_all_score_layers_start_at_zero(light, noise, name):
    assert not light(name).module.eval()(noise(1, 1, 32, 32)).any()


@pytest.mark.parametrize(
    ("upsampling", "learnt"),
    [("paper", {"twice.0", "twice.1"}), ("fixed", set()), ("learnt", {"twice.0", "twice.1", "final"})],
)
def test_the_upsampling_kernels_are_learnt_or_fixed_as_asked(light, upsampling, learnt):
    module = light("fcn8s", upsampling=upsampling).module
    ups = {name: part for name, part in module.named_modules() if isinstance(part, Upsample)}
    assert {name for name, part in ups.items() if part.weight.requires_grad} == learnt


def as_in_the_paper(module, x):
    """The reference definition: 100 pixels of padding, unpadded conv6, crops by the published offsets."""
    start = (x.shape[-2], x.shape[-1])
    pooled = []
    for stage in module.encoder:
        for part in stage:
            first = part is module.encoder[0][0]
            x = F.conv2d(x, part.weight, part.bias, padding=100) if first else part(x)
        x = F.max_pool2d(x, 2, ceil_mode=True)
        pooled.append(x)
    conv6 = module.conv6[0]
    x = F.relu(F.conv2d(x, conv6.weight, conv6.bias))
    scores = module.score(module.conv7(x))
    for up, place, offset in zip(module.twice, module.fused, (5, 9), strict=False):
        scores = F.conv_transpose2d(scores, up.weight, stride=2, groups=2)
        side = module.scores[str(place)](pooled[place - 1])
        height, width = scores.shape[-2:]
        scores = scores + side[..., offset : offset + height, offset : offset + width]
    final = module.final
    up = F.conv_transpose2d(scores, final.weight, stride=final.factor, groups=2)
    offset = {32: 19, 16: 27, 8: 31}[final.factor]
    return up[..., offset : offset + start[0], offset : offset + start[1]]


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
def test_inside_the_image_it_equals_the_papers_padding_and_cropping(light, noise, randomize, name):
    module = light(name, width=2, hidden=8, kernel=7, norm="none").module.double().eval()
    randomize(module)
    image = noise(1, 1, 544, 544, dtype=torch.float64)
    far = module.halo + 8
    with torch.inference_mode():
        ours = module(image)[..., far : 544 - far, far : 544 - far]
        # the paper's grid of cells starts 3 pixels before the image, ours at it
        paper = as_in_the_paper(module, image[..., 3:, 3:])[..., far - 3 : 541 - far, far - 3 : 541 - far]
    assert ours.shape == paper.shape and ours.shape[-1] >= 64
    assert (ours - paper).abs().max() < 1e-6 * ours.abs().max()
