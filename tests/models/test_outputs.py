"""Networks for other classes and channels than they were made for keep what they know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from segstudio.models.card import Card
from segstudio.models.network import Network, build
from segstudio.models.outputs import as_begun, with_channels, with_classes
from segstudio.models.registry import MODELS
from segstudio.models.weights import load, save


def rows(*ids: int) -> list[tuple[int, str, str]]:
    return [(class_id, f"class {class_id}", "#000000") for class_id in ids]


def said(network: Network, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return network.module.eval()(x)


@pytest.mark.parametrize("architecture", MODELS)
def test_a_network_that_gains_classes_says_the_same_of_the_old_ones(
    architecture: str, light: Callable[..., Network], noise: Callable[..., Tensor]
) -> None:
    network, x = light(architecture, classes=3), noise(1, 1, 64, 64)
    grown = with_classes(network, rows(0, 1, 2, 4, 9))
    before, after = said(network, x), said(grown, x)
    torch.testing.assert_close(after[:, :3], before)
    assert grown.card.class_ids == (0, 1, 2, 4, 9) and network.card.class_ids == (0, 1, 2)
    assert (after.argmax(1) == before.argmax(1)).float().mean() > 0.99, "nothing becomes a class that was never learnt"


@pytest.mark.parametrize("architecture", MODELS)
def test_outputs_go_with_their_class_and_the_others_stay(
    architecture: str, light: Callable[..., Network], noise: Callable[..., Tensor]
) -> None:
    network, x = light(architecture, classes=4), noise(1, 1, 64, 64)
    fewer = with_classes(network, rows(0, 2, 3))
    torch.testing.assert_close(said(fewer, x), said(network, x)[:, [0, 2, 3]])
    exchanged = with_classes(fewer, rows(0, 3, 7))
    torch.testing.assert_close(said(exchanged, x)[:, :2], said(network, x)[:, [0, 3]])


def test_the_names_follow_the_table_without_a_change_of_weights(light: Callable[..., Network]) -> None:
    network = light("unet")
    renamed = with_classes(network, [(0, "ground", "#111111"), (1, "cell", "#222222")])
    assert renamed.module is network.module and renamed.card.name(1) == "cell"


@pytest.mark.parametrize("architecture", MODELS)
def test_a_network_for_grey_says_of_grey_stored_as_colour_what_it_said_of_grey(
    architecture: str, light: Callable[..., Network], noise: Callable[..., Tensor]
) -> None:
    network, x = light(architecture), noise(1, 1, 64, 64)
    wide = with_channels(network, 3)
    # SegNet-Basic normalises by what neighbouring channels hold, and there are three of them then.
    near = 0.2 if architecture == "segnet_basic" else 1e-4
    torch.testing.assert_close(said(wide, x.repeat(1, 3, 1, 1)), said(network, x), atol=near, rtol=1e-4)
    assert wide.card.channels == 3 and with_channels(wide, 3) is wide


def test_class_ids_with_holes_survive_the_file(tmp_path: Path) -> None:
    network = build("unet", 1, [("a", "#000000"), ("b", "#111111")], {"width": 4, "depth": 2}, ids=(0, 7))
    save(network, tmp_path / "m.safetensors")
    card = load(tmp_path / "m.safetensors").card
    assert card.class_ids == (0, 7) and (card.name(7), card.name(1)) == ("b", "class 1")
    begun = as_begun(build("unet", 1, [("a", ""), ("b", "")], {"width": 4, "depth": 2}), card)
    assert begun.card.class_ids == card.class_ids


def test_a_card_of_before_has_its_classes_in_order() -> None:
    card = Card("unet", {}, 1, (("a", ""), ("b", ""), ("c", "")))
    text = card.to_json().replace('"ids": [], ', "")
    assert "ids" not in text and Card.from_json(text).class_ids == (0, 1, 2)


@pytest.mark.parametrize("ids", [[0], [0, 0], [1, 2], [0, 255], [2, 0], [0, "1"], "01", [0, -1]])
def test_a_card_with_impossible_class_ids_is_no_model(ids: object) -> None:
    import json

    values = json.loads(Card("unet", {}, 1, (("a", ""), ("b", ""))).to_json())
    with pytest.raises(ValueError):
        Card.from_json(json.dumps({**values, "ids": ids}))
