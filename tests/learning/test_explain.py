"""Explanations, on networks whose reasons are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from segstudio.errors import UserError
from segstudio.learning.device import Device
from segstudio.learning.explain import METHODS, deepest, explain
from segstudio.models.network import Network, build
from segstudio.models.registry import MODELS

from .conftest import CLASSES


class Halves(nn.Module):
    """Class 1 is spoken for by bright pixels, class 0 by nothing; `bottom` is its deepest layer."""

    def __init__(self) -> None:
        super().__init__()
        self.bottom = nn.Conv2d(1, 2, 1, bias=False)
        with torch.no_grad():
            self.bottom.weight.copy_(torch.tensor([0.0, 2.0]).view(2, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.bottom(x)
        return found


@pytest.fixture
def known(network: Network) -> Network:
    return replace(network, module=Halves())


def test_integrated_gradients_are_exact_for_a_linear_network(known: Network, cpu: Device) -> None:
    pixels = np.full((20, 20, 1), 100, np.uint8)
    pixels[5:8, 5:10] = 150
    pixels[5:8, 5:7] = 200
    region = np.zeros((20, 20), bool)
    region[4:10, 4:12] = True
    found = explain(known, pixels, [(0, 200)], region, 1, "integrated", cpu)
    assert found.shape == (20, 20) and found.dtype == np.float32
    assert (found[~region] == 0).all()
    inside = np.abs(pixels[..., 0] / 100 - 1.0)[5:8, 5:10]  # range scaling: 0..200 to -1..1
    assert np.allclose(found[5:8, 5:10], np.clip(inside / np.quantile(np.where(region, abs(pixels[..., 0] / 100 - 1), 0),
                                                                      0.99), 0, 1), atol=1e-3)  # fmt: skip


def test_grad_cam_lights_what_the_deepest_layer_saw(known: Network, cpu: Device) -> None:
    pixels = np.full((20, 20, 1), 20, np.uint8)
    pixels[5:8, 5:10] = 200
    region = np.ones((20, 20), bool)
    found = explain(known, pixels, [(0, 200)], region, 1, "gradcam", cpu)
    assert (found[5:8, 5:10] == 1).all() and found[12:, 12:].max() == 0
    nothing = explain(known, pixels, [(0, 200)], region, 0, "integrated", cpu)
    assert (nothing == 0).all()  # a class nothing speaks for


@pytest.mark.parametrize("architecture", MODELS)
@pytest.mark.parametrize("method", METHODS)
def test_every_network_can_be_explained(architecture: str, method: str, cpu: Device) -> None:
    network = build(architecture, 1, CLASSES, dict(MODELS[architecture].presets["light"]), seed=1)
    pixels = np.random.default_rng(0).integers(0, 255, (70, 50, 1), dtype=np.uint8)
    region = np.zeros((70, 50), bool)
    region[20:40, 10:30] = True
    deepest(network.module)
    found = explain(network, pixels, [(0, 255)], region, 1, method, cpu)
    assert found.shape == (70, 50) and np.isfinite(found).all() and 0 <= found.min() <= found.max() <= 1


def test_what_cannot_be_explained_is_told(network: Network, cpu: Device, squares: Callable[..., object]) -> None:
    pixels = np.zeros((8, 8, 1), np.uint8)
    with pytest.raises(UserError, match="no explanation"):
        explain(network, pixels, [(0, 1)], np.ones((8, 8), bool), 1, "guess", cpu)
    with pytest.raises(UserError, match="no object"):
        explain(network, pixels, [(0, 1)], np.zeros((8, 8), bool), 1, "gradcam", cpu)
