"""The tools that the image guides, on arrays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.codes import Origin
from segstudio.core.geometry import Box
from segstudio.tools.base import Area, Pointer
from segstudio.tools.seen import look
from segstudio.tools.wand import Wand
from tests.tools.fake import COLUMNS, ROWS, FakeSession, stroke


def picture(value: int = 0, channels: int = 1) -> NDArray[np.uint8]:
    return np.full((1, ROWS, COLUMNS, channels), value, np.uint8)


@pytest.fixture
def blocks(session: FakeSession) -> FakeSession:
    """Two squares of 80 with a brighter centre in the first, on black."""
    session.pixels = picture()
    session.pixels[0, 50:100, 50:100] = 80
    session.pixels[0, 50:100, 300:350] = 80
    session.pixels[0, 60:70, 60:70] = 95
    return session


def test_the_visible_part_is_scaled_by_the_range_and_reduced(session: FakeSession) -> None:
    session.pixels = picture().astype(np.float32)
    session.pixels[0, :, 300:] = 50
    session.pixels[0, 0, 0] = np.nan
    seen = look(session, 0, 10, 10, ROWS * COLUMNS // 9)
    assert seen is not None and seen.step == 3 and seen.values.shape == (100, 200, 1)
    assert seen.values[50, 150, 0] == pytest.approx(0.5) and seen.values[0, 0, 0] == 0
    area = seen.area(np.ones((1, 2), bool), *seen.place(299.5, 599.5))
    assert (area.top, area.left, area.stencil.shape) == (297, 597, (3, 3))


def test_what_is_outside_the_view_is_not_looked_at(session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    session.pixels = picture()
    monkeypatch.setattr(FakeSession, "view", Box(0, 100, 100, 200, 200))
    assert look(session, 0, 50, 150, 100) is None and look(session, 1, 150, 150, 100) is None
    seen = look(session, 0, 150, 150, 10**6)
    assert seen is not None and seen.box == Box(0, 100, 100, 200, 200)


def test_the_wand_selects_the_connected_similar_pixels(blocks: FakeSession) -> None:
    stroke(Wand(blocks), (80, 80))
    assert (blocks.classes_shown == 1).sum() == 2400 and len(blocks.document.history.edits) == 1


def test_dragging_the_wand_right_selects_more_and_left_fewer(blocks: FakeSession) -> None:
    wand = Wand(blocks)
    wand.press(Pointer(0, 80, 80))
    sizes = []
    for column in (80, 110, 60):  # by 30 pixels of 4 to a notch: 0.15 of the range more, then 0.1 less
        wand.drag(Pointer(0, 80, column))
        (area,) = wand.preview(None)
        assert isinstance(area, Area)
        sizes.append(int(area.stencil.sum()))
    assert sizes == [2400, 2500, 2400] and not blocks.codes.any()
    wand.release(Pointer(0, 80, 60))
    assert (blocks.classes_shown == 1).sum() == 2400 and not wand.preview(None)


def test_the_wand_takes_all_similar_pixels_of_the_view(blocks: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks.options["wand", "contiguous"] = False
    stroke(Wand(blocks), (80, 80))
    assert (blocks.classes_shown == 1).sum() == 4900
    blocks.document.undo()
    monkeypatch.setattr(FakeSession, "view", Box(0, 0, 0, ROWS, 200))
    stroke(Wand(blocks), (80, 80))
    assert (blocks.classes_shown == 1).sum() == 2400


def test_every_channel_counts_for_the_wand(session: FakeSession) -> None:
    session.pixels = picture(channels=3)
    session.pixels[0, 50:100, 50:100] = (60, 60, 60)
    session.pixels[0, 50:100, 75:100, 2] = 90
    stroke(Wand(session), (60, 60))
    assert (session.classes_shown == 1).sum() == 50 * 25


def test_a_dropped_wand_writes_nothing(blocks: FakeSession) -> None:
    wand = Wand(blocks)
    wand.press(Pointer(0, 80, 80))
    wand.cancel()
    wand.release(Pointer(0, 80, 80))
    assert not blocks.codes.any()


GUIDED = (Wand,)


@pytest.mark.parametrize("kind", GUIDED)
def test_ctrl_erases_and_unsure_has_no_class(kind: type[Wand], blocks: FakeSession) -> None:
    stroke(kind(blocks), (80, 80), erase=True)
    assert blocks.classes_shown[80, 80] == 0 and blocks.codes[80, 80] >> 8 == Origin.PAINTED
    blocks.unsure = True
    stroke(kind(blocks), (80, 80))
    assert blocks.codes[80, 80] >> 8 == Origin.UNSURE
    stroke(kind(blocks), (80, 80), erase=True)
    assert blocks.classes_shown[80, 80] == 0 and blocks.codes[80, 80] >> 8 == Origin.PAINTED


@pytest.mark.parametrize("kind", GUIDED)
def test_nothing_happens_while_pixels_load_or_outside_the_image(kind: type[Wand], blocks: FakeSession) -> None:
    stroke(kind(blocks), (-5, 10), (-8, 20))
    blocks.pixels = None
    tool = kind(blocks)
    stroke(tool, (80, 80), (80, 90))
    tool.preview(Pointer(0, 80, 80))
    assert not blocks.codes.any() and not blocks.document.history.edits
