"""Rulers: round numbers in the right places, drawn when they are asked for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.ui.canvas import rulers
from segstudio.ui.shell.window import MainWindow


@pytest.mark.parametrize(
    ("start", "scale", "size"),
    [(0.0, 1.0, 1.0), (-20.5, 3.7, 1.0), (1000.25, 0.02, 0.5), (5.0, 40.0, 0.78125), (0.0, 64.0, 0.001)],
)
def test_numbers_are_round_apart_and_where_they_belong(start: float, scale: float, size: float) -> None:
    found = [(place, float(text)) for place, text in rulers.marks(start, scale, 900, size) if text]
    assert len(found) >= 3
    for (one, low), (other, high) in pairwise(found):
        assert rulers.APART - 1e-6 <= other - one <= 5 * rulers.APART
        step = f"{high - low:.6e}"
        assert float(step[0]) in (1, 2, 5) and float(step[1:8]) == 0
    for place, number in found:
        assert (start + place / scale) * size == pytest.approx(
            number, abs=1e-6 * max(1, abs(number)) + size / scale * 1e-3
        )


def grab(window: MainWindow) -> QImage:
    QApplication.processEvents()
    return window.canvas.grab().toImage()


def test_the_key_shows_them_along_both_edges_and_nothing_else_changes(window: MainWindow) -> None:
    plain = grab(window)
    QTest.keyClick(window.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    ruled = grab(window)
    side = rulers.SIDE
    assert ruled.copy(0, 0, ruled.width(), side) != plain.copy(0, 0, plain.width(), side)
    assert ruled.copy(0, side, side, ruled.height()) != plain.copy(0, side, side, plain.height())
    inside = (side, side, plain.width() - side, plain.height() - side - 50)  # the scale bar below makes room
    assert ruled.copy(*inside) == plain.copy(*inside)
    QTest.keyClick(window.canvas, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert grab(window) == plain
