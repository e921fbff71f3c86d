"""Views from the side stand as radiologists see them, with letters at their sides, and what is seen is what is painted."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo
from segstudio.core.upright import directions, letter
from segstudio.io.orientation import layout
from segstudio.settings import Settings
from segstudio.ui.canvas.turn import Turn, upright
from segstudio.ui.canvas.views import Views
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session

SHAPE = (20, 30, 40)
AXIAL = np.diag([1.0, 1.0, 3.0, 1.0])
CORONAL = np.array([[1, 0, 0, 0], [0, 0, 3, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
SAGITTAL = np.array([[0, 0, 3, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])
"""From (column, row, slice, 1) to LPS, of images that were taken in each of the planes and stand upright."""


def views_of(qtbot: QtBot, matrix: NDArray[np.float64] | None, pixels: NDArray[np.uint8] | None = None) -> Views:
    session = Session(Settings())
    views = Views(session)
    views.resize(900, 600)
    qtbot.addWidget(views)
    views.show()
    document = Document()
    document.classes.add("Cell", "#ff0000")
    grid = None if matrix is None else Grid.of("patient", matrix)
    info = ImageInfo(
        "", SHAPE, 1, ("grey",), "uint8", spacing=(1.0, 1.0, 1.0), unit="mm", ranges=((0.0, 255.0),), grid=grid
    )
    entry = document.add_image("a.nii", "", info)
    session.show_project(OpenProject(document))
    session.show_image(entry, np.full((*SHAPE, 1), 40, np.uint8) if pixels is None else pixels)
    views.choose("orthogonal")
    QApplication.processEvents()
    return views


@pytest.mark.parametrize(("matrix", "wanted"), [
    (AXIAL, ("RLAP", "RLSI", "APSI")),
    (CORONAL, ("RLSI", "RLAP", "APSI")),
    (SAGITTAL, ("APSI", "RLAP", "RLSI")),
    (AXIAL @ np.diag([1, 1, -1, 1]), ("RLAP", "RLSI", "APSI")),
    (AXIAL @ np.diag([-1, 1, 1, 1]), ("LRAP", "RLSI", "APSI")),
])  # fmt: skip
def test_every_view_says_where_the_patients_sides_are_and_stands_on_its_feet(
    qtbot: QtBot, matrix: NDArray[np.float64], wanted: tuple[str, ...]
) -> None:
    views = views_of(qtbot, matrix)
    assert tuple("".join(views.letters[c].letters()) for c in (views.canvas, views.coronal, views.sagittal)) == wanted


def test_letters_follow_the_turn_and_are_missing_where_no_patient_is(qtbot: QtBot) -> None:
    views = views_of(qtbot, AXIAL)
    views.choose("single")
    views.canvas.set_turn(Turn().right())
    assert "".join(views.letters[views.canvas].letters()) == "PARL"
    plain = views_of(qtbot, None)
    assert all(plain.letters[canvas].letters() == () for canvas in plain.letters)
    assert plain.coronal.turn.straight


def test_the_head_is_at_the_top_and_paint_lands_where_it_is_seen(qtbot: QtBot) -> None:
    pixels = np.full((*SHAPE, 1), 40, np.uint8)
    pixels[15:] = 250  # slices go to the head
    views = views_of(qtbot, AXIAL, pixels)
    for canvas in (views.coronal, views.sagittal):
        shown = canvas.grab().toImage()
        middle = canvas.width() // 2 + 40
        bright = [shown.pixelColor(middle, y).lightness() > 235 for y in range(canvas.height())]
        half = canvas.height() // 2
        assert sum(bright[:half]) > 5 * sum(bright[half:])  # at the bottom are a letter and the scale bar
    views.session.set_brush_radius(1)
    canvas = views.coronal
    place = canvas.on_screen(QPointF(*canvas.view.to_widget(17.5, 20.5)))  # slice 17, column 20
    assert place.y() < canvas.height() / 2
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place.toPoint())
    document = views.session.document
    assert document is not None
    mask = next(iter(document.images.values())).layers[0].mask(Box.whole(SHAPE, 17))
    rows, columns = np.nonzero(mask == 1)
    assert set(rows) == {views.crosshair.at[1]}
    assert 20 in columns


def test_any_volume_laid_out_by_us_needs_no_turn_in_its_own_plane_and_stands_in_the_others() -> None:
    for signs in product((1.0, -1.0), repeat=3):
        for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1)):
            stored = np.eye(4)
            stored[:3, :3] = np.eye(3)[:, order] * signs * (1.0, 1.0, 2.5)
            grid = Grid.of("patient", layout(stored).matrix(stored, (5, 6, 7)))
            assert upright(grid, 0).straight, (signs, order)
            for axis in (1, 2):
                _, rows, columns = directions(grid, axis)
                right, down = upright(grid, axis).seen(columns, rows)
                assert letter(right) + letter(down) in ("LP", "LI", "PI"), (signs, order, axis)
