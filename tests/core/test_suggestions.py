"""Suggestions: where a look is worth most."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import Origin, encode
from segstudio.core.geometry import Box
from segstudio.core.guidance import unlike, wilson
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer
from segstudio.core.suggestions import SIDE, suggest

SHAPE = (1, 512, 512)
DOUBTED = Box(0, 128, 384, 256, 512)


@pytest.fixture
def layer() -> MaskLayer:
    """Class 0 predicted everywhere without a doubt, class 1 with much doubt in one region."""
    made = MaskLayer(1, "Mask", SHAPE)
    for row in range(2):
        for column in range(2):
            made.prediction.put_tile((0, row, column), np.zeros((256, 256), np.uint8))
    tile = made.prediction.tile((0, 0, 1)).copy()
    tile[128:, 128:] = 1
    made.prediction.put_tile((0, 0, 1), tile)
    made.uncertainty.put_tile((0, 0, 1), np.where(tile == 1, 200, 3).astype(np.uint8))
    return made


def alike(box: Box) -> np.ndarray:
    return np.full((box.height, box.width, 1), 100, np.uint8)


def test_the_most_doubted_region_comes_first_and_tells_its_class(layer: MaskLayer) -> None:
    found = suggest(layer, [0], 2, alike)
    assert found[0].box == DOUBTED and found[0].class_id == 1
    assert len(found) == (512 // SIDE) ** 2


def test_regions_that_were_seen_or_are_annotated_are_left_out(layer: MaskLayer) -> None:
    layer.put_annotated((0, 1, 0), np.full((256, 256), encode(0, Origin.PAINTED), np.uint16))
    found = {suggestion.box for suggestion in suggest(layer, [0], 2, alike, seen={DOUBTED})}
    assert DOUBTED not in found
    assert not any(box.top >= 256 and box.left < 256 for box in found)


def test_where_the_version_before_said_otherwise_is_worth_a_look(layer: MaskLayer) -> None:
    layer.previous.put_tile((0, 1, 1), np.ones((256, 256), np.uint8))
    found = suggest(layer, [0], 2, alike, seen={DOUBTED})
    assert found[0].box.top >= 256 and found[0].box.left >= 256


@pytest.mark.parametrize(("agreed", "first"), [(0, True), (10, False)])
def test_where_a_mistake_was_found_nearby_is_worth_a_look(layer: MaskLayer, agreed: int, first: bool) -> None:
    edit = Edit(1, 1, 1, "Brush", "brush", 0.0, Box(0, 500, 10, 510, 20), {}, {}, seen=10, agreed=agreed)
    found = suggest(layer, [0], 2, alike, edits=[edit], seen={DOUBTED})
    assert (found[0].box == Box(0, 384, 0, 512, 128)) is first


def test_what_does_not_look_like_the_annotated_is_worth_a_look(layer: MaskLayer) -> None:
    layer.uncertainty = MaskLayer(1, "", SHAPE).uncertainty
    layer.put_annotated((0, 0, 0), np.pad(np.full((9, 9), encode(0, Origin.PAINTED), np.uint16), (0, 247)))
    odd = Box(0, 256, 256, 384, 384)
    found = suggest(layer, [0], 1, lambda box: alike(box) + np.uint8(50 * (box == odd)))
    assert found[0].box == odd


@pytest.mark.parametrize(
    ("size", "sides"), [(512, [128, 128]), (300, [44]), (416, [160]), (330, [74]), (450, [128, 66])]
)
def test_a_narrow_rest_at_the_edge_is_no_region_of_its_own(size: int, sides: list[int]) -> None:
    narrow = MaskLayer(1, "", (1, 128, size))
    narrow.prediction.put_tile((0, 0, 1), np.zeros((256, 256), np.uint8))
    found = sorted(suggest(narrow, [0], 1, alike), key=lambda suggestion: suggestion.box.left)
    assert [suggestion.box.width for suggestion in found] == sides


def test_nothing_predicted_gives_nothing() -> None:
    assert suggest(MaskLayer(1, "", SHAPE), [0], 2, alike) == []


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_an_image_unlike_the_annotated_ones_is_far_from_them() -> None:
    random = np.random.default_rng(0)
    known = random.normal(100, 5, (6, 4))
    assert unlike(random.normal(100, 5, 4), known) < 2
    assert unlike(np.full(4, 30.0), known) > 3
    assert unlike(np.full(4, 30.0), known[:2]) == 0.0
