"""Linked views: real mouse events in turned canvases, the crosshair, proportions, and what compared views draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.reslice import ORDER
from segstudio.core.restriction import Restriction
from segstudio.core.slab import Slab
from segstudio.settings import Settings
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.canvas.views import RAW, Views
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.plane_layer import Shows
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow

Show = Callable[..., Views]
NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
SHAPE = (20, 60, 80)


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    """Views of 900 x 600 on a grey volume of value 100."""

    def make(
        shape: tuple[int, int, int] = SHAPE, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
        pixels: NDArray[np.uint8] | None = None,
    ) -> Views:  # fmt: skip
        session = Session(Settings())
        views = Views(session)
        views.resize(900, 600)
        qtbot.addWidget(views)
        views.show()
        document = Document()
        document.classes.add("Cell", "#ff0000")
        info = ImageInfo("", shape, 1, ("grey",), "uint8", spacing=spacing, unit="mm", ranges=((0.0, 255.0),))
        entry = document.add_image("a.tif", "", info)
        session.show_project(OpenProject(document))
        session.show_image(entry, np.full((*shape, 1), 100, np.uint8) if pixels is None else pixels)
        session.set_brush_radius(3)
        QApplication.processEvents()
        return views

    return make


def at(canvas: Canvas, row: float, column: float) -> QPoint:
    x, y = canvas.view.to_widget(row, column)
    return QPoint(round(x), round(y))


def drag(canvas: Canvas, *points: tuple[float, float]) -> None:
    places = [at(canvas, *point) for point in points]
    QTest.mousePress(canvas, LEFT, NONE, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, LEFT, NONE, places[-1])
    QApplication.processEvents()


def hover(canvas: Canvas, row: float, column: float, modifiers: Qt.KeyboardModifier) -> None:
    place = QPointF(at(canvas, row, column))
    kind, button = QEvent.Type.MouseMove, Qt.MouseButton.NoButton
    QApplication.sendEvent(canvas, QMouseEvent(kind, place, canvas.mapToGlobal(place), button, button, modifiers))
    QApplication.processEvents()


def color(canvas: Canvas, row: float, column: float) -> QColor:
    QTest.qWait(20)
    return canvas.grab().toImage().pixelColor(at(canvas, row, column))


def red(found: QColor) -> bool:
    return found.red() > found.green() + 40


def voxels(views: Views) -> NDArray[np.bool_]:
    layer = views.session.layer
    return np.stack([layer.mask(Box.whole(layer.shape, z)) == 1 for z in range(layer.shape[0])])


@pytest.mark.parametrize("axis", [1, 2])
def test_a_stroke_in_a_turned_view_paints_its_voxels_as_one_step(show: Show, axis: int) -> None:
    views = show()
    views.choose("orthogonal")
    views.crosshair.move((10, 30, 40))
    QApplication.processEvents()
    canvas = views.coronal if axis == 1 else views.sagittal
    drag(canvas, (6.5, 20.5), (6.5, 40.5))
    seen = voxels(views).transpose(ORDER[axis])  # type: ignore[arg-type]
    shown = 30 if axis == 1 else 40
    assert set(np.flatnonzero(seen.any(axis=(1, 2)))) == {shown}
    assert seen[shown, 6, 20:41].all() and seen[shown, 4:9, 30].all() and not seen[shown, 12:].any()
    assert len(views.session.document.history.edits) == 1  # type: ignore[union-attr]
    assert red(color(canvas, 6.5, 30.5))
    views.session.editing.undo()
    assert not voxels(views).any()
    QApplication.processEvents()
    assert not red(color(canvas, 6.5, 30.5))


def test_every_plane_shows_what_was_painted_in_another(show: Show) -> None:
    views = show()
    views.choose("orthogonal")
    views.crosshair.move((10, 30, 40))
    for canvas in (views.canvas, views.coronal, views.sagittal):
        canvas.grab()
    drag(views.canvas, (25.5, 35.5))
    views.crosshair.move((10, 25, 35))
    for canvas, row, column in ((views.canvas, 26, 36), (views.coronal, 10.5, 36), (views.sagittal, 10.5, 26)):
        assert red(color(canvas, row, column))
    drag(views.coronal, (4.5, 20.5))
    views.crosshair.move((4, 50, 70))  # its lines out of the way
    assert red(color(views.canvas, 25.5, 20.5))


def test_a_stroke_repaints_a_turned_view_only_where_it_touched(show: Show) -> None:
    views = show()
    views.choose("orthogonal")
    views.crosshair.move((10, 30, 40))
    QTest.qWait(30)
    told: list[Box] = []
    views.planes[2].layer.changed.connect(told.append)
    views.session.layer.changed.connect(lambda box: None)
    drag(views.coronal, (6.5, 40.5), (6.5, 42.5))
    boxes = [box for box in told if box.z == 40]
    assert boxes and all(box.height <= 8 and box.width == 1 for box in boxes)
    assert len(boxes) < 10  # not one for every image slice that each dab crossed


def test_tools_that_fill_work_in_turned_views(show: Show) -> None:
    views = show()
    views.choose("orthogonal")
    views.crosshair.move((10, 30, 40))
    views.session.set_tool("lasso")
    drag(views.coronal, (2, 10), (2, 30), (15, 30), (15, 20), (15, 10), (5, 10))
    found = voxels(views)
    assert found[3:14, 30, 12:29].all() and found.sum() == found[:, 30].sum()
    views.session.set_tool("fill")
    views.session.set_tool_option("fill", "tolerance", 0.0)
    views.session.choose_class(0)
    drag(views.coronal, (8, 20))
    assert not voxels(views).any()


def test_painting_only_in_view_counts_the_turned_view(show: Show) -> None:
    views = show()
    views.choose("orthogonal")
    views.session.restrict(Restriction(in_view=True))
    drag(views.sagittal, (6.5, 20.5))
    assert voxels(views)[6, 20, 40]


def test_picking_a_class_works_in_turned_views(show: Show) -> None:
    views = show()
    views.choose("orthogonal")
    drag(views.coronal, (6.5, 20.5))
    views.session.choose_class(0)
    QTest.mouseClick(views.coronal, LEFT, Qt.KeyboardModifier.AltModifier, at(views.coronal, 6.5, 20.5))
    assert views.session.active_class == 1


def test_shift_and_a_move_take_the_crosshair_and_all_slices_along(show: Show) -> None:
    views = show()
    views.choose("orthogonal")
    shift = Qt.KeyboardModifier.ShiftModifier
    hover(views.canvas, 12.5, 55.5, shift)
    assert (views.coronal.session.slice, views.sagittal.session.slice) == (12, 55)
    hover(views.coronal, 7.5, 22.5, shift)
    assert views.session.slice == 7 and views.crosshair.at == (7, 12, 22)
    hover(views.sagittal, 3.5, 44.5, shift)
    assert views.crosshair.at == (3, 44, 22)
    hover(views.sagittal, 9.5, 14.5, NONE)
    assert views.crosshair.at == (3, 44, 22)
    assert views.marks[views.coronal].text() == "Coronal 45/60"
    shot, y = views.coronal.grab().toImage(), at(views.coronal, 3.5, 0).y()
    assert any(red(shot.pixelColor(5, row)) for row in range(y - 1, y + 2))  # the axial plane, in its colour


def test_proportions_follow_the_spacing(show: Show) -> None:
    views = show(spacing=(4.0, 2.0, 1.0))
    views.choose("orthogonal")
    QApplication.processEvents()
    assert views.canvas.view.aspect == 2 and views.coronal.view.aspect == 4 and views.sagittal.view.aspect == 2
    x, y = views.coronal.view.to_widget(1, 1)
    x0, y0 = views.coronal.view.to_widget(0, 0)
    assert (y - y0) / (x - x0) == pytest.approx(4)
    views.choose("single")
    QTest.qWait(30)
    shot = views.canvas.grab().toImage()
    pixels = np.array([[shot.pixelColor(c, r).rgb() for c in range(shot.width())] for r in range(shot.height())])
    grey = pixels == QColor(100, 100, 100).rgb()
    tall, wide = np.count_nonzero(grey.any(axis=1)), np.count_nonzero(grey.any(axis=0))
    assert tall / wide == pytest.approx(2 * SHAPE[1] / SHAPE[2], rel=0.02)
    row, column = views.canvas.view.to_image(200, 180)
    assert views.canvas.view.to_widget(row, column) == pytest.approx((200, 180))


def test_an_image_of_one_slice_is_refused_with_a_sentence(show: Show, qtbot: QtBot) -> None:
    views = show((1, 60, 80))
    with qtbot.waitSignal(views.session.blocked) as blocked:
        views.choose("orthogonal")
    assert "one slice" in blocked.args[0] and views.shown == "single" and not views.coronal.isVisible()


def test_a_view_that_is_not_shown_listens_to_nothing(show: Show) -> None:
    views = show()
    views.choose("orthogonal")
    views.choose("single")
    assert views.coronal.session.image is None and not views.coronal.isVisible()
    assert len(views.session.layer.changed._listeners) == 1


def test_side_by_side_shows_other_masks_at_the_same_place(show: Show) -> None:
    views = show()
    views.session.set_slice(0)
    drag(views.canvas, (30.5, 40.5))
    views.choose("beside")
    QApplication.processEvents()
    views.compare(RAW)
    assert red(color(views.canvas, 30.5, 40.5)) and not red(color(views.other, 30.5, 40.5))
    views.compare(Shows(prediction=False))
    assert red(color(views.other, 30.5, 40.5))
    views.compare(Shows(annotation=False))
    assert not red(color(views.other, 30.5, 40.5))
    block = np.full((60, 80), 1, np.uint8)
    views.session.document.put_prediction(1, 1, 0, 0, 0, block, block, 1)  # type: ignore[union-attr]
    assert red(color(views.other, 5.5, 5.5))
    views.canvas.zoom_by(3)
    views.canvas.center_on(20, 50)
    middle = views.other.view.to_image(views.other.width() / 2, views.other.height() / 2)
    assert views.other.view.scale == views.canvas.view.scale and middle == pytest.approx((20, 50))
    views.other.center_on(35, 45)
    middle = views.canvas.view.to_image(views.canvas.width() / 2, views.canvas.height() / 2)
    assert middle == pytest.approx((35, 45))
    drag(views.other, (36.5, 46.5))
    assert voxels(views)[0, 36, 46]


def test_each_layer_can_be_compared(show: Show) -> None:
    views = show()
    drag(views.canvas, (30.5, 40.5))
    layer = views.session.document.add_layer(1, "Second")  # type: ignore[union-attr]
    views.choose("beside")
    titles = [title for title, _ in views.choices()]
    assert titles == ["All masks", "Raw image", "Prediction only", "Annotation only", "Mask", "Second"]
    views.compare(Shows(layer=layer.id))
    assert not red(color(views.other, 30.5, 40.5)) and views.button.text() == "Second"
    views.compare(Shows(layer=1))
    assert red(color(views.other, 30.5, 40.5))


def test_the_swipe_divider_parts_masks_from_the_raw_image(show: Show) -> None:
    views = show()
    drag(views.canvas, (30.5, 10.5), (30.5, 70.5))
    views.choose("swipe")
    QApplication.processEvents()
    assert red(color(views.canvas, 30.5, 20.5)) and not red(color(views.canvas, 30.5, 60.5))
    centre = views.divider.rect().center()
    QTest.mousePress(views.divider, LEFT, NONE, centre)
    target = views.divider.mapFrom(views.canvas, at(views.canvas, 30.5, 70.5))
    place = QPointF(target)
    kind = QEvent.Type.MouseMove
    QApplication.sendEvent(views.divider, QMouseEvent(kind, place, views.divider.mapToGlobal(place), LEFT, LEFT, NONE))
    assert red(color(views.canvas, 30.5, 60.5))
    views.choose("single")
    assert red(color(views.canvas, 30.5, 70.0)) and views.divider.isHidden()


def test_blinking_shows_both_in_turns(show: Show, qtbot: QtBot) -> None:
    views = show()
    drag(views.canvas, (30.5, 40.5))
    views.choose("blink")
    assert not red(color(views.canvas, 30.5, 40.5))
    qtbot.waitUntil(lambda: views.other.isHidden(), timeout=2000)
    assert red(color(views.canvas, 30.5, 40.5))
    qtbot.waitUntil(lambda: not views.other.isHidden(), timeout=2000)


def test_a_slab_changes_the_image_and_not_the_masks(show: Show) -> None:
    pixels = np.full((*SHAPE, 1), 50, np.uint8)
    pixels[12] = 200
    views = show(pixels=pixels)
    views.session.set_slice(10)
    drag(views.canvas, (30.5, 40.5))
    assert color(views.canvas, 10.5, 10.5).red() == 50
    views.session.set_display(slab=Slab("maximum", 5))
    assert color(views.canvas, 10.5, 10.5).red() == 200
    assert views.marks[views.canvas].text() == "Axial 11/20 · maximum 5"
    views.session.set_display(slab=Slab("mean", 5))
    assert color(views.canvas, 10.5, 10.5).red() == 80
    views.session.set_slice(11)
    assert not red(color(views.canvas, 30.5, 40.5))


def test_commands_act_on_the_view_that_was_used_last(window: MainWindow) -> None:
    views, session = window.views, window.session
    document = session.document
    assert document is not None
    info = ImageInfo("", SHAPE, 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    session.show_image(document.add_image("v.tif", "1" * 64, info), np.zeros((*SHAPE, 1), np.uint8))
    window.refresh_commands()
    QTest.keyClick(window.canvas, Qt.Key.Key_F6)
    assert views.shown == "orthogonal"
    views.sagittal.setFocus()
    before, scale = views.sagittal.session.slice, views.canvas.view.scale
    QTest.keyClick(views.sagittal, Qt.Key.Key_PageDown)
    QTest.keyClick(views.sagittal, Qt.Key.Key_Plus)
    assert views.sagittal.session.slice == before + 1 and session.slice == 10 and views.canvas.view.scale == scale
    QTest.keyClick(views.sagittal, Qt.Key.Key_F5)
    assert views.shown == "single" and views.active is views.canvas
