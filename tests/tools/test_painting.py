"""The tools, on arrays: what a press, a drag and a release write."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from segstudio.core.codes import Origin
from segstudio.core.geometry import Box
from segstudio.core.stencils import capsule, polygon
from segstudio.tools.base import Pointer
from segstudio.tools.brush import Brush
from segstudio.tools.eraser import Eraser
from segstudio.tools.fill import Fill
from segstudio.tools.lasso import Lasso
from segstudio.tools.polygon import Polygon
from segstudio.tools.revert import Revert
from tests.tools.fake import COLUMNS, ROWS, FakeSession, stroke


def test_a_fast_drag_leaves_no_gaps(session: FakeSession) -> None:
    stroke(Brush(session), (100, 10), (100, 500))
    assert (session.classes_shown[100, 10:500] == 1).all()


def test_the_smallest_brush_paints_the_pixel_under_it(session: FakeSession) -> None:
    session.brush_radius = 0.5
    stroke(Brush(session), (20.9, 30.1))
    assert np.argwhere(session.codes).tolist() == [[20, 30]]


def test_one_stroke_is_one_undo_step(session: FakeSession) -> None:
    stroke(Brush(session), (10, 10), (10, 50), (280, 550))
    assert len(session.document.history.edits) == 1
    session.document.undo()
    assert not session.codes.any()


def test_painting_the_same_class_again_adds_nothing_to_undo(session: FakeSession) -> None:
    for _ in range(2):
        stroke(Brush(session), (50, 50), (50, 80))
    assert len(session.document.history.edits) == 1


def test_ctrl_erases_to_background_which_is_an_annotation(session: FakeSession) -> None:
    stroke(Brush(session), (50, 50), erase=True)
    assert session.classes_shown[50, 50] == 0 and session.codes[50, 50] != 0


def test_unsure_is_an_annotation_without_a_class(session: FakeSession) -> None:
    session.unsure = True
    stroke(Brush(session), (50, 50))
    assert session.codes[50, 50] >> 8 == Origin.UNSURE and session.classes_shown[50, 50] == 255


def test_the_revert_brush_lets_the_model_speak_again(session: FakeSession) -> None:
    block = np.full((ROWS, COLUMNS), 2, np.uint8)
    session.document.put_prediction(1, 1, 0, 0, 0, block, block, 1)
    stroke(Eraser(session), (50, 50), (50, 90))
    mask = session.layer.mask(Box.whole(session.shape))
    assert mask[50, 60] == 0
    stroke(Revert(session), (50, 50), (50, 90))
    assert (session.layer.mask(Box.whole(session.shape)) == 2).all()


def test_escape_in_mid_stroke_puts_everything_back(session: FakeSession) -> None:
    brush = Brush(session)
    brush.press(Pointer(0, 50, 50))
    brush.drag(Pointer(0, 50, 90))
    brush.cancel()
    assert not session.codes.any() and not session.document.history.edits


def test_a_locked_class_is_not_painted_over(session: FakeSession) -> None:
    stroke(Brush(session), (50, 50))
    session.document.classes.change(1, locked=True)
    session.active_class = 2
    stroke(Brush(session), (50, 50), (50, 100))
    shown = session.classes_shown
    assert shown[50, 50] == 1 and shown[50, 90] == 2


def test_a_lasso_drawn_freehand_fills_what_it_encloses(session: FakeSession) -> None:
    angles = np.linspace(0, 6.2, 40)
    stroke(Lasso(session), *[(100 + 40 * np.sin(a), 200 + 60 * np.cos(a)) for a in angles])
    assert session.classes_shown[100, 200] == 1 and session.classes_shown[100, 270] == 255
    assert abs((session.classes_shown == 1).sum() - np.pi * 40 * 60) < 400


def test_a_polygon_clicked_corner_by_corner_waits_for_the_end(session: FakeSession) -> None:
    polygon_tool = Polygon(session)
    for corner in ((20, 20), (20, 60), (60, 60), (60, 20)):
        stroke(polygon_tool, corner)
    assert polygon_tool.busy and not session.codes.any()
    polygon_tool.confirm(Pointer(0, 60, 20))
    assert (session.classes_shown[20:60, 20:60] == 1).all() and (session.codes != 0).sum() == 1600


def test_a_dropped_polygon_paints_nothing(session: FakeSession) -> None:
    polygon_tool = Polygon(session)
    for corner in ((20, 20), (20, 60), (60, 60)):
        stroke(polygon_tool, corner)
    polygon_tool.cancel()
    assert not polygon_tool.busy and not session.codes.any()


def test_fill_stays_inside_the_class_it_was_dropped_on(session: FakeSession) -> None:
    session.active_class = 2
    stroke(Brush(session), (150, 0), (150, 600))  # a wall through the image
    session.active_class = 1
    stroke(Fill(session), (20, 20))
    shown = session.classes_shown
    assert (shown[:140] == 1).all() and (shown[160:] == 255).all() and shown[150, 300] == 2


def test_fill_with_a_tolerance_follows_the_image(session: FakeSession) -> None:
    image = np.zeros((1, ROWS, COLUMNS, 1), np.uint8)
    image[0, 50:100, 50:100] = 90
    image[0, 60, 60] = 85
    session.pixels, session.options["fill", "tolerance"] = image, 0.1
    stroke(Fill(session), (70, 70))
    assert (session.classes_shown == 1).sum() == 2500


def test_fill_looks_at_what_is_seen_while_the_rest_is_not_read_yet(
    session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.options["fill", "tolerance"] = 0.1
    stroke(Fill(session), (70, 70))
    assert "still being read" in session.refused[-1] and not session.codes.any()
    session.view = Box(0, 60, 50, 80, 90)
    grey = np.zeros((ROWS, COLUMNS, 1), np.uint8)
    monkeypatch.setattr(session, "read_pixels", lambda box: grey[box.rows, box.columns] if box.height <= 20 else None)
    stroke(Fill(session), (70, 70))
    _, z, top, left, classes = session.offered[-1]
    assert (z, top, left, classes.shape) == (0, 60, 50, (1, 20, 40)) and (classes == 1).all()
    assert "beyond" in session.notes[-1]


@pytest.mark.parametrize("point", [(-5, 10), (10, 700)])
def test_fill_outside_the_image_does_nothing(session: FakeSession, point: tuple[float, float]) -> None:
    stroke(Fill(session), point)
    assert not session.codes.any()


@pytest.mark.parametrize("radius", [1.0, 4.5, 20.0, 77.0])
def test_a_disc_has_the_area_of_a_circle(radius: float) -> None:
    top, left, stencil = capsule((150.5, 150.5), (150.5, 150.5), radius, 301, 301)
    whole = np.zeros((301, 301), bool)
    whole[top : top + stencil.shape[0], left : left + stencil.shape[1]] = stencil
    assert abs(whole.sum() - np.pi * radius**2) < 4 + 8 * radius**0.6
    assert (whole == whole[::-1, ::-1]).all() and (whole == whole.T).all()


def test_a_stencil_outside_the_image_is_empty() -> None:
    assert not capsule((-50, -50), (-40, -60), 5, 300, 300)[2].any()
    assert polygon([(400, 400), (400, 500), (500, 450)], 300, 300)[2].size == 0


def test_a_polygon_agrees_with_pillow_up_to_its_border() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        corners = random.uniform(5, 95, (6, 2))
        top, left, stencil = polygon([tuple(c) for c in corners], 100, 100)
        ours = np.zeros((100, 100), bool)
        ours[top : top + stencil.shape[0], left : left + stencil.shape[1]] = stencil
        large = Image.new("L", (800, 800))
        ImageDraw.Draw(large).polygon([(c * 8, r * 8) for r, c in corners], fill=1)
        share = np.asarray(large).reshape(100, 8, 100, 8).mean(axis=(1, 3))
        certain = (share < 0.02) | (share > 0.98)
        assert (ours[certain] == (share[certain] > 0.5)).all()
