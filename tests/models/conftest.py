"""What the tests of the networks share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from segstudio.models.network import Network, build, construct
from segstudio.models.registry import find

COLORS = tuple((f"class {i}", "#000000") for i in range(255))


@pytest.fixture
def light() -> Callable[..., Network]:
    """A light network by id, with changed options; nothing in it is random after it is built."""

    def make(architecture: str, channels: int = 1, classes: int = 2, **options: Any) -> Network:
        spec = find(architecture)
        still = {"dropout": 0.0} if "dropout" in spec.options else {}
        chosen = {**spec.presets["light"], **still, **options}
        return build(architecture, channels, COLORS[:classes], chosen, seed=1)

    return make


@pytest.fixture
def count() -> Callable[..., int]:
    """Parameters of a network by id, without the bilinear kernels; built without taking memory."""

    def parameters(architecture: str, channels: int, classes: int, **options: Any) -> int:
        with torch.device("meta"):
            module = construct(architecture, channels, classes, find(architecture).complete(options))
        return sum(p.numel() for name, p in module.named_parameters() if not name.startswith(("twice", "final")))

    return parameters


@pytest.fixture
def randomize() -> Callable[[nn.Module], None]:
    """Random values where a fresh network has zeros and ones, so that every layer matters."""

    def change(module: nn.Module) -> None:
        random = torch.Generator().manual_seed(7)
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.1, generator=random)
                part.running_var.uniform_(0.5, 1.5, generator=random)
            elif isinstance(part, nn.Conv2d) and not part.weight.any():
                part.weight.data.normal_(0, part.in_channels**-0.5, generator=random)

    return change


@pytest.fixture
def noise() -> Callable[..., Tensor]:
    """Noise of a shape, the same each time."""
    return lambda *shape, dtype=torch.float32: torch.randn(
        *shape, generator=torch.Generator().manual_seed(3), dtype=dtype
    )
