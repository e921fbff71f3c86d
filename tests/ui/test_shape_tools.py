"""Each drawing tool, through real mouse events on the real canvas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.settings import Settings
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.panels.tool_options import ToolOptions
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow
from tests.ui.test_canvas_events import LEFT, NONE, at, drag

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    """A canvas of 600 x 400 on three slices of 200 x 300 pixels, rows twice as far apart as columns."""
    session = Session(Settings())
    made = Canvas(session)
    made.resize(600, 400)
    qtbot.addWidget(made)
    made.show()
    document = Document()
    document.classes.add("Cell", "#ff0000")
    info = ImageInfo(
        "", (3, 200, 300), 1, ("grey",), "uint8", spacing=(1.0, 1.0, 0.5), unit="mm", ranges=((0.0, 255.0),)
    )
    entry = document.add_image("a.nii", "", info)
    session.show_project(OpenProject(document))
    pixels = np.zeros((3, 200, 300, 1), np.uint8)
    pixels[:, 50:100, 50:100] = 200
    session.show_image(entry, pixels)
    session.visible_box = made.visible_box
    session.set_slice(1)
    QApplication.processEvents()
    return made


def painted(canvas: Canvas, z: int = 1) -> NDArray[np.bool_]:
    layer = canvas.session.layer
    return layer.annotation.read(Box.whole(layer.shape, z)) != 0


def click(canvas: Canvas, row: float, column: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.mouseClick(canvas, LEFT, modifiers, at(canvas, row, column))


@pytest.mark.parametrize("tool", ["brush", "eraser"])
def test_brush_and_eraser_with_their_options(canvas: Canvas, tool: str) -> None:
    session = canvas.session
    session.set_tool(tool)
    session.set_brush_radius(10)
    for name, value in (("shape", "square"), ("unit", "mm"), ("sphere", True)):
        session.set_tool_option(tool, name, value)
    drag(canvas, (100, 60), (100, 200))
    for z in range(3):
        rows, columns = np.nonzero(painted(canvas, z))
        assert np.ptp(rows) == pytest.approx(10, abs=1) and np.ptp(columns) == pytest.approx(160, abs=2)
    session.editing.undo()
    assert session.layer.annotation.is_empty()


def test_the_revert_brush_takes_a_square_away(canvas: Canvas) -> None:
    drag(canvas, (100, 60), (100, 200))
    canvas.session.set_tool("revert")
    canvas.session.set_tool_option("revert", "shape", "square")
    canvas.session.set_brush_radius(50)
    drag(canvas, (100, 60), (100, 200))
    assert not painted(canvas).any()


def test_the_radius_is_shown_in_the_unit_that_is_painted_in(canvas: Canvas, qtbot: QtBot) -> None:
    strip, session = ToolOptions(canvas.session), canvas.session
    qtbot.addWidget(strip)
    session.set_brush_radius(10)
    assert strip.radius.field.text() == "10.0 px"
    session.set_tool_option("brush", "unit", "mm")
    assert strip.radius.field.text() == "5.00 mm"
    strip.radius.field.setValue(8)
    assert session.brush_radius == 16
    session.set_tool("eraser")
    assert strip.radius.field.text() == "16.0 px"


def test_a_lasso(canvas: Canvas) -> None:
    canvas.session.set_tool("lasso")
    drag(canvas, (20, 20), (20, 100), (80, 100), (80, 20))
    assert painted(canvas)[50, 60] and painted(canvas).sum() == pytest.approx(60 * 80, rel=0.03)


def test_a_polygon_is_clicked_mended_and_filled_by_enter(canvas: Canvas) -> None:
    canvas.session.set_tool("polygon")
    for corner in ((20, 20), (20, 100), (80, 100), (80, 60), (80, 20)):
        click(canvas, *corner)
    drag(canvas, (80, 100), (120, 200))
    click(canvas, 80, 60, SHIFT)
    assert not painted(canvas).any()
    assert canvas.confirm() and painted(canvas)[100, 150] and not canvas.tool.busy


def test_a_double_click_fills_a_polygon_and_escape_drops_it(canvas: Canvas) -> None:
    canvas.session.set_tool("polygon")
    for corner in ((20, 20), (20, 100), (80, 100)):
        click(canvas, *corner)
    assert canvas.cancel() and not canvas.confirm()
    for corner in ((20, 20), (20, 100), (80, 100)):
        click(canvas, *corner)
    QTest.mouseDClick(canvas, LEFT, NONE, at(canvas, 80, 100))
    assert painted(canvas).sum() == pytest.approx(60 * 80 / 2, rel=0.05)


@pytest.mark.parametrize(("tool", "share"), [("rectangle", 1.0), ("ellipse", np.pi / 4)])
def test_rectangle_and_ellipse(canvas: Canvas, tool: str, share: float) -> None:
    canvas.session.set_tool(tool)
    drag(canvas, (20, 20), (60, 60), (80, 120))
    assert painted(canvas).sum() == pytest.approx(share * 60 * 100, rel=0.03)
    drag(canvas, (120, 20), (160, 30), modifiers=SHIFT)
    assert painted(canvas)[110:].sum() == pytest.approx(share * 40 * 40, rel=0.05)
    canvas.session.editing.undo()
    drag(canvas, (20, 20), (80, 120), modifiers=CTRL)
    layer = canvas.session.layer
    assert layer.mask(Box.whole(layer.shape, 1))[50, 70] == 0


def test_fill_writes_what_is_seen_and_offers_the_rest(canvas: Canvas) -> None:
    session = canvas.session
    session.set_tool("fill")
    click(canvas, 70, 70)
    assert painted(canvas).sum() == 2500 and session.proposal is None
    session.editing.undo()
    session.set_tool_option("fill", "through_slices", True)
    click(canvas, 70, 70)
    assert session.proposal is not None and not painted(canvas).any()
    session.proposals.accept()
    assert [painted(canvas, z).sum() for z in range(3)] == [2500] * 3
    session.editing.undo()
    assert session.layer.annotation.is_empty()


def test_options_for_volumes_are_shown_for_volumes_only(canvas: Canvas, qtbot: QtBot) -> None:
    strip, session = ToolOptions(canvas.session), canvas.session
    qtbot.addWidget(strip)
    for tool, name in (("brush", "sphere"), ("revert", "sphere"), ("fill", "through_slices")):
        session.set_tool(tool)
        assert name in strip.own.fields
    assert session.document is not None
    info = ImageInfo("", (1, 20, 30), 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    flat = session.document.add_image("b.png", "", info)
    session.show_image(flat, np.zeros((1, 20, 30, 1), np.uint8))
    assert set(strip.own.fields) == {"tolerance", "holes"}


def test_split_and_object_by_the_mouse(window: MainWindow) -> None:
    session, canvas = window.session, window.canvas
    writer = session.begin_edit("Paint", tool="brush")
    writer.set(0, 40, 30, np.ones((30, 80), bool), 1)
    session.finish_edit(writer)

    def place(row: float, column: float) -> QPoint:
        return QPoint(*(round(value) for value in canvas.view.to_widget(row, column)))

    session.set_tool("split")
    QTest.mousePress(canvas, LEFT, NONE, place(30, 60))
    QTest.mouseMove(canvas, place(80, 60))
    QTest.mouseRelease(canvas, LEFT, NONE, place(80, 60))
    assert session.document.history.edits[-1].title == "Split"
    session.set_tool("object")
    QTest.mouseClick(canvas, LEFT, NONE, place(50, 40))
    mask = session.layer.mask(Box(0, 0, 0, 120, 160))
    assert not (mask[40:70, 30:58] == 1).any() and (mask[40:70, 63:110] == 1).all()
