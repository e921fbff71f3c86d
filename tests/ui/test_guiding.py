"""The walk over regions: Tab, Shift+Tab, Enter and Esc on the canvas."""

from __future__ import annotations

import time
from unittest.mock import Mock, call

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.core.codes import Origin, classes_of, origins_of
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.shell.window import MainWindow

from .conftest import add_image

SHAPE = (1, 120, 256)
DOUBTED = Box(0, 0, 128, 120, 256)
TAB, ENTER, ESC = Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Escape


@pytest.fixture
def predicted(window: MainWindow) -> MainWindow:
    """Class 1 on the left, class 2 with much doubt on the right, in the third of three images."""
    document = window.session.document
    assert document is not None
    info = ImageInfo("PNG", SHAPE, 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    pixels = np.random.default_rng(0).integers(0, 255, (*SHAPE, 1), dtype=np.uint8)
    window.session.show_image(document.add_image("wide.png", "1" * 64, info), pixels)
    layer = window.session.layer
    tile = np.full((256, 256), 1, np.uint8)
    tile[:, 128:] = 2
    layer.prediction.put_tile((0, 0, 0), tile)
    layer.uncertainty.put_tile((0, 0, 0), np.where(tile == 2, 180, 5).astype(np.uint8))
    window.refresh_commands()
    return window


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.canvas, key, modifiers)
    QApplication.processEvents()


def dab(window: MainWindow, row: float, column: float) -> None:
    x, y = window.canvas.view.to_widget(row, column)
    QTest.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    QApplication.processEvents()


def test_tab_goes_to_the_most_doubted_region_and_names_its_class(predicted: MainWindow) -> None:
    assert not predicted.guide_bar.isVisible()
    press(predicted, TAB)
    assert predicted.guiding.box == DOUBTED
    assert predicted.guide_bar.isVisible() and "Interior" in predicted.guide_bar.title.text()
    assert predicted.guide_mark.isVisible()
    seen = predicted.canvas.visible_box()
    assert seen.intersect(DOUBTED) == DOUBTED


def test_enter_accepts_the_region_alone_and_goes_on(predicted: MainWindow) -> None:
    press(predicted, TAB)
    press(predicted, ENTER)
    codes = predicted.session.layer.annotation.read(Box.whole(SHAPE))
    assert (origins_of(codes[:, 128:]) == int(Origin.ACCEPTED)).all() and (classes_of(codes[:, 128:]) == 2).all()
    assert (codes[:, :128] == 0).all()
    assert predicted.guiding.box == Box(0, 0, 0, 120, 128)
    assert (predicted.guiding.checked, predicted.guiding.right) == (1, 1)
    press(predicted, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (predicted.session.layer.annotation.read(DOUBTED) == 0).all(), "one step to undo"


def test_a_region_that_was_corrected_does_not_count_as_right(predicted: MainWindow) -> None:
    press(predicted, TAB)
    dab(predicted, 60, 140)
    press(predicted, TAB)
    assert (predicted.guiding.checked, predicted.guiding.right) == (1, 0)
    assert "0 of 1" in predicted.guide_bar.note.text()


def test_back_and_to_the_end(predicted: MainWindow) -> None:
    press(predicted, TAB)
    press(predicted, TAB)
    press(predicted, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert predicted.guiding.box == DOUBTED
    said: list[str] = []
    predicted.session.message.connect(said.append)
    for _ in range(2):
        press(predicted, TAB)
    assert predicted.guiding.box is None and not predicted.guide_bar.isVisible()
    assert said and "2 of 2" in said[-1]


def test_esc_ends_the_walk(predicted: MainWindow) -> None:
    press(predicted, TAB)
    press(predicted, ESC)
    assert predicted.guiding.stop_now is None and not predicted.guide_mark.isVisible()


def test_without_a_prediction_it_says_so(window: MainWindow) -> None:
    said: list[str] = []
    window.session.message.connect(said.append)
    press(window, TAB)
    assert "predict first" in said[-1]


def test_tab_in_a_field_goes_to_the_next_field(predicted: MainWindow) -> None:
    predicted.status.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    predicted.status.setFocus()
    QTest.keyClick(predicted.status, TAB)
    QApplication.processEvents()
    assert not predicted.status.hasFocus() and predicted.guiding.stop_now is None


def test_ten_minutes_lead_through_other_images_until_the_time_is_over(
    predicted: MainWindow, studio: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = predicted.session
    assert session.document is not None
    other = session.document.images[2]
    other.layers[0].prediction.put_tile((0, 0, 0), np.full((256, 256), 1, np.uint8))
    predicted.run(next(command for command in COMMANDS if command.id == "region.timed"))
    assert predicted.guiding.box == DOUBTED and predicted.guide_bar.time.text() in ("10:00", "9:59")
    press(predicted, TAB)
    assert studio.mock_calls[-1] == call.opening.show(other.id)
    session.show_image(other, add_image(type(session.document)())[1])
    assert predicted.guiding.box is not None
    now = time.monotonic()
    monkeypatch.setattr("segstudio.ui.review.reviewing.time.monotonic", lambda: now + 601)
    said: list[str] = []
    session.message.connect(said.append)
    predicted.guiding._tick()
    assert predicted.guiding.stop_now is None and "time is over" in said[-1] and "1 of 1" in said[-1]


def test_it_says_when_one_may_well_stop(predicted: MainWindow) -> None:
    guiding = predicted.guiding
    guiding.checked, guiding.right = 30, 30
    assert "stop here" in guiding.verdict
    guiding.checked, guiding.right = 30, 24
    assert "stop here" not in guiding.verdict and "24 of 30" in guiding.verdict
