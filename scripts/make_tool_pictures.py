"""Make the pictures of docs/tools.md from the real window on the sample project, each tool at work.

QT_QPA_PLATFORM=offscreen python scripts/make_tool_pictures.py docs/images/tools
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

os.environ["SEGSTUDIO_HOME"] = tempfile.mkdtemp()

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication

from segstudio.core.spans import swept_disc
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.shell.app import Program

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
    "select": [(60, 60), (50, 90), (64, 130), (100, 140), (126, 112), (118, 74), (90, 54)],
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
        program.session.proposals.discard()
        program.session.select(())
    program.window.run(next(command for command in COMMANDS if command.id == "operation.grow"))
    wait(lambda: program.session.proposal is not None)
    wait(lambda: False, 0.3)
    program.window.grab().scaledToWidth(WIDTH, SMOOTH).save(str(folder / "proposal.jpg"), quality=90)
    program.session.proposals.discard()
    show_views(program, folder)
    program.close()
    program.shut_down()
    app.processEvents()


def show_views(program: Program, folder: Path) -> None:
    """The views and looks of docs/tools.md: on the sample, and on a volume of balls."""
    session, window = program.session, program.window
    session.set_tool("brush")
    for layout in ("beside", "swipe"):
        command(program, f"layout.{layout}")
        save(program, folder / f"view-{layout}.jpg")
    command(program, "layout.single")
    window.canvas.fit()
    session.set_display(rulers=True, mask_style="hatch")
    save(program, folder / "view-rulers.jpg")
    session.set_display(rulers=False, mask_style="fill")
    window.canvas.zoom_by(14 / window.canvas.view.scale)
    save(program, folder / "view-near.jpg")
    program.studio.open_paths([volume(folder)])
    wait(lambda: session.image is not None and session.image.info.shape[0] > 1 and session.pixels is not None)
    command(program, "layout.orthogonal")
    window.views.crosshair.move((20, 66, 78))
    writer = session.begin_edit("Paint", tool="brush")
    for z in range(12, 29):
        writer.sweep(z, swept_disc((66, 78), (66, 78), (81 - (z - 20) ** 2) ** 0.5 * 2 + 0.1), 1)
    session.finish_edit(writer)
    save(program, folder / "view-orthogonal.jpg")


def volume(folder: Path) -> Path:
    """A made volume of bright balls in noise, 40 slices of 2 mm."""
    nibabel = import_module("nibabel")

    random = np.random.default_rng(4)
    z, y, x = np.mgrid[0:40, 0:160, 0:160]
    values = random.normal(70, 9, z.shape)
    for at in [(20, 66, 78), *random.integers((6, 20, 20), (34, 140, 140), (14, 3))]:
        values[((z - at[0]) * 2) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 < random.uniform(8, 19) ** 2] += 70
    path = Path(tempfile.mkdtemp()) / "balls.nii.gz"
    nibabel.save(nibabel.Nifti1Image(values.T.astype(np.int16), np.diag([1, 1, 2, 1])), path)
    return path


def command(program: Program, id: str) -> None:
    program.window.run(next(command for command in COMMANDS if command.id == id))


def save(program: Program, path: Path) -> None:
    """The window without its panels, once it has come to rest."""
    wait(lambda: False, 0.6)
    views, window = program.window.views, program.window
    corner = views.mapTo(window, views.rect().topLeft())
    picture = window.grab(QRect(corner.x(), corner.y(), views.width(), views.height()))
    picture.scaledToWidth(WIDTH, SMOOTH).save(str(path), quality=88)


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
    if tool == "select":
        session.set_tool_option("select", "shape", "freehand")
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
    if tool == "select":
        send(canvas, QEvent.Type.MouseButtonRelease, points[-1])
    wait(lambda: False, 0.4)


def send(canvas: Canvas, kind: QEvent.Type, point: tuple[float, float]) -> None:
    x, y = canvas.view.to_widget(*point)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    button = none if kind == QEvent.Type.MouseMove else left
    at = QPointF(x, y)
    event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)
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
