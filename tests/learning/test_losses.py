from __future__ import annotations

import pytest
import torch
from torch import Tensor

from segstudio.learning.losses import IGNORE, partial_loss


def gradient(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    logits = logits.clone().requires_grad_()
    partial_loss(logits, target, torch.ones(target.shape) if weight is None else weight).backward()
    assert logits.grad is not None
    return logits.grad


def test_a_perfect_prediction_costs_nothing() -> None:
    target = torch.tensor([[[0, 1], [1, 0]]])
    logits = torch.nn.functional.one_hot(target, 2).permute(0, 3, 1, 2) * 40.0
    assert partial_loss(logits, target, torch.ones(1, 2, 2)).item() == pytest.approx(0, abs=1e-5)


def test_a_batch_without_labels_costs_nothing_and_moves_nothing() -> None:
    logits = torch.full((2, 3, 4, 4), float("inf"))
    target = torch.full((2, 4, 4), IGNORE)
    assert partial_loss(logits, target, torch.ones(2, 4, 4)).item() == 0
    assert (gradient(logits, target) == 0).all()


def test_unlabelled_pixels_get_exactly_no_gradient_whatever_is_predicted_there() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 8, 8), torch.full((2, 8, 8), IGNORE)
    target[:, :2] = torch.randint(0, 3, (2, 2, 8))
    found = gradient(logits, target)
    assert (found[:, :, 2:] == 0).all() and (found[:, :, :2] != 0).any()
    logits[:, :, 2:] = 1e4
    assert torch.equal(gradient(logits, target), found)


@pytest.mark.parametrize("share", [1.0, 0.1, 0.01, 0.001])
def test_the_gradient_of_a_labelled_pixel_does_not_depend_on_how_much_is_unlabelled(share: float) -> None:
    torch.manual_seed(1)
    stroke, truth = torch.randn(1, 2, 10, 10), torch.randint(0, 2, (1, 10, 10))
    rows = round(10 / share)
    logits, target = torch.randn(1, 2, rows, 10), torch.full((1, rows, 10), IGNORE)
    logits[:, :, :10], target[:, :10] = stroke, truth
    assert torch.allclose(gradient(logits, target)[:, :, :10], gradient(stroke, truth), rtol=1e-4, atol=1e-9)


def test_a_stroke_and_a_dense_patch_pull_equally() -> None:
    logits, target = torch.zeros(2, 2, 64, 64), torch.zeros(2, 64, 64, dtype=torch.long)
    target[1, 1:] = IGNORE
    pull = gradient(logits, target).abs().flatten(1).sum(1)
    assert pull[0].item() == pytest.approx(pull[1].item(), rel=1e-4)


def test_samples_without_labels_do_not_dilute_the_others() -> None:
    torch.manual_seed(2)
    logits, target = torch.randn(2, 2, 8, 8), torch.randint(0, 2, (2, 8, 8))
    target[1] = IGNORE
    alone = partial_loss(logits[:1], target[:1], torch.ones(1, 8, 8))
    assert partial_loss(logits, target, torch.ones(2, 8, 8)).item() == pytest.approx(alone.item())


def test_a_pixel_of_half_the_weight_pulls_half_as_much() -> None:
    logits, target = torch.zeros(1, 2, 1, 2), torch.zeros(1, 1, 2, dtype=torch.long)
    found = gradient(logits, target, torch.tensor([[[1.0, 0.5]]]))
    assert (found[0, 0, 0, 0] / found[0, 0, 0, 1]).item() == pytest.approx(2)


def test_pixels_of_no_weight_count_as_unlabelled() -> None:
    logits, target = torch.randn(1, 2, 4, 4), torch.zeros(1, 4, 4, dtype=torch.long)
    assert (gradient(logits, target, torch.zeros(1, 4, 4)) == 0).all()
