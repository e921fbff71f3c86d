"""The tools that the image guides, on arrays."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.codes import Origin
from segstudio.core.geometry import Box
from segstudio.tools import livewire, superpixel
from segstudio.tools.base import Area, Handles, Path, Pointer, Tool
from segstudio.tools.livewire import Livewire
from segstudio.tools.seen import look
from segstudio.tools.smart import SmartBrush
from segstudio.tools.superpixel import Superpixels
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
    session.view = Box(0, 100, 100, 200, 200)
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
    blocks.view = Box(0, 0, 0, ROWS, 200)
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


@pytest.fixture
def disc(session: FakeSession) -> NDArray[np.bool_]:
    """A noisy disc of radius 60 around (150, 200), in the third of three channels only."""
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    inside: NDArray[np.bool_] = np.hypot(rows + 0.5 - 150, columns + 0.5 - 200) < 60
    pixels = np.full((1, ROWS, COLUMNS, 3), 20.0, np.float32)
    pixels[0, :, :, 2] += inside * 50 + np.random.default_rng(1).normal(0, 3, (ROWS, COLUMNS))
    session.pixels = pixels
    return inside


def around(angle: float, radius: float = 60) -> Pointer:
    return Pointer(0, 150 + radius * np.sin(angle), 200 + radius * np.cos(angle))


def overlap(found: NDArray[np.bool_], expected: NDArray[np.bool_]) -> float:
    return float((found & expected).sum() / (found | expected).sum())


@pytest.mark.parametrize("limit", [livewire.LIMIT, ROWS * COLUMNS // 4])
def test_the_livewire_follows_the_edge_between_few_clicks(
    session: FakeSession, disc: NDArray[np.bool_], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livewire, "LIMIT", limit)
    tool = Livewire(session)
    for angle in (0, 2.1, 4.2):
        tool.press(around(angle))
    assert tool.busy and not session.codes.any()
    line, handles = tool.preview(around(5.2))
    assert isinstance(line, Path) and isinstance(handles, Handles) and len(handles.points) == 3
    distances = [abs(np.hypot(row - 150, column - 200) - 60) for row, column in line.points]
    assert max(distances) < 4 and len(line.points) > 120
    tool.press(around(0))  # the first anchor closes it
    assert not tool.busy and len(session.document.history.edits) == 1
    assert overlap(session.classes_shown == 1, disc) > 0.95


def test_paths_are_found_once_for_each_anchor(
    session: FakeSession, disc: NDArray[np.bool_], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, really = [], livewire.cheapest_from
    monkeypatch.setattr(livewire, "cheapest_from", lambda cost, start: found.append(start) or really(cost, start))
    tool = Livewire(session)
    for angle in (0, 2.1):
        tool.press(around(angle))
        for step in range(1, 5):
            tool.preview(around(angle + step / 4))
    tool.session.view = Box(0, 10, 10, ROWS, COLUMNS)  # moved, but no finer than before
    tool.preview(around(3))
    tool.preview(Pointer(0, -20, 650))
    assert len(found) == 2 + 1  # the last is for the pointer beyond what was seen


def test_shift_click_takes_the_last_anchor_back_and_escape_drops_all(
    session: FakeSession, disc: NDArray[np.bool_]
) -> None:
    tool = Livewire(session)
    for angle in (0, 2.1, 3.5):
        tool.press(around(angle))
    tool.press(Pointer(0, 10, 10, shift=True))
    tool.press(around(4.2))
    tool.confirm(around(4.2))
    assert overlap(session.classes_shown == 1, disc) > 0.95
    for _ in range(2):
        tool.press(around(0))
        tool.press(Pointer(0, 10, 10, shift=True))
        assert not tool.busy
    tool.press(around(0))
    tool.cancel()
    assert not tool.busy and not tool.preview(around(1)) and len(session.document.history.edits) == 1


def test_the_livewire_erases_with_ctrl_and_marks_unsure(session: FakeSession, disc: NDArray[np.bool_]) -> None:
    for erase, unsure, origin in ((True, True, Origin.PAINTED), (False, True, Origin.UNSURE)):
        session.unsure, tool = unsure, Livewire(session)
        for angle in (0, 2.1, 4.2):
            tool.press(around(angle))
        tool.confirm(Pointer(0, 150, 200, erase))
        assert session.codes[150, 200] >> 8 == origin
        assert session.classes_shown[150, 200] == (0 if erase else 255)


def test_the_livewire_waits_for_pixels_and_is_straight_where_nothing_is_seen(
    session: FakeSession, disc: NDArray[np.bool_], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, session.pixels, tool = session.pixels, None, Livewire(session)
    tool.press(around(0))
    assert not tool.busy
    session.pixels = pixels
    tool.press(around(0))
    session.pixels = None
    tool.press(around(2.1))
    (line, _) = tool.preview(around(2.1))
    assert isinstance(line, Path) and len(line.points) == 1
    session.pixels = pixels
    tool.session.view = Box(0, 0, 0, ROWS, 100)  # the anchor is not in it
    (line, _) = tool.preview(Pointer(0, 20, 20))
    assert isinstance(line, Path) and len(line.points) == 2


@pytest.mark.parametrize("centre", [(150, 200), (150, 257)])
def test_the_smart_brush_stops_at_edges_even_from_close_by(
    session: FakeSession, disc: NDArray[np.bool_], centre: tuple[float, float]
) -> None:
    session.brush_radius = 30
    stroke(SmartBrush(session), centre)
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    brush = np.hypot(rows + 0.5 - centre[0], columns + 0.5 - centre[1]) <= 30
    painted = session.classes_shown == 1
    assert not (painted & ~(brush & disc)).any() and (painted & brush & disc).sum() > 0.97 * (brush & disc).sum()


def test_the_smart_brush_paints_only_what_is_connected_to_its_middle(session: FakeSession) -> None:
    session.pixels = picture(50)
    session.pixels[0, :, 100:103] = 0  # a wall of three pixels
    session.brush_radius = 30
    stroke(SmartBrush(session), (150, 90), (150, 96), (160, 90))
    painted = session.classes_shown == 1
    assert painted[150, 70:100].all() and not painted[:, 100:].any() and len(session.document.history.edits) == 1


def test_strictness_says_how_much_may_differ(session: FakeSession) -> None:
    session.pixels = picture(50)
    session.pixels[0, :, 100:] = 57
    session.brush_radius = 30
    sizes = []
    for strictness in (0.0, 1.0):
        session.options["smart", "strictness"] = strictness
        stroke(SmartBrush(session), (150, 90))
        sizes.append(int((session.classes_shown == 1)[:, 100:].sum()))
        session.document.undo()
    assert sizes[0] > 500 and sizes[1] == 0


def test_a_fast_smart_stroke_leaves_no_gaps(session: FakeSession) -> None:
    session.pixels = picture(50)
    stroke(SmartBrush(session), (100, 10), (100, 500))
    assert (session.classes_shown[98:103, 10:500] == 1).all()
    session.brush_radius = 0.5
    stroke(SmartBrush(session), (20.9, 30.1))
    assert session.classes_shown[20, 30] == 1 and (session.classes_shown[15:25] == 1).sum() == 1


def test_a_smart_dab_takes_less_than_10_ms(session: FakeSession, disc: NDArray[np.bool_]) -> None:
    session.brush_radius, tool = 50, SmartBrush(session)
    tool.press(Pointer(0, 150, 200))
    times = []
    for column in range(201, 231):
        start = time.process_time()
        tool.drag(Pointer(0, 150, column))
        times.append(time.process_time() - start)
    assert sorted(times)[len(times) // 2] < 0.01


def test_escape_in_mid_smart_stroke_puts_everything_back(session: FakeSession, disc: NDArray[np.bool_]) -> None:
    tool = SmartBrush(session)
    tool.press(Pointer(0, 150, 200))
    tool.drag(Pointer(0, 150, 230))
    assert session.codes.any()
    tool.cancel()
    assert not session.codes.any()


def test_superpixels_follow_the_edge_and_are_painted_whole(session: FakeSession, disc: NDArray[np.bool_]) -> None:
    tool = Superpixels(session)
    (shown,) = tool.preview(Pointer(0, 150, 200))
    assert isinstance(shown, Area) and 200 < shown.stencil.sum() < 800
    stroke(tool, (150, 200))
    painted = session.classes_shown == 1
    rows, columns = (
        slice(start, start + side) for start, side in zip((shown.top, shown.left), shown.stencil.shape, strict=True)
    )
    assert (painted[rows, columns] == shown.stencil).all() and painted.sum() == shown.stencil.sum()
    turns = np.linspace(0, 6.28, 30)
    for radius in (10, 25, 40, 55):
        stroke(tool, *[(150 + radius * np.sin(a), 200 + radius * np.cos(a)) for a in turns])
    assert overlap(session.classes_shown == 1, disc) > 0.93 and len(session.document.history.edits) <= 5


def test_a_fast_drag_paints_every_superpixel_it_crosses_as_one_step(session: FakeSession) -> None:
    session.pixels = picture(50)
    stroke(Superpixels(session), (100, 10), (100, 500))
    assert (session.classes_shown[100, 10:500] == 1).all() and len(session.document.history.edits) == 1


def test_superpixels_are_found_once_for_each_view_and_option(
    session: FakeSession, disc: NDArray[np.bool_], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, really = [], superpixel.superpixels
    monkeypatch.setattr(
        superpixel, "superpixels", lambda values, side, c: sizes.append((values.size, side)) or really(values, side, c)
    )
    tool = Superpixels(session)
    stroke(tool, (150, 200), (150, 230))
    tool.preview(Pointer(0, 10, 10))
    session.options["superpixel", "size"] = 40
    tool.preview(Pointer(0, 10, 10))
    session.view = Box(0, 0, 0, 100, 100)
    tool.preview(Pointer(0, 10, 10))
    assert sizes == [(ROWS * COLUMNS * 3, 20), (ROWS * COLUMNS * 3, 40)]
    monkeypatch.setattr(superpixel, "LIMIT", 2500)
    tool.cancel()
    (area,) = tool.preview(Pointer(0, 50, 50))
    assert sizes[2] == (2500 * 3, 20) and isinstance(area, Area) and area.stencil.sum() > 400


def test_superpixels_of_a_view_of_one_pixel(session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    session.pixels = picture(50)
    session.view = Box(0, 20, 20, 21, 21)
    stroke(Superpixels(session), (20.5, 20.5))
    assert session.classes_shown[20, 20] == 1 and (session.classes_shown == 1).sum() == 1


def test_escape_in_mid_superpixel_stroke_puts_everything_back(session: FakeSession, disc: NDArray[np.bool_]) -> None:
    tool = Superpixels(session)
    tool.press(Pointer(0, 150, 200))
    assert session.codes.any()
    tool.cancel()
    assert not session.codes.any()


GUIDED = (Wand, SmartBrush, Superpixels)


@pytest.mark.parametrize("kind", GUIDED)
def test_ctrl_erases_and_unsure_has_no_class(kind: type[Tool], blocks: FakeSession) -> None:
    stroke(kind(blocks), (80, 80), erase=True)
    assert blocks.classes_shown[80, 80] == 0 and blocks.codes[80, 80] >> 8 == Origin.PAINTED
    blocks.unsure = True
    stroke(kind(blocks), (80, 80))
    assert blocks.codes[80, 80] >> 8 == Origin.UNSURE
    stroke(kind(blocks), (80, 80), erase=True)
    assert blocks.classes_shown[80, 80] == 0 and blocks.codes[80, 80] >> 8 == Origin.PAINTED


@pytest.mark.parametrize("kind", GUIDED)
def test_nothing_happens_while_pixels_load_or_outside_the_image(kind: type[Tool], blocks: FakeSession) -> None:
    stroke(kind(blocks), (-5, 10), (-8, 20))
    blocks.pixels = None
    tool = kind(blocks)
    stroke(tool, (80, 80), (80, 90))
    tool.preview(Pointer(0, 80, 80))
    assert not blocks.codes.any() and not blocks.document.history.edits
