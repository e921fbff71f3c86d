"""Asking the model in use why it says what it says, by key, with the real worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from segstudio.ui.commands.table import COMMANDS

from .conftest import User


def test_the_key_shows_why_and_escape_takes_it_away(user: User, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(40, 80, (160, 200), dtype=np.uint8)
    pixels[50:100, 60:120] += 120
    Image.fromarray(pixels).save(tmp_path / "cell.png")
    user.open(tmp_path / "cell.png")
    user.press(Qt.Key.Key_Question)
    assert user.session.value_overlay is None  # there is no model yet: nothing happens
    user.predict()
    user.stroke([(70.0, 70.0), (80.0, 110.0)])
    before = user.window.grab().toImage()
    place = QPoint(*(round(value) for value in user.canvas.view.to_widget(75.0, 90.0)))
    QTest.mouseMove(user.canvas, place)
    user.press(Qt.Key.Key_Question)
    user.wait(lambda: user.session.value_overlay is not None)
    value_overlay = user.session.value_overlay
    assert (
        value_overlay is not None and value_overlay.title.startswith("Seg-Grad-CAM") and value_overlay.values.max() > 0
    )
    user.qtbot.wait(50)
    assert user.window.grab().toImage() != before
    user.press(Qt.Key.Key_Escape)
    assert user.session.value_overlay is None
    user.window.run(next(one for one in COMMANDS if one.id == "model.explain-edges"))
    user.wait(lambda: user.session.value_overlay is not None)
    assert user.session.value_overlay.title.startswith("Integrated gradients")
