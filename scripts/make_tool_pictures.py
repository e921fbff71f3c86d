"""Make the pictures of docs/tools.md from the real window on the sample project, each tool at work.

QT_QPA_PLATFORM=offscreen python scripts/make_tool_pictures.py docs/images/tools
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["SEGSTUDIO_HOME"] = tempfile.mkdtemp()

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication

from segstudio.ui.app import Program
from segstudio.ui.commands import COMMANDS

SIZE = (1280, 800)
WIDTH = 760
SMOOTH = Qt.TransformationMode.SmoothTransformation
Points = list[tuple[float, float]]

DRAWN: dict[str, Points] = {
    "brush": [(40, 40), (60, 62), (66, 90), (58, 116)],
    "smart": [(102, 100), (106, 104), (104, 110)],
    "superpixel": [(70, 70), (84, 86), (96, 110)],
    "eraser": [(100, 60), (104, 90), (98, 130)],
    "revert": [(100, 60), (104, 90), (98, 130)],
    "lasso": [(60, 60), (50, 90), (64, 130), (100, 140), (126, 112), (118, 74), (90, 54)],
    "rectangle": [(60, 60), (120, 150)],
    "ellipse": [(60, 60), (120, 150)],
    "wand": [(100, 100), (100, 118)],
    "split": [(70, 70), (100, 104), (130, 140)],
}
"""Tools that are dragged: the points in image pixels; the button stays down."""

CLICKED: dict[str, Points] = {
    "polygon": [(60, 60), (52, 110), (90, 140), (126, 104)],
    "livewire": [(60, 60), (52, 110), (90, 140)],
    "fill": [(100, 100)],
    "object": [],
}
"""Tools that are clicked; the pointer then rests at the last but a bit further."""


def main(folder: Path) -> None:
    """Write one PNG for each tool, and one of a proposal."""
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    program = Program()
    program.start([], sample=True)
    program.window.resize(*SIZE)
    wait(lambda: program._wanted is None and program.session.pixels is not None)
    wait(lambda: not program.studio.predicting.busy and not program.studio.opening.busy)
    for tool in [*DRAWN, *CLICKED]:
        show(program, tool)
        grab(program).scaledToWidth(WIDTH, SMOOTH).save(str(folder / f"{tool}.jpg"), quality=88)
        program.window.canvas.cancel()
        program.session.discard_proposal()
    program.window.run(next(command for command in COMMANDS if command.id == "operation.grow"))
    wait(lambda: program.session.proposal is not None)
    wait(lambda: False, 0.3)
    program.window.grab().scaledToWidth(WIDTH, SMOOTH).save(str(folder / "proposal.jpg"), quality=90)
    program.close()
    program.shut_down()
    app.processEvents()


def show(program: Program, tool: str) -> None:
    """Bring the tool to the middle of its work."""
    session, canvas = program.session, program.window.canvas
    session.set_tool(tool)
    session.set_brush_radius(9)
    canvas.fit()
    canvas.zoom_by(1.7)
    rows, columns = session.shape[1:]
    canvas.center_on(rows * 0.42, columns * 0.42)
    scale = min(rows, columns) / 200
    points = [(row * scale, column * scale) for row, column in DRAWN.get(tool) or CLICKED[tool]]
    if tool in ("object", "wand", "fill", "smart"):
        mask = session.layer.mask(session.view)
        at = np.argwhere((mask > 0) & (mask < 255))
        row, column = at[np.argmin(np.abs(at - np.array(mask.shape) / 2).sum(axis=1))] + 0.5
        points = [(session.view.top + row, session.view.left + column + 4 * step) for step in range(4)]
    if tool == "object":
        send(canvas, QEvent.Type.MouseMove, points[0])
    elif tool in DRAWN:
        send(canvas, QEvent.Type.MouseButtonPress, points[0])
        for point in points[1:]:
            send(canvas, QEvent.Type.MouseMove, point)
    else:
        for point in points:
            send(canvas, QEvent.Type.MouseButtonPress, point)
            send(canvas, QEvent.Type.MouseButtonRelease, point)
        send(canvas, QEvent.Type.MouseMove, (points[-1][0] - 4, points[-1][1] - 22))
    wait(lambda: False, 0.4)


def send(canvas: object, kind: QEvent.Type, point: tuple[float, float]) -> None:
    x, y = canvas.view.to_widget(*point)  # type: ignore[attr-defined]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    button = none if kind == QEvent.Type.MouseMove else left
    at = QPointF(x, y)
    event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)  # type: ignore[attr-defined]
    QApplication.sendEvent(canvas, event)  # type: ignore[call-overload]
    QApplication.processEvents()


def grab(program: Program) -> QPixmap:
    """The option strip and the upper part of the canvas."""
    window, strip, canvas = program.window, program.window.tool_options, program.window.canvas
    corner = strip.mapTo(window, strip.rect().topLeft())
    return window.grab(QRect(corner.x(), corner.y(), canvas.width(), min(460, strip.height() + canvas.height())))


def wait(condition: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
