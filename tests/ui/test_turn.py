"""Turning and mirroring the view: the picture on the screen changes, the image and what is painted do not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.geometry import Box
from segstudio.ui.canvas.turn import Turn
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.shell.window import MainWindow

ALL = [Turn(quarters, mirrored) for quarters, mirrored in product(range(4), (False, True))]
SIZE = QSize(30, 20)


def shown(turn: Turn, picture: np.ndarray) -> np.ndarray:
    """The picture as the transform puts it on the screen; `picture` fills the straight frame."""
    rows, columns = picture.shape
    size = QSize(rows, columns) if turn.quarters % 2 else QSize(columns, rows)
    transform = turn.transform(size)
    found = np.zeros((size.height(), size.width()), picture.dtype)
    for row, column in product(range(rows), range(columns)):
        at = transform.map(QPointF(column + 0.5, row + 0.5))
        found[int(at.y()), int(at.x())] = picture[row, column]
    return found


@pytest.mark.parametrize("turn", ALL)
def test_a_turn_is_what_its_name_says_as_it_is_seen(turn: Turn) -> None:
    picture = np.arange(1, 13).reshape(3, 4)
    now = shown(turn, picture)
    assert (shown(turn.right(), picture) == np.rot90(now, -1)).all()
    assert (shown(turn.left(), picture) == np.rot90(now)).all()
    assert (shown(turn.across(), picture) == now[:, ::-1]).all()
    assert (shown(turn.down(), picture) == now[::-1]).all()


def test_there_are_eight_and_each_can_be_undone() -> None:
    pictures = {shown(turn, np.arange(9).reshape(3, 3)).tobytes() for turn in ALL}
    assert len(pictures) == 8
    for turn in ALL:
        assert turn.right().left() == turn and turn.across().across() == turn and turn.down().down() == turn
    assert Turn().straight and not Turn(1).straight


@pytest.mark.parametrize("turn", ALL)
def test_a_stroke_lands_where_the_pointer_is_and_is_seen_there(window: MainWindow, turn: Turn) -> None:
    canvas, session = window.canvas, window.session
    canvas.set_turn(turn)
    session.set_tool("brush")
    session.choose_class(1)
    session.set_brush_radius(4)
    place = canvas.turn.transform(canvas.size()).map(QPointF(*canvas.view.to_widget(30.5, 100.5))).toPoint()
    before = canvas.grab().toImage().pixelColor(place)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()
    mask = session.layer.mask(Box.whole(session.shape, 0)).squeeze() == 1
    rows, columns = np.nonzero(mask)
    assert abs(rows.mean() - 30) < 1 and abs(columns.mean() - 100) < 1
    assert canvas.grab().toImage().pixelColor(place) != before


@pytest.mark.parametrize("turn", ALL)
def test_zooming_keeps_the_point_under_the_cursor(window: MainWindow, turn: Turn) -> None:
    canvas = window.canvas
    canvas.set_turn(turn)
    place = QPointF(canvas.width() * 0.4, canvas.height() * 0.45)
    at = canvas.straightened(place)
    before = canvas.view.to_image(at.x(), at.y())
    canvas.zoom_by(1.7, place)
    assert canvas.view.to_image(at.x(), at.y()) == pytest.approx(before)


def test_the_image_follows_the_hand_however_it_is_turned(window: MainWindow) -> None:
    canvas = window.canvas
    canvas.set_turn(Turn(1, True))
    canvas.zoom_by(3)
    start = QPoint(canvas.width() // 2, canvas.height() // 2)
    at = canvas.straightened(QPointF(start))
    point = canvas.view.to_image(at.x(), at.y())
    QTest.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=start)
    QTest.mouseMove(canvas, start + QPoint(40, 15))
    QTest.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=start + QPoint(40, 15))
    at = canvas.straightened(QPointF(start + QPoint(40, 15)))
    assert canvas.view.to_image(at.x(), at.y()) == pytest.approx(point, abs=0.01)


def test_the_view_is_turned_by_keys_and_straightened_by_the_menu(window: MainWindow, qtbot: QtBot) -> None:
    canvas = window.canvas
    QTest.keyClick(canvas, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.ControlModifier)
    assert canvas.turn == Turn(1)
    assert (canvas.view.width, canvas.view.height) == (canvas.height(), canvas.width())
    QTest.keyClick(canvas, Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.turn == Turn(3, True)
    window.run(next(command for command in COMMANDS if command.id == "view.straighten"))
    assert canvas.turn.straight
    assert (canvas.view.width, canvas.view.height) == (canvas.width(), canvas.height())
