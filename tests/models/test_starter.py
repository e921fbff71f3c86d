"""The starter weights: they fit any channels and classes, they help, and they come from generated images."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from segstudio.core.codes import UNSET, Origin, encode_map
from segstudio.errors import UserError
from segstudio.learning.device import choose
from segstudio.learning.evaluate import evaluate, mean_dice
from segstudio.learning.labelled import Labelled
from segstudio.learning.quick import QuickHead, fresh_trunk
from segstudio.models.registry import find
from segstudio.models.starter import FILE, begin
from segstudio.resources import folder

LIGHT = find("unet").presets["light"]
CLASSES = (("a", "#000000"), ("b", "#ff0000"), ("c", "#00ff00"))


@pytest.fixture(scope="module")
def generated() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "generated_images.py"
    spec = importlib.util.spec_from_file_location("generated_images", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_it_takes_any_number_of_channels_and_classes(channels: int) -> None:
    network = begin("unet", channels, CLASSES, LIGHT)
    assert network.card.steps == 0
    assert "generated" in network.card.metrics["starter"]
    found = network.module.eval()(torch.randn(1, channels, 40, 48))
    assert found.shape == (1, 3, 40, 48)
    assert found.abs().max() < 1, "a fresh head has hardly an opinion"


def test_the_same_signal_in_any_number_of_channels_gives_the_same_features() -> None:
    grey = torch.randn(1, 1, 32, 32)
    maps = [
        begin("unet", channels, CLASSES, LIGHT).module.eval().features(grey.expand(-1, channels, -1, -1))
        for channels in (1, 3, 4)
    ]
    for one, three, four in zip(*maps, strict=True):
        assert torch.allclose(one, three, atol=1e-4)
        assert torch.allclose(one, four, atol=1e-4)


def test_networks_it_does_not_fit_start_from_random_weights() -> None:
    assert "starter" not in begin("segnet", 1, CLASSES, find("segnet").presets["light"]).card.metrics
    assert "starter" not in begin("unet", 1, CLASSES, {"width": 4}).card.metrics
    assert "starter" not in begin("unet", 1, CLASSES, LIGHT, weights="random").card.metrics
    with pytest.raises(UserError, match="no weights"):
        begin("unet", 1, CLASSES, LIGHT, weights="imagenet")


def test_it_is_small_enough_to_ship() -> None:
    assert (folder() / FILE).stat().st_size < 8 * 2**20


def test_generated_images_repeat_and_stay_in_range(generated: ModuleType) -> None:
    for seed in range(12):
        worlds = [generated.World.random(np.random.default_rng(seed)) for _ in range(2)]
        (pixels, labels), again = (w.draw(np.random.default_rng(1), 64) for w in worlds)
        assert (pixels == again[0]).all() and (labels == again[1]).all()
        assert pixels.shape == (3, 64, 64) and labels.shape == (64, 64)
        assert np.isfinite(pixels).all() and abs(pixels).max() <= 1.5
        assert labels.max() < generated.CLASSES


def test_strokes_stay_in_their_class(generated: ModuleType) -> None:
    random = np.random.default_rng(0)
    labels = generated.cells(random, 96, 24)
    at = generated.strokes(labels, random, 3)
    assert {0, 1} == set(labels[at[:, 0], at[:, 1]])
    assert len(at) < labels.size / 4


def test_from_a_few_strokes_it_gets_further_than_random_weights(generated: ModuleType) -> None:
    """On worlds with other random numbers than those it was trained on."""
    scores: dict[str, list[float]] = {"starter": [], "random": []}
    for seed in range(1000, 1006):
        random = np.random.default_rng(seed)
        world = generated.World.random(random)
        (pixels, labels), (others, truth) = (world.draw(random, 128) for _ in range(2))
        at = generated.strokes(labels, random, 3)
        codes = np.full(labels.shape, UNSET, np.uint16)
        codes[at[:, 0], at[:, 1]] = encode_map(labels, Origin.PAINTED)[at[:, 0], at[:, 1]]
        ranges = [(-1.0, 1.0)] * 3
        painted = Labelled("a", "a", pixels.transpose(1, 2, 0), ranges, codes, (), "train", "a")
        unseen = Labelled(
            "b", "b", others.transpose(1, 2, 0), ranges, encode_map(truth, Origin.PAINTED), (), "validation", "b"
        )
        classes = tuple((str(i), "#000000") for i in range(generated.CLASSES))
        for weights, found in scores.items():
            network = begin("unet", 3, classes, LIGHT, weights=weights)
            head = QuickHead(fresh_trunk(network.card, weights), choose("cpu"))
            head.learn([painted])
            head.refit(range(len(classes)))
            found.append(mean_dice(evaluate(head.network(network.card), [unseen], choose("cpu")).pooled))
    print(scores)
    assert np.mean(scores["starter"]) > np.mean(scores["random"])
