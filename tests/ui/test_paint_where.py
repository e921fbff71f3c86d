"""Painting only where it is allowed, by real strokes on the canvas and through the menu in the option strip."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.core.codes import BACKGROUND
from segstudio.core.geometry import Box
from segstudio.core.restriction import FREE, UNTOUCHED, Restriction
from segstudio.ui.shell.window import MainWindow

NONE = Qt.KeyboardModifier.NoModifier
WHOLE = Box(0, 0, 0, 120, 160)


def put(window: MainWindow, top: int, bottom: int, class_id: int) -> None:
    writer = window.session.document.begin_edit(1, 1, "Paint", tool="brush")
    writer.set(0, top, 0, np.ones((bottom - top, 160), bool), class_id)
    window.session.finish_edit(writer)


def stroke(window: MainWindow, *, radius: float = 10, column: float = 80) -> None:
    """Straight down through the image."""
    session, canvas = window.session, window.canvas
    session.set_brush_radius(radius)
    points = [QPoint(*(round(v) for v in canvas.view.to_widget(row, column))) for row in (5, 60, 115)]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, points[-1])


def choose(window: MainWindow, text: str) -> None:
    where = window.tool_options.where
    where.menu().aboutToShow.emit()
    next(action for action in where.menu().actions() if action.text() == text).trigger()


def test_only_one_class_is_painted_over(window: MainWindow) -> None:
    put(window, 20, 60, 2)
    choose(window, "On Interior")
    assert window.tool_options.where.text() == "On Interior"
    stroke(window)
    mask = window.session.layer.mask(WHOLE)
    assert (mask[20:60, 75:85] == 1).all() and not (mask[:20] == 1).any() and not (mask[60:] == 1).any()
    choose(window, "Paint everywhere again")
    stroke(window)
    assert (window.session.layer.mask(WHOLE)[10:110, 80] == 1).all()


def test_what_people_annotated_is_left_alone_but_predictions_are_not(window: MainWindow) -> None:
    session = window.session
    session.document.put_prediction(1, 1, 0, 0, 0, np.full((120, 160), 2, np.uint8), np.zeros((120, 160), np.uint8), 1)
    put(window, 40, 80, BACKGROUND)
    session.restrict(Restriction(on=UNTOUCHED))
    stroke(window)
    mask = session.layer.mask(WHOLE)
    assert (mask[40:80] == BACKGROUND).all() and (mask[20:40, 80] == 1).all()
    session.editing.undo()
    session.restrict(Restriction(on=FREE))
    stroke(window)
    mask = session.layer.mask(WHOLE)
    assert (mask[40:80, 80] == 1).all() and (mask[20:40, 80] == 2).all()


def test_only_values_in_the_display_window_are_painted(window: MainWindow) -> None:
    session = window.session
    session.set_window(0, 100, 150)
    choose(window, "Only values in the display window")
    stroke(window, radius=30)
    pixels, mask = session.pixels.array[0, ..., 0], session.layer.mask(WHOLE)
    painted = mask == 1
    assert painted.any() and pixels[painted].min() >= 100 and pixels[painted].max() <= 150
    inside = (pixels >= 100) & (pixels <= 150)
    assert painted[20:100, 60:100][inside[20:100, 60:100]].all()


def test_only_what_is_seen_is_painted(window: MainWindow) -> None:
    session, canvas = window.session, window.canvas
    canvas.zoom_by(6)
    canvas.center_on(60, 80)
    seen = canvas.visible_box()
    session.restrict(Restriction(in_view=True))
    session.set_brush_radius(100)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, canvas.rect().center())
    rows, columns = np.nonzero(session.layer.mask(WHOLE) == 1)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (
        seen.top,
        seen.bottom,
        seen.left,
        seen.right,
    )


def drag(window: MainWindow, *points: tuple[float, float], held: Qt.KeyboardModifier = NONE) -> None:
    canvas = window.canvas
    places = [QPoint(*(round(v) for v in canvas.view.to_widget(*point))) for point in points]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, held, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, held, places[-1])


def select(window: MainWindow, *points: tuple[float, float]) -> None:
    QTest.keyClick(window.canvas, Qt.Key.Key_S)
    assert window.session.tool_id == "select"
    window.session.set_tool_option("select", "shape", "rectangle")
    drag(window, *points)
    window.session.set_tool("brush")
    QApplication.processEvents()


def test_painting_changes_only_what_is_selected(window: MainWindow) -> None:
    select(window, (20, 60), (70, 100))
    assert window.tool_options.where.text() == "in selection"
    stroke(window)
    painted = window.session.layer.mask(WHOLE) == 1
    inside = window.session.selection.inside(WHOLE)
    assert painted.any() and not painted[~inside].any() and painted[25:65, 75:85].all()
    QTest.keyClick(window.canvas, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    window.session.choose_class(2)
    stroke(window)
    mask = window.session.layer.mask(WHOLE)
    assert (mask == 2).any() and not (mask[inside] == 2).any() and (mask[painted] == 1).all()
    QTest.keyClick(window.canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert window.session.selection is None and window.tool_options.where.text() == "Everywhere"


def test_a_proposal_stays_inside_the_selection(window: MainWindow) -> None:
    select(window, (20, 60), (70, 100))
    inside = window.session.selection.inside(WHOLE)
    window.session.offer("Threshold", "baseline:otsu", 0, 0, 0, np.ones((120, 160), np.uint8))
    assert window.session.proposal.impact.changed == inside.sum()
    window.session.proposals.accept()
    np.testing.assert_array_equal(window.session.layer.mask(WHOLE) == 1, inside)


def test_the_border_of_the_selection_is_seen_and_goes_with_the_image(window: MainWindow) -> None:
    canvas = window.canvas
    before = canvas.grab().toImage()
    select(window, (20, 60), (70, 100))
    x, y = (round(v) for v in canvas.view.to_widget(45, 60))
    shown = canvas.grab().toImage()
    reach = range(-3, 4)
    assert any(shown.pixelColor(x + d, y) != before.pixelColor(x + d, y) for d in reach)
    session = window.session
    session.show_image(session.image, session.pixels)
    assert session.selection is not None, "the same image shown again keeps it"
    session.show_image(None, None)
    assert session.selection is None
