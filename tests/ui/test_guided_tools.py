"""The tools that the image guides, through real mouse events on the real canvas."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.codes import Origin, encode
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.settings import Settings
from segstudio.tools.base import Area
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow

NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    """200 x 300 pixels of grey with a bright disc of radius 40 around (100, 150); the view is the whole image."""
    session = Session(Settings())
    made = Canvas(session)
    session.visible_box = made.visible_box
    made.resize(600, 400)
    qtbot.addWidget(made)
    made.show()
    rows, columns = np.mgrid[:200, :300]
    pixels = np.where(np.hypot(rows - 100, columns - 150) < 40, 200, 60).astype(np.uint8)[None, :, :, None]
    document = Document()
    document.classes.add("Cell", "#ff0000")
    info = ImageInfo("", (1, 200, 300), 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    entry = document.add_image("a.png", "", info)
    session.show_project(OpenProject(document))
    session.show_image(entry, pixels)
    QApplication.processEvents()
    return made


def at(canvas: Canvas, row: float, column: float) -> QPoint:
    x, y = canvas.view.to_widget(row + 0.5, column + 0.5)
    return QPoint(round(x), round(y))


def drag(canvas: Canvas, *points: tuple[float, float], modifiers: Qt.KeyboardModifier = NONE) -> None:
    places = [at(canvas, *point) for point in points]
    QTest.mousePress(canvas, LEFT, modifiers, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, LEFT, modifiers, places[-1])


def painted(canvas: Canvas) -> np.ndarray:
    """Where the mask shows class 1."""
    return canvas.session.layer.mask(Box.whole(canvas.session.shape)) == 1


def disc(radius: float = 40) -> np.ndarray:
    rows, columns = np.mgrid[:200, :300]
    return np.hypot(rows - 100, columns - 150) < radius


def edits(canvas: Canvas) -> int:
    assert canvas.session.document is not None
    return len(canvas.session.document.history.edits)


def test_a_click_of_the_wand_paints_the_disc_and_ctrl_erases_it(canvas: Canvas) -> None:
    canvas.session.set_tool("wand")
    drag(canvas, (100, 150))
    assert (painted(canvas) == disc()).all() and edits(canvas) == 1
    drag(canvas, (100, 150), modifiers=CTRL)
    assert not painted(canvas).any() and edits(canvas) == 2
    canvas.session.editing.undo()
    assert (painted(canvas) == disc()).all()


def test_dragging_the_wand_shows_more_before_it_is_written(canvas: Canvas) -> None:
    canvas.session.set_tool("wand")
    QTest.mousePress(canvas, LEFT, NONE, at(canvas, 100, 100))
    QTest.mouseMove(canvas, at(canvas, 100, 299))
    (area,) = canvas.tool.preview(None)
    assert isinstance(area, Area) and area.stencil.all() and not painted(canvas).any()
    assert canvas.cancel()
    QTest.mouseRelease(canvas, LEFT, NONE, at(canvas, 100, 299))
    assert not painted(canvas).any()


def test_the_wand_sees_only_what_the_canvas_shows(canvas: Canvas) -> None:
    canvas.zoom_by(8)
    canvas.center_on(100, 150)
    canvas.session.set_tool("wand")
    drag(canvas, (100, 150))
    seen = canvas.visible_box()
    expected = np.zeros((200, 300), bool)
    expected[seen.rows, seen.columns] = disc()[seen.rows, seen.columns]
    assert (painted(canvas) == expected).all() and 0 < expected.sum() < disc().sum()


def around(angle: float) -> tuple[float, float]:
    return 100 + 40 * np.sin(angle), 150 + 40 * np.cos(angle)


def overlap(canvas: Canvas) -> float:
    return float((painted(canvas) & disc()).sum() / (painted(canvas) | disc()).sum())


@pytest.mark.parametrize("end", ["first", "double", "enter"])
def test_the_livewire_is_clicked_around_the_disc(canvas: Canvas, end: str) -> None:
    canvas.session.set_tool("livewire")
    for angle in (0, 2.1, 3.3):
        drag(canvas, around(angle))
    drag(canvas, (20, 20), modifiers=SHIFT)  # the third back
    drag(canvas, around(4.2))
    assert not painted(canvas).any()
    if end == "first":
        drag(canvas, around(0))
    elif end == "double":
        QTest.mouseDClick(canvas, LEFT, NONE, at(canvas, *around(4.2)))
    else:
        assert canvas.confirm()
    assert overlap(canvas) > 0.93 and edits(canvas) == 1 and not canvas.tool.busy


def test_escape_drops_the_livewire(canvas: Canvas) -> None:
    canvas.session.set_tool("livewire")
    for angle in (0, 2.1, 4.2):
        drag(canvas, around(angle))
    assert canvas.cancel() and not canvas.tool.busy and not canvas.confirm()
    assert not painted(canvas).any()


def test_the_smart_brush_stays_inside_the_disc(canvas: Canvas) -> None:
    canvas.session.set_tool("smart")
    canvas.session.set_brush_radius(30)
    drag(canvas, (100, 130), (100, 150), (100, 170), (120, 150))
    assert not (painted(canvas) & ~disc()).any() and painted(canvas).sum() > 0.7 * disc().sum() and edits(canvas) == 1
    drag(canvas, (100, 150), modifiers=CTRL)
    assert not painted(canvas)[80:120, 130:170].any()
    canvas.session.choose_unsure()
    drag(canvas, (100, 150))
    codes = canvas.session.layer.annotation.read(Box.whole(canvas.session.shape))
    assert codes[100, 150] >> 8 == Origin.UNSURE


def test_the_superpixel_under_the_pointer_is_shown_and_a_drag_paints_whole_ones(canvas: Canvas) -> None:
    canvas.session.set_tool("superpixel")
    canvas.session.set_tool_option("superpixel", "size", 15)
    before = canvas.grab().toImage().pixelColor(at(canvas, 100, 150))
    QTest.mouseMove(canvas, at(canvas, 100, 150))
    assert canvas.grab().toImage().pixelColor(at(canvas, 100, 150)) != before and not painted(canvas).any()
    drag(canvas, (100, 120), (100, 180), (80, 160), (80, 130), (120, 130), (120, 170))
    assert painted(canvas).sum() > 0.6 * disc().sum() and edits(canvas) == 1
    assert (painted(canvas) & ~disc(42)).sum() < 0.03 * disc().sum()
    drag(canvas, (100, 120), (100, 180), modifiers=CTRL)
    assert not painted(canvas)[100, 121:180].any()


@pytest.mark.parametrize(("key", "tool"), [(Qt.Key.Key_W, "wand"), (Qt.Key.Key_K, "livewire")])
def test_keys_choose_the_tool(window: MainWindow, qtbot: QtBot, key: Qt.Key, tool: str) -> None:
    qtbot.keyClick(window.canvas, key)
    assert window.session.tool_id == tool and window.canvas.tool.id == tool


def test_a_ctrl_double_click_erases_inside_the_livewire(canvas: Canvas) -> None:
    canvas.session.set_tool("livewire")
    for angle in (0, 2.1, 4.2):
        drag(canvas, around(angle))
    QTest.mouseDClick(canvas, LEFT, CTRL, at(canvas, *around(4.2)))
    codes = canvas.session.layer.annotation.read(Box.whole(canvas.session.shape))
    assert codes[100, 150] == encode(0, Origin.PAINTED)


def test_c_cycles_what_the_object_could_be(window: MainWindow) -> None:
    session, canvas = window.session, window.canvas
    classes = np.zeros((120, 160), np.uint8)
    classes[40:80, 50:100] = 1
    for version in (1, 2):
        session.document.put_prediction(1, 1, 0, 0, 0, classes, np.zeros_like(classes), version)
        classes = np.roll(classes, 5, axis=1)
    QTest.mouseMove(canvas, QPoint(*(round(value) for value in canvas.view.to_widget(60, 75))))
    QTest.keyClick(canvas, Qt.Key.Key_C)
    first = session.proposal
    assert first is not None and "1 of" in window.proposal_bar.note.text()
    QTest.keyClick(canvas, Qt.Key.Key_C)
    assert session.proposal is not first and "2 of" in session.proposal.note
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert session.document.history.edits[-1].title == "Candidate"
