"""Small networks and small labelled pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from segstudio.core.codes import Origin, encode_map
from segstudio.learning.device import Device, choose
from segstudio.learning.labelled import Labelled
from segstudio.models.network import Network, build

CLASSES = (("background", "#000000"), ("cell", "#ff0000"))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Two threads wait for each other longer than they compute on pictures this small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def cpu() -> Device:
    return choose("cpu")


@pytest.fixture
def network() -> Network:
    return tiny(0)


@pytest.fixture(scope="session")
def tiny_network() -> Callable[[int], Network]:
    return tiny


def tiny(seed: int) -> Network:
    return build("unet", 1, CLASSES, {"width": 4, "depth": 2, "upsampling": "bilinear"}, seed=seed)


@pytest.fixture
def squares() -> Callable[..., Labelled]:
    """Makes a noisy picture of bright cells on a dark ground, labelled all over."""

    def make(seed: int = 0, side: int = 128, **changes: object) -> Labelled:
        random = np.random.default_rng(seed)
        truth = np.zeros((side, side), np.uint8)
        for row, column in random.integers(0, side - 20, (side // 12, 2)):
            truth[row : row + 20, column : column + 20] = 1
        pixels = (truth * 90 + 60 + random.normal(0, 20, truth.shape)).clip(0, 255).astype(np.uint8)[..., None]
        values: dict[str, object] = {
            "name": f"picture {seed}", "group": str(seed), "pixels": pixels, "ranges": [(20, 200)],
            "codes": encode_map(truth, Origin.PAINTED), "digest": f"digest {seed}", **changes,
        }  # fmt: skip
        return Labelled(**values)  # type: ignore[arg-type]

    return make
