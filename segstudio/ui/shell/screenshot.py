"""Render the window to a file once everything that was asked for is done: `make run OFFSCREEN=1`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from segstudio.ui.shell.studio import Studio
from segstudio.ui.shell.window import MainWindow

PATIENCE = 90.0
"""Seconds after which the picture is taken whatever is still going on."""


def picture_when_ready(window: MainWindow, studio: Studio, path: Path, app: QApplication) -> None:
    """Save the window as PNG when the image is shown, predicted and its thumbnails are there; then end."""
    start = time.monotonic()
    timer = QTimer(window, interval=200)

    def look() -> None:
        if not _ready(studio) and time.monotonic() - start < PATIENCE:
            return
        timer.stop()
        window.grab().save(str(path))
        sys.stdout.write(f"The window was rendered to {path}.\n")
        window.close()
        app.quit()

    timer.timeout.connect(look)
    timer.start()


def _ready(studio: Studio) -> bool:
    session = studio.session
    if session.image is None or session.pixels is None or studio.predicting.busy or studio.opening.busy:
        return False
    document = session.document
    return document is None or document.champion is None or not session.layer.prediction.is_empty()
