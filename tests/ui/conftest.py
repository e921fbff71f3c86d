"""A window over a small document, with controllers that only note what was asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document, ImageEntry
from segstudio.core.image import ImageInfo
from segstudio.settings import Settings
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.actions import Actions
from segstudio.ui.shell.window import MainWindow
from segstudio.ui.widgets import theme


@dataclass
class Asked:
    """What the window asked of its controllers: (name, arguments) in order."""

    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def actions(self) -> Actions:
        return Actions(**{f.name: self._note(f.name) for f in fields(Actions)})

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def _note(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.calls.append((name, arguments))


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def make_window(qtbot: QtBot, qapp: QApplication, asked: Asked) -> Iterator[Callable[[], MainWindow]]:
    """Makes shown windows; all are closed at the end."""
    made: list[MainWindow] = []

    def make(size: tuple[int, int] = (1280, 800)) -> MainWindow:
        theme.apply(qapp, "dark")
        window = MainWindow(Session(Settings()), asked.actions())
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
