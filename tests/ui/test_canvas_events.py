"""The canvas, through real mouse events on the real session."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QPaintEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.codes import Origin
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.proposal import Proposal
from segstudio.core.stencils import capsule
from segstudio.settings import Settings
from segstudio.ui.canvas.painter import ScenePainter
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow

Show = Callable[[NDArray[np.generic]], "Recording"]
NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


class Recording(Canvas):
    """Remembers what was repainted."""

    painted: list[int]

    def paintEvent(self, event: QPaintEvent) -> None:
        if hasattr(self, "painted"):
            self.painted.append(event.rect().width() * event.rect().height())
        super().paintEvent(event)


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    """A canvas of 600 x 400 on an image given as pixels (slices, rows, columns, channels)."""

    def make(pixels: NDArray[np.generic]) -> Recording:
        session = Session(Settings())
        canvas = Recording(session)
        canvas.resize(600, 400)
        qtbot.addWidget(canvas)
        canvas.show()
        document = Document()
        document.classes.add("Cell", "#ff0000")
        slices, rows, columns, channels = pixels.shape
        ranges = tuple((0.0, 255.0) for _ in range(channels))
        info = ImageInfo("", (slices, rows, columns), channels, ("grey",) * channels, str(pixels.dtype), ranges=ranges)
        entry = document.add_image("a.png", "", info)
        session.show_project(OpenProject(document))
        session.show_image(entry, pixels)
        QApplication.processEvents()
        canvas.painted = []
        return canvas

    return make


def at(canvas: Canvas, row: float, column: float) -> QPoint:
    x, y = canvas.view.to_widget(row, column)
    return QPoint(round(x), round(y))


def drag(canvas: Canvas, *points: tuple[float, float], modifiers: Qt.KeyboardModifier = NONE) -> None:
    places = [at(canvas, *point) for point in points]
    QTest.mousePress(canvas, LEFT, modifiers, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, LEFT, modifiers, places[-1])


def color(canvas: Canvas, row: float, column: float) -> tuple[int, int, int]:
    found = canvas.grab().toImage().pixelColor(at(canvas, row, column))
    return found.red(), found.green(), found.blue()


def grey(rows: int = 200, columns: int = 300, value: int = 100) -> NDArray[np.uint8]:
    return np.full((1, rows, columns, 1), value, np.uint8)


def test_a_stroke_paints_exactly_its_capsule(show: Show) -> None:
    canvas = show(grey())
    canvas.session.set_brush_radius(6)
    start, end = at(canvas, 50, 60), at(canvas, 90, 200)
    drag(canvas, (50, 60), (90, 200))
    a, b = (canvas.view.to_image(p.x(), p.y()) for p in (start, end))
    expected = np.zeros((200, 300), bool)
    for first, last in ((a, a), (a, b)):
        top, left, stencil = capsule(first, last, 6, 200, 300)
        expected[top : top + stencil.shape[0], left : left + stencil.shape[1]] |= stencil
    layer = canvas.session.layer
    assert ((layer.annotation.read(Box.whole(layer.shape)) != 0) == expected).all()


def test_painting_repaints_only_what_it_touches(show: Show) -> None:
    canvas = show(grey())
    canvas.session.set_brush_radius(4)
    QTest.mouseMove(canvas, at(canvas, 50, 60))
    QApplication.processEvents()
    canvas.painted.clear()
    drag(canvas, (50, 60), (52, 62))
    QApplication.processEvents()
    assert canvas.painted and max(canvas.painted) < canvas.width() * canvas.height() / 20


def test_the_wheel_zooms_at_the_pointer(show: Show) -> None:
    canvas = show(grey())
    place = QPointF(420, 130)
    before = canvas.view.to_image(place.x(), place.y())
    event = QWheelEvent(
        place, canvas.mapToGlobal(place), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    scale = canvas.view.scale
    QApplication.sendEvent(canvas, event)
    assert canvas.view.scale > scale
    assert canvas.view.to_image(place.x(), place.y()) == pytest.approx(before)


def test_the_middle_button_and_space_pan(show: Show) -> None:
    canvas = show(grey())
    canvas.zoom_by(4)
    for button, key in ((Qt.MouseButton.MiddleButton, None), (LEFT, Qt.Key.Key_Space)):
        before = canvas.view.row, canvas.view.column
        if key:
            QTest.keyPress(canvas, key)
        QTest.mousePress(canvas, button, NONE, QPoint(300, 200))
        QTest.mouseMove(canvas, QPoint(340, 220))
        QTest.mouseRelease(canvas, button, NONE, QPoint(340, 220))
        if key:
            QTest.keyRelease(canvas, key)
        moved = before[0] - canvas.view.row, before[1] - canvas.view.column
        assert moved == pytest.approx((20 / canvas.view.scale, 40 / canvas.view.scale))
    assert not canvas.session.document.history.edits  # type: ignore[union-attr]


def test_annotated_pixels_show_their_class_and_predicted_ones_are_fainter(show: Show) -> None:
    canvas = show(grey())
    layer = canvas.session.layer
    block = np.full((200, 300), 1, np.uint8)
    canvas.session.document.put_prediction(1, 1, 0, 0, 0, block, block, 1)  # type: ignore[union-attr]
    canvas.session.set_brush_radius(10)
    drag(canvas, (100, 100), (100, 120))
    annotated, predicted = color(canvas, 100, 104), color(canvas, 30, 250)
    assert annotated[0] > predicted[0] > 100 and annotated[1] < predicted[1] < 100
    canvas.session.set_display(peeking=True)
    assert color(canvas, 100, 104) == (100, 100, 100)
    canvas.session.set_display(peeking=False, mask_style="outline")
    assert color(canvas, 100, 104) == (100, 100, 100)
    assert layer.visible


def test_painting_on_a_hidden_mask_says_why_and_changes_nothing(show: Show, qtbot: QtBot) -> None:
    canvas = show(grey())
    canvas.session.set_display(masks_visible=False)
    with qtbot.waitSignal(canvas.session.blocked) as blocked:
        drag(canvas, (50, 60), (90, 200))
    assert "hidden" in blocked.args[0]
    assert canvas.session.layer.annotation.is_empty()


def test_alt_click_picks_the_class_under_the_pointer(show: Show) -> None:
    canvas = show(grey())
    drag(canvas, (50, 60), (50, 90))
    canvas.session.choose_class(0)
    drag(canvas, (50, 70), modifiers=Qt.KeyboardModifier.AltModifier)
    assert canvas.session.active_class == 1


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_pixels_are_windowed_and_what_is_no_number_is_black(show: Show, dtype: type) -> None:
    pixels = np.full((1, 200, 300, 1), 3000, dtype)
    if dtype is np.float32:
        pixels[0, :, 150:] = np.nan
    canvas = show(pixels)
    canvas.session.set_window(0, 0, 6000)
    assert color(canvas, 100, 50)[0] == pytest.approx(127, abs=2)
    if dtype is np.float32:
        assert color(canvas, 100, 250) == (0, 0, 0)


def test_a_proposal_is_applied_except_over_what_was_painted(show: Show) -> None:
    canvas = show(grey())
    session = canvas.session
    session.choose_class(0)
    drag(canvas, (50, 60), (50, 90))
    whole = np.ones((200, 300), np.uint8)
    session.proposals.propose(Proposal("Otsu", "baseline:otsu", Origin.TOOL, 1, 1, Box.whole(session.shape), whole))
    striped = {color(canvas, 150, column) for column in range(20, 60)}
    assert len(striped) > 1
    session.proposals.accept()
    mask = session.layer.mask(Box.whole(session.shape))
    assert mask[50, 75] == 0 and mask[150, 40] == 1
    assert len(session.document.history.edits) == 2  # type: ignore[union-attr]


def test_a_huge_image_is_shown_painted_and_undone_without_being_held(show: Show) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    canvas = show(np.broadcast_to(np.zeros((1, 1, 1, 1), np.uint8), (1, 100_000, 100_000, 1)))
    canvas.grab()
    canvas.session.set_brush_radius(500)
    drag(canvas, (50_000, 20_000), (50_000, 80_000))
    assert canvas.session.layer.annotation.tile((0, 195, 195)).any()
    canvas.session.editing.undo()
    assert canvas.session.layer.annotation.is_empty()
    assert process.memory_info().rss - before < 600 * 2**20


def test_losing_the_focus_ends_peeking(show: Show) -> None:
    canvas = show(grey())
    QTest.keyPress(canvas, Qt.Key.Key_QuoteLeft)
    assert canvas.session.display.peeking
    canvas.clearFocus()
    QApplication.processEvents()
    canvas.focusOutEvent(QFocusEvent(QEvent.Type.FocusOut))
    assert not canvas.session.display.peeking


def test_a_slow_machine_gets_done_with_a_view_of_many_tiles(
    make_window: Callable[[], MainWindow], document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where drawing what is there takes a frame's time already, what is missing must be made all the same."""
    plain_tile, plain_draw, whole = ScenePainter._draw_tile, ScenePainter.draw, []

    def slow(*arguments: object) -> None:
        time.sleep(0.002)
        plain_tile(*arguments)  # type: ignore[arg-type]

    def draw(painter: ScenePainter, *arguments: object) -> bool:
        whole.append(plain_draw(painter, *arguments))  # type: ignore[arg-type]
        return whole[-1]

    monkeypatch.setattr(ScenePainter, "_draw_tile", slow)
    monkeypatch.setattr(ScenePainter, "draw", draw)
    window = make_window()
    info = ImageInfo("PNG", (1, 1500, 1500), 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    entry = document.add_image("large.png", "1" * 64, info)
    window.session.show_project(OpenProject(document))
    window.session.show_image(entry, np.full((1, 1500, 1500, 1), 90, np.uint8))
    writer = window.session.begin_edit("Fill", tool="fill")
    writer.set(0, 0, 0, np.ones((1500, 1500), bool), 1)
    window.session.finish_edit(writer)
    window.canvas.actual_size()
    window.canvas.center_on(750, 750)
    qtbot.waitUntil(lambda: bool(whole) and whole[-1], timeout=10_000)
    color = window.canvas.grab().toImage().pixelColor(window.canvas.width() // 2, window.canvas.height() // 2)
    assert color.red() != color.blue(), "the mask is seen"
