"""Whatever happens while something is half drawn: history and pixels agree, and nothing lands where it does not belong.

Every tool is begun on the real canvas; then something else changes the document or what is shown of it, the hand goes
on moving, and lets go.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.core import class_use
from segstudio.core.codes import Origin
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.tools import TOOLS
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow

LEFT, NONE, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
STROKES = {"brush", "smart", "superpixel", "eraser", "revert"}
"""Tools that write while they are drawn; the others write when they are let go, or at a click."""
SHAPE = (3, 90, 120)


def project(seed: int = 5) -> tuple[Document, list[NDArray[np.uint8]]]:
    """Two volumes of one kind, each with two layers, and two classes."""
    document, rng, pixels = Document(), np.random.default_rng(seed), []
    document.classes.add("Cell")
    document.classes.add("Vessel")
    for name in ("a.nii", "b.nii"):
        info = ImageInfo("NIfTI", SHAPE, 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
        entry = document.add_image(name, name * 8, info)
        document.add_layer(entry.id, "Second")
        pixels.append(rng.integers(0, 255, (*SHAPE, 1), dtype=np.uint8))
    return document, pixels


class Desk:
    """A window on two volumes, and a hand over its canvas."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.session = window, window.session
        self.afresh()
        self.canvas = window.canvas
        self.canvas.setFocus()

    def afresh(self) -> None:
        """Another project like the first, and the brush."""
        self.document, self.pixels = project()
        self.session.show_project(OpenProject(self.document))
        self.session.set_display(masks_visible=True)
        self.session.set_tool("brush")
        self.session.set_brush_radius(4)
        self.show(1)

    def show(self, image: int) -> None:
        self.session.show_image(self.document.images[image], self.pixels[image - 1])
        QApplication.processEvents()

    def at(self, row: float, column: float) -> QPoint:
        x, y = self.canvas.view.to_widget(row, column)
        return QPoint(round(x), round(y))

    def press(self, row: float, column: float) -> None:
        QTest.mousePress(self.canvas, LEFT, NONE, self.at(row, column))

    def move(self, row: float, column: float) -> None:
        QTest.mouseMove(self.canvas, self.at(row, column))

    def release(self, row: float, column: float) -> None:
        QTest.mouseRelease(self.canvas, LEFT, NONE, self.at(row, column))

    def stroke(self, *points: tuple[float, float]) -> None:
        self.press(*points[0])
        for point in points[1:]:
            self.move(*point)
        self.release(*points[-1])

    def begin(self, tool: str) -> None:
        """Something half done: the button is down after a drag, or three corners are clicked."""
        self.session.set_tool(tool)
        if tool in ("polygon", "livewire"):
            for corner in ((20, 20), (20, 60), (60, 60)):
                self.stroke(corner)
        else:
            self.press(20, 20)
            self.move(30, 50)
            self.move(50, 60)

    def go_on(self) -> None:
        """What the hand does that has not noticed anything."""
        for column in range(60, 100, 10):
            self.move(55, column)
        self.release(55, 100)
        QApplication.processEvents()

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QApplication.processEvents()  # commands are enabled after what has happened
        QTest.keyClick(self.canvas, key, modifiers)
        QApplication.processEvents()

    def codes(self, image: int, document: Document | None = None) -> NDArray[np.uint16]:
        """What people said in all layers of an image, those that were removed too: (layers, slices, rows, columns)."""
        entry = (document or self.document).images[image]
        layers = sorted({**entry.removed, **{layer.id: layer for layer in entry.layers}}.items())
        whole = [[layer.annotation.read(Box.whole(SHAPE, z)) for z in range(SHAPE[0])] for _, layer in layers]
        return np.array(whole, np.uint16)

    def check_history(self) -> None:
        """Undoing every step leaves nothing, redoing all brings the same pixels back."""
        self.canvas.cancel()
        assert self.document.open_edit is None and not self.session.editing.busy
        end, steps = [self.codes(image) for image in (1, 2)], self.document.history.position
        while self.document.undo():
            pass
        assert not any(self.codes(image).any() for image in (1, 2))
        while self.document.history.position < steps:
            self.document.redo()
        for image, codes in zip((1, 2), end, strict=True):
            now = self.codes(image)
            assert np.array_equal(now[: len(codes)], codes) and not now[len(codes) :].any()


@pytest.fixture
def desk(make_window: Callable[[], MainWindow]) -> Desk:
    return Desk(make_window())


def another_project(desk: Desk) -> None:
    document, pixels = project(9)
    desk.session.show_project(OpenProject(document))
    desk.session.show_image(document.images[1], pixels[0])


def import_mask(desk: Desk) -> None:
    writer = desk.document.begin_edit(1, 1, "Import", tool="import", origin=Origin.IMPORTED)
    writer.set(0, 0, 0, np.ones((5, 5), bool), 2)
    desk.document.finish_edit(writer)


def apply_proposal(desk: Desk) -> None:
    desk.session.offer("Fill", "fill", 1, 70, 90, np.full((8, 8), 2, np.uint8))
    desk.session.proposals.accept()


CROSSINGS: dict[str, Callable[[Desk], object]] = {
    "undo": lambda desk: desk.key(Qt.Key.Key_Z, CTRL),
    "redo": lambda desk: desk.key(Qt.Key.Key_Y, CTRL),
    "the next image": lambda desk: desk.show(2),
    "the next slice": lambda desk: desk.session.set_slice(2),
    "another tool": lambda desk: desk.session.set_tool("wand" if desk.session.tool_id != "wand" else "brush"),
    "another layer": lambda desk: desk.session.set_active_layer(1),
    "the layer hidden": lambda desk: desk.session.set_layer(desk.session.active_layer, visible=False),
    "all masks hidden": lambda desk: desk.session.set_display(masks_visible=False),
    "another class": lambda desk: desk.session.choose_class(2),
    "unsure": lambda desk: desk.session.choose_unsure(),
    "a class added": lambda desk: desk.document.change_classes("Add class", lambda table: table.add("New")),
    "a class merged": lambda desk: class_use.merge(desk.document, 1, 2, "Merge"),
    "a layer added": lambda desk: desk.document.add_layer(1, "New"),
    "its layer removed": lambda desk: desk.document.remove_layer(1, 2),
    "a layer renamed": lambda desk: desk.document.rename_layer(1, 2, "Other"),
    "a step in the history panel": lambda desk: desk.session.editing.go_to(1),
    "an import": import_mask,
    "a proposal applied": apply_proposal,
    "another project": another_project,
    "escape": lambda desk: desk.key(Qt.Key.Key_Escape),
}


@pytest.mark.parametrize("tool", [tool.id for tool in TOOLS])
def test_history_and_pixels_agree_whatever_happens_in_a_stroke(desk: Desk, tool: str) -> None:
    for crossing, happens in CROSSINGS.items():
        desk.afresh()
        desk.stroke((80, 10), (80, 60))
        desk.begin(tool)
        happens(desk)
        desk.go_on()
        print(crossing)  # which one it was, if the next line fails
        desk.check_history()


@pytest.mark.parametrize("tool", sorted(STROKES - {"revert"}))
def test_a_stroke_is_kept_up_to_there_as_a_step_and_nothing_comes_after(desk: Desk, tool: str) -> None:
    for crossing in CROSSINGS.keys() - {"undo", "redo", "escape"}:
        desk.afresh()
        desk.begin(tool)
        CROSSINGS[crossing](desk)
        position, codes = desk.document.history.position, desk.codes(1)
        assert any(edit.tool == tool for edit in desk.document.history.edits), crossing
        assert codes.any() or crossing == "a step in the history panel"
        desk.go_on()
        assert np.array_equal(desk.codes(1), codes), f"{crossing}: nothing is painted after that"
        assert desk.document.history.position == position and not desk.codes(2).any(), crossing


@pytest.mark.parametrize("tool", sorted(STROKES - {"revert"}))
def test_undo_in_a_stroke_drops_it_and_leaves_the_steps_before_it(desk: Desk, tool: str) -> None:
    desk.stroke((80, 10), (80, 60))
    desk.stroke((70, 10), (70, 60))
    before, steps = desk.codes(1), desk.document.history.position
    desk.begin(tool)
    assert not np.array_equal(desk.codes(1), before)
    desk.key(Qt.Key.Key_Z, CTRL)
    assert np.array_equal(desk.codes(1), before) and desk.document.history.position == steps
    desk.go_on()
    assert np.array_equal(desk.codes(1), before) and desk.document.history.position == steps
    desk.key(Qt.Key.Key_Z, CTRL)
    assert desk.document.history.position == steps - 1, "the next one takes the step before"


@pytest.mark.parametrize("tool", ["polygon", "livewire"])
def test_undo_takes_corner_after_corner_then_the_step_before_and_redo_brings_corners_back(
    desk: Desk, tool: str
) -> None:
    desk.stroke((80, 10), (80, 60))
    before, steps = desk.codes(1), desk.document.history.position
    desk.begin(tool)
    for _ in range(2):
        desk.key(Qt.Key.Key_Z, CTRL)
    assert desk.canvas.tool.busy
    for _ in range(2):
        desk.key(Qt.Key.Key_Y, CTRL)
    assert np.array_equal(desk.codes(1), before) and desk.document.history.position == steps
    desk.key(Qt.Key.Key_Return)
    assert desk.document.history.position == steps + 1
    filled = desk.codes(1)[1, 1]
    assert filled[25, 55] and not filled[55, 25], "the triangle has all its corners"
    desk.begin(tool)
    for _ in range(3):
        desk.key(Qt.Key.Key_Z, CTRL)
    assert not desk.canvas.tool.busy and desk.document.history.position == steps + 1
    desk.key(Qt.Key.Key_Z, CTRL)
    assert np.array_equal(desk.codes(1), before)


@pytest.mark.parametrize("tool", ["polygon", "livewire"])
@pytest.mark.parametrize(
    ("hide", "words"),
    [
        (lambda s: s.set_layer(s.active_layer, visible=False), "layer is hidden"),
        (lambda s: s.set_display(masks_visible=False), "layer is hidden"),
        (lambda s: s.classes.change(1, visible=False), "“Cell” is hidden"),
        (lambda s: s.set_slice(2), "slice 2"),
    ],
    ids=["layer", "masks", "class", "slice"],
)
def test_enter_fills_nothing_that_is_not_seen_and_says_so(
    desk: Desk, tool: str, hide: Callable[[Session], None], words: str
) -> None:
    said: list[str] = []
    desk.session.blocked.connect(said.append)
    desk.begin(tool)
    hide(desk.session)
    desk.key(Qt.Key.Key_Return)
    assert not desk.codes(1).any() and words in said[-1]
    assert desk.canvas.tool.busy, "the shape waits"


def test_a_hand_cannot_begin_in_one_view_while_a_shape_is_half_drawn_in_another(desk: Desk) -> None:
    said: list[str] = []
    desk.session.blocked.connect(said.append)
    views = desk.window.views
    views.choose("orthogonal")
    QApplication.processEvents()
    desk.begin("polygon")
    coronal = views.coronal
    QTest.mouseClick(coronal, LEFT, NONE, coronal.rect().center())
    assert "another view" in said[-1] and not coronal.tool.busy
    desk.key(Qt.Key.Key_Return)
    assert desk.codes(1).any() and not desk.session.editing.busy


@pytest.mark.parametrize("axis", [1, 2])
def test_a_stroke_in_a_turned_view_has_the_same_owner(desk: Desk, axis: int) -> None:
    views = desk.window.views
    plane = (desk.canvas, views.coronal, views.sagittal)[axis]
    for crossing in ("undo", "the next image", "another tool", "a class added", "another project"):
        desk.afresh()
        views.choose("orthogonal")
        QApplication.processEvents()
        middle = plane.rect().center()
        QTest.mousePress(plane, LEFT, NONE, middle)
        QTest.mouseMove(plane, middle + QPoint(9, 0))
        assert desk.document.open_edit is not None and desk.codes(1).any()
        CROSSINGS[crossing](desk)
        assert desk.document.open_edit is None
        codes = desk.codes(1)
        assert codes.any() == (crossing != "undo"), crossing
        QTest.mouseMove(plane, middle + QPoint(30, 9))
        QTest.mouseRelease(plane, LEFT, NONE, middle)
        assert np.array_equal(desk.codes(1), codes) and not desk.codes(2).any(), crossing
        desk.check_history()


@pytest.mark.parametrize("tool", ["lasso", "polygon", "rectangle", "fill", "wand"])
def test_an_outline_larger_than_allowed_is_refused_in_a_turned_view_too(
    desk: Desk, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segstudio.tools import area

    monkeypatch.setattr(area, "LARGEST", 0)
    views = desk.window.views
    views.choose("orthogonal")
    QApplication.processEvents()
    desk.session.set_tool(tool)
    middle = views.coronal.rect().center()
    QTest.mousePress(views.coronal, LEFT, NONE, middle)
    QTest.mouseMove(views.coronal, middle + QPoint(40, 5))
    QTest.mouseMove(views.coronal, middle + QPoint(40, 30))
    QTest.mouseRelease(views.coronal, LEFT, NONE, middle + QPoint(40, 30))
    assert desk.document.open_edit is None
    desk.check_history()


@pytest.mark.parametrize("tool", ["brush", "lasso", "fill", "eraser"])
def test_pixels_of_a_hidden_class_are_left_alone_and_it_is_said(desk: Desk, tool: str) -> None:
    session = desk.session
    session.choose_class(2)
    desk.stroke((40, 30), (40, 90))
    two = desk.codes(1) & 0xFF == 2
    session.classes.change(2, visible=False)
    session.choose_class(1)
    session.set_tool(tool)
    said: list[str] = []
    session.blocked.connect(said.append)
    session.message.connect(said.append)
    desk.stroke((40, 30), (34, 60), (46, 90), (40, 30))
    assert ((desk.codes(1) & 0xFF == 2) == two).all()
    assert any("“Vessel” is hidden" in text for text in said) or tool == "fill"


def test_closing_the_window_keeps_the_stroke(desk: Desk) -> None:
    desk.begin("brush")
    desk.window.close()
    assert desk.codes(1).any() and desk.document.history.position == 3
