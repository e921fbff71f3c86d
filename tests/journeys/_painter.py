"""The real window, painting by mouse events; its parent kills it, or asks for a hash after each stroke."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["SEGSTUDIO_HOME"] = tempfile.mkdtemp()

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.core.geometry import Box
from segstudio.ui.shell.app import Program


def main(folder: Path, strokes: int, mode: str) -> None:
    app = QApplication([])
    program = Program()
    program.start([])
    studio, canvas = program.studio, program.window.canvas
    folder.mkdir(parents=True)
    picture = folder / "a.png"
    Image.fromarray(np.zeros((400, 400), np.uint8)).save(picture)
    studio.new_project(folder)
    store = studio.session.project.store
    assert store is not None
    store.stored.connect(lambda stored: stored.edit and say(f"stored {stored.edit}"))
    studio.open_paths([picture])
    until(app, lambda: studio.session.pixels is not None)
    studio.session.set_brush_radius(9)
    for name in ("One", "Two"):
        studio.session.classes.add(name)
    layer = studio.session.layer
    random = np.random.default_rng(1)
    if mode == "hashes":
        say(f"hash {digest(layer)}")
    for number in range(1, strokes + 1):
        say(f"begun {number}")
        studio.session.choose_class(number % 3)  # so that every stroke changes something
        points = [
            QPoint(*(round(v) for v in canvas.view.to_widget(*point))) for point in random.uniform(5, 395, (6, 2))
        ]
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, points[0])
        for point in points[1:]:
            QTest.mouseMove(canvas, point)
            app.processEvents()
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, points[-1])
        app.processEvents()
        if mode == "hashes":
            say(f"hash {digest(layer)}")
        else:
            time.sleep(0.005)
    if mode == "hashes":
        until(app, lambda: bool(program.studio.workers.compute.process_id))
        heavy = sorted({"torch", "skimage", "scipy", "tifffile"} & set(sys.modules))
        say(f"window {heavy} {psutil_listens()}")
    if mode == "forever":
        until(app, lambda: False)
    program.shut_down()


def digest(layer: object) -> str:
    pixels = layer.annotation.read(Box.whole(layer.shape))  # type: ignore[attr-defined]
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def psutil_listens() -> int:
    """Listening sockets of the window and its workers."""
    import psutil

    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(c.status == psutil.CONN_LISTEN for p in processes for c in p.net_connections())


def until(app: QApplication, condition: object) -> None:
    while not condition():  # type: ignore[operator]
        app.processEvents()
        time.sleep(0.002)


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
