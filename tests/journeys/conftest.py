"""The real program in the test's own process, with its real workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from segstudio.core.geometry import Box
from segstudio.core.layer import MaskLayer
from segstudio.ui.shell.app import Program


class User:
    """Drives the window as a person does: with the mouse, the keyboard, and patience."""

    def __init__(self, program: Program, qtbot: QtBot) -> None:
        self.program, self.qtbot = program, qtbot
        self.studio, self.window, self.canvas = program.studio, program.window, program.window.canvas
        self.session = self.studio.session

    def wait(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def open(self, *paths: Path) -> None:
        """Drop files on the window and wait until the last is in and one is shown."""
        before = len(self.session.document.images) if self.session.document else 0
        self.canvas.files_dropped.emit([str(path) for path in paths])
        self.wait(
            lambda: self.session.document is not None and len(self.session.document.images) == before + len(paths)
        )
        self.wait(lambda: self.session.pixels is not None and not self.studio.opening.busy)

    def show(self, image: int) -> None:
        self.studio.opening.show(image)
        self.wait(lambda: self.session.image is not None and self.session.image.id == image)
        self.wait(lambda: self.session.pixels is not None and not self.studio.predicting.busy)

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.canvas, key, modifiers)

    def predict(self) -> None:
        self.press(Qt.Key.Key_P)
        self.wait(lambda: self.studio.predicting.busy)
        self.wait(lambda: not self.studio.predicting.busy)

    def stroke(
        self, points: list[tuple[float, float]], modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Drag the mouse through image points (row, column)."""
        where = [QPoint(*(round(value) for value in self.canvas.view.to_widget(*point))) for point in points]
        QTest.mousePress(self.canvas, Qt.MouseButton.LeftButton, modifiers, where[0])
        for place in where[1:]:
            QTest.mouseMove(self.canvas, place)
        QTest.mouseRelease(self.canvas, Qt.MouseButton.LeftButton, modifiers, where[-1])

    def layer(self, image: int) -> MaskLayer:
        assert self.session.document is not None
        return self.session.document.images[image].layers[0]

    def annotation(self, image: int) -> NDArray[np.integer]:
        layer = self.layer(image)
        return layer.annotation.read(Box.whole(layer.shape))

    def prediction(self, image: int) -> NDArray[np.integer]:
        layer = self.layer(image)
        return layer.prediction.read(Box.whole(layer.shape))

    def strips(self) -> list[str]:
        return [strip.what for strip in self.window.notices.strips]


@pytest.fixture
def user(qtbot: QtBot) -> Iterator[User]:
    program = Program()
    program.start([])
    program.window.resize(1280, 800)
    found = User(program, qtbot)
    qtbot.waitExposed(program.window)
    yield found
    program.window.close()
    program.shut_down()
    program.window.deleteLater()


@pytest.fixture
def isbi(shared_data: Path) -> Callable[[int], tuple[Path, NDArray[np.uint8]]]:
    """Path and truth (0 membrane, 1 cell) of a training image of ISBI 2012."""

    def pair(number: int) -> tuple[Path, NDArray[np.uint8]]:
        folder = shared_data / "isbi2012_em" / "train"
        truth = np.asarray(Image.open(folder / "label" / f"{number}.png")) > 127
        return folder / "image" / f"{number}.png", truth.astype(np.uint8)

    return pair
