from __future__ import annotations

import pytest
import torch
from torch import nn

from segstudio.learning.batchnorm import reestimate
from segstudio.learning.ema import MovingAverage


def test_statistics_become_the_plain_average_over_the_batches() -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3)
    norm.running_mean.fill_(50)
    batches = [torch.randn(4, 3, 8, 8) * 2 + 5 for _ in range(20)]
    reestimate(nn.Sequential(norm), batches)
    assert torch.allclose(norm.running_mean, torch.cat(batches).mean((0, 2, 3)), atol=1e-4)
    assert norm.running_var.mean().item() == pytest.approx(4, rel=0.05)


def test_only_statistics_change_and_the_module_is_ready_to_predict() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
    weights = [p.clone() for p in module.parameters()]
    reestimate(module, [torch.randn(2, 1, 8, 8)])
    assert not any(part.training for part in module.modules())
    assert all(torch.equal(a, b) for a, b in zip(weights, module.parameters(), strict=True))
    assert module[1].momentum == 0.1


def test_a_network_without_batch_norm_is_left_alone() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3)).train()
    reestimate(module, iter(()))
    assert not module.training


def test_the_moving_average_follows_fast_at_first_and_slowly_later() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    average = MovingAverage(module, 0.9)
    nn.init.ones_(module.weight)
    average.update(module)
    assert average.weights["weight"].item() == pytest.approx(1 - 2 / 11)
    for _ in range(200):
        average.update(module)
    nn.init.zeros_(module.weight)
    average.update(module)
    assert average.weights["weight"].item() == pytest.approx(0.9, abs=1e-3)


def test_averaged_weights_can_be_given_to_another_module() -> None:
    one, two = nn.Linear(2, 2), nn.Linear(2, 2)
    MovingAverage(one, 0.9).copy_to(two)
    assert torch.equal(one.weight, two.weight)
