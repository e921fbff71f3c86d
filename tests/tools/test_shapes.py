"""Polygon, rectangle and ellipse: what is mended, what is written."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import Origin
from segstudio.tools import area
from segstudio.tools.base import Handles, Path, Pointer
from segstudio.tools.ellipse import Ellipse
from segstudio.tools.polygon import Polygon
from segstudio.tools.rectangle import Rectangle
from tests.tools.fake import FakeSession, stroke

SQUARE = ((20, 20), (20, 60), (60, 60), (60, 20))


@pytest.fixture
def drawn(session: FakeSession) -> Polygon:
    """A square of four corners that is not filled yet."""
    tool = Polygon(session)
    for corner in SQUARE:
        stroke(tool, corner)
    return tool


def corners(tool: Polygon) -> tuple[tuple[float, float], ...]:
    return next((shape.points for shape in tool.preview(None) if isinstance(shape, Handles)), ())


def test_a_corner_can_be_dragged_before_it_is_filled(drawn: Polygon, session: FakeSession) -> None:
    stroke(drawn, (61, 59), (80, 70), (100, 100))
    assert corners(drawn) == ((20, 20), (20, 60), (100, 100), (60, 20)) and not session.codes.any()
    drawn.confirm(Pointer(0, 0, 0))
    assert session.classes_shown[85, 85] == 1 and not drawn.busy


def test_a_click_on_an_edge_adds_a_corner_there(drawn: Polygon) -> None:
    stroke(drawn, (40, 61), (40, 100))
    stroke(drawn, (40, 19), (40, 5))
    assert corners(drawn) == ((20, 20), (20, 60), (40, 100), (60, 60), (60, 20), (40, 5))


def test_shift_click_removes_a_corner_and_nothing_else(drawn: Polygon) -> None:
    stroke(drawn, (59, 60), shift=True)
    stroke(drawn, (200, 200), shift=True)
    assert corners(drawn) == ((20, 20), (20, 60), (60, 20))


def test_what_counts_as_a_hit_follows_the_screen(drawn: Polygon) -> None:
    far = Pointer(0, 70, 70, reach=20)
    assert next(shape for shape in drawn.preview(far) if isinstance(shape, Handles)).active == 2
    drawn.press(far)
    assert len(corners(drawn)) == 4


def test_ctrl_at_the_first_corner_erases(session: FakeSession) -> None:
    tool = Polygon(session)
    for corner in SQUARE:
        stroke(tool, corner, erase=corner == SQUARE[0])
    tool.confirm(Pointer(0, 0, 0))
    assert (session.classes_shown[20:60, 20:60] == 0).all()


def test_a_polygon_is_filled_on_the_slice_where_it_was_begun() -> None:
    session = FakeSession(slices=3)
    tool = Polygon(session)
    for corner in SQUARE:
        stroke(tool, corner, z=1)
    tool.confirm(Pointer(2, 0, 0))
    assert {key[0] for key in session.layer.annotation.keys()} == {1}  # noqa: SIM118


def test_two_corners_enclose_nothing(session: FakeSession) -> None:
    tool = Polygon(session)
    for corner in SQUARE[:2]:
        stroke(tool, corner)
    tool.confirm(Pointer(0, 0, 0))
    assert not tool.busy and not session.document.history.edits


def test_a_rectangle_fills_from_corner_to_corner_in_any_direction(session: FakeSession) -> None:
    stroke(Rectangle(session), (60, 90), (40, 50), (20, 30))
    assert (session.classes_shown[20:60, 30:90] == 1).all() and (session.codes != 0).sum() == 2400
    assert len(session.document.history.edits) == 1


def test_shift_makes_a_square_and_ctrl_erases(session: FakeSession) -> None:
    stroke(Rectangle(session), (100, 100), (90, 60), erase=True, shift=True)
    assert (session.classes_shown[60:100, 60:100] == 0).all() and (session.codes != 0).sum() == 1600


def test_an_ellipse_has_its_area_and_its_extent(session: FakeSession) -> None:
    stroke(Ellipse(session), (20, 30), (80, 130))
    rows, columns = np.nonzero(session.codes)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 79, 30, 129)
    assert len(rows) == pytest.approx(np.pi * 30 * 50, rel=0.01)


def test_shift_makes_a_circle(session: FakeSession) -> None:
    stroke(Ellipse(session), (20, 30), (50, 130), shift=True)
    rows, columns = np.nonzero(session.codes)
    assert np.ptp(rows) == np.ptp(columns) == 99


@pytest.mark.parametrize("kind", [Rectangle, Ellipse])
def test_shapes_honour_unsure_and_show_themselves(kind: type[Rectangle], session: FakeSession) -> None:
    session.unsure, tool = True, kind(session)
    tool.press(Pointer(0, 20, 20))
    tool.drag(Pointer(0, 60, 60))
    (outline,) = tool.preview(None)
    assert isinstance(outline, Path) and outline.closed and not session.codes.any()
    tool.release(Pointer(0, 60, 60))
    assert session.codes[40, 40] >> 8 == Origin.UNSURE and tool.preview(None) == ()


@pytest.mark.parametrize("kind", [Rectangle, Ellipse])
def test_a_click_and_a_dropped_drag_draw_nothing(kind: type[Rectangle], session: FakeSession) -> None:
    tool = kind(session)
    stroke(tool, (20, 20))
    tool.press(Pointer(0, 20, 20))
    tool.drag(Pointer(0, 60, 60))
    tool.cancel()
    tool.release(Pointer(0, 60, 60))
    assert not session.codes.any()


def test_an_outline_that_is_too_large_is_refused(session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(area, "LARGEST", 1000)
    stroke(Rectangle(session), (20, 20), (60, 60))
    assert not session.codes.any() and not session.document.history.edits
