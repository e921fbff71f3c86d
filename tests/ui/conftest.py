"""A window over a small document, with controllers that only note what was asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from unittest.mock import Mock

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document, ImageEntry
from segstudio.core.image import ImageInfo
from segstudio.settings import Settings
from segstudio.ui.desk import Controllers
from segstudio.ui.learning.explaining import Explaining
from segstudio.ui.learning.live_learning import LiveLearning
from segstudio.ui.learning.predicting import Predicting
from segstudio.ui.learning.training import Training
from segstudio.ui.learning.version_changes import VersionChanges
from segstudio.ui.methods.classical_methods import ClassicalMethods
from segstudio.ui.methods.mask_operations import MaskOperations
from segstudio.ui.project.adding_images import AddingImages
from segstudio.ui.project.mask_exchange import MaskExchange
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow
from segstudio.ui.widgets import theme

CONTROLLERS = {
    "opening": AddingImages, "predicting": Predicting, "comparing": VersionChanges, "explaining": Explaining,
    "training": Training, "live": LiveLearning, "baselining": ClassicalMethods, "operating": MaskOperations,
    "transfer": MaskExchange,
}  # fmt: skip


@pytest.fixture
def studio() -> Mock:
    """Controllers that only note what was asked of them."""
    made = Mock(spec=[*CONTROLLERS, *(name for name in vars(Controllers) if not name.startswith("_"))])
    for name, kind in CONTROLLERS.items():
        setattr(made, name, Mock(spec=[*dir(kind), "path_of"]))
    return made


@pytest.fixture
def make_window(qtbot: QtBot, qapp: QApplication, studio: Mock) -> Iterator[Callable[[], MainWindow]]:
    """Makes shown windows; all are closed at the end."""
    made: list[MainWindow] = []

    def make(size: tuple[int, int] = (1280, 800)) -> MainWindow:
        theme.apply(qapp, "dark")
        window = MainWindow(Session(Settings()), lambda: studio)
        made.append(window)
        window.resize(*size)
        window.show()
        window.activateWindow()
        qtbot.waitExposed(window)
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def add_image(document: Document, name: str = "cells.png", channels: int = 1) -> tuple[ImageEntry, np.ndarray]:
    rng = np.random.default_rng(7)
    pixels = rng.integers(10, 240, (1, 120, 160, channels), dtype=np.uint8)
    names = ("red", "green", "blue") if channels == 3 else ("grey",)
    info = ImageInfo("PNG", (1, 120, 160), channels, names, "uint8", ranges=((12.0, 236.0),) * channels)
    return document.add_image(name, "0" * 64, info), pixels


@pytest.fixture
def document() -> Document:
    made = Document()
    made.classes.add("Membrane", "#e45756")
    made.classes.add("Interior", "#4c78a8")
    return made


@pytest.fixture
def window(make_window: Callable[[], MainWindow], document: Document, qtbot: QtBot) -> MainWindow:
    """A window that shows the first of two images."""
    made = make_window()
    entry, pixels = add_image(document)
    add_image(document, "other.png")
    made.session.show_project(OpenProject(document))
    made.session.show_image(entry, pixels)
    made.refresh_commands()
    made.canvas.setFocus()
    QApplication.processEvents()
    return made
