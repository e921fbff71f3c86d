"""Mouse, pen and wheel in every order of their buttons."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import permutations
from types import TracebackType

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QDoubleSpinBox

from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.tools import TOOLS
from segstudio.ui.canvas import overlay
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.app import _catch_bugs
from segstudio.ui.shell.window import MainWindow

Button = Qt.MouseButton
LEFT, RIGHT, MIDDLE, NO_BUTTON = Button.LeftButton, Button.RightButton, Button.MiddleButton, Button.NoButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
PEN = QPointingDevice(
    "pen", 1, QInputDevice.DeviceType.Stylus, QPointingDevice.PointerType.Pen,
    QInputDevice.Capability.Position | QInputDevice.Capability.Pressure, 1, 3,
)  # fmt: skip
KINDS = {
    "mouse": (QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease),
    "pen": (QEvent.Type.TabletPress, QEvent.Type.TabletMove, QEvent.Type.TabletRelease),
}


class Hand:
    """A mouse or a pen over a canvas; each event says which buttons are held, as real devices do."""

    def __init__(self, canvas: Canvas, device: str = "mouse") -> None:
        self.canvas, self.device = canvas, device
        self.held = NO_BUTTON
        self.place = (0.0, 0.0)

    def send(self, kind: int, row: float, column: float, button: Qt.MouseButton = NO_BUTTON) -> None:
        self.place = (row, column)
        at = QPointF(*self.canvas.view.to_widget(row, column))
        glob, type_ = QPointF(self.canvas.mapToGlobal(at)), KINDS[self.device][kind]
        event: QMouseEvent | QTabletEvent
        if self.device == "mouse":
            event = QMouseEvent(type_, at, glob, button, self.held, NONE)
        else:
            event = QTabletEvent(type_, PEN, at, glob, 1.0, 0, 0, 0, 0, 0, NONE, button, self.held)
        QApplication.sendEvent(self.canvas, event)

    def press(self, row: float, column: float, button: Qt.MouseButton = LEFT) -> None:
        self.held |= button
        self.send(0, row, column, button)

    def move(self, row: float, column: float) -> None:
        self.send(1, row, column)

    def release(self, row: float, column: float, button: Qt.MouseButton = LEFT) -> None:
        self.held &= ~button
        self.send(2, row, column, button)

    def drag(self, button: Qt.MouseButton = LEFT) -> None:
        self.press(40, 40, button)
        for column in (50, 60, 70):
            self.move(50, column)
        self.release(50, 70, button)


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    """A window on a volume of 40 slices, the canvas without the keyboard."""
    made = make_window()
    document = Document()
    document.classes.add("Cell")
    info = ImageInfo("NIfTI", (40, 200, 260), 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    entry = document.add_image("a.nii", "0" * 64, info)
    made.session.show_project(OpenProject(document))
    made.session.show_image(entry, np.random.default_rng(3).integers(0, 255, (40, 200, 260, 1), dtype=np.uint8))
    made.session.set_brush_radius(3)
    QApplication.processEvents()
    return made


def codes(session: Session) -> np.ndarray:
    return session.layer.annotation.read(Box.whole(session.shape, session.slice))


DEVICES = pytest.mark.parametrize("device", ["mouse", "pen"])


@DEVICES
@pytest.mark.parametrize("other", [MIDDLE, RIGHT], ids=["middle", "right"])
def test_nothing_is_painted_without_the_button_in_whatever_order(
    window: MainWindow, device: str, other: Qt.MouseButton
) -> None:
    hand, session = Hand(window.canvas, device), window.session
    steps = {
        "left up": lambda *at: hand.release(*at),
        "other down": lambda *at: hand.press(*at, other),
        "other up": lambda *at: hand.release(*at, other),
    }
    for order in permutations(steps):
        hand.press(100, 40)
        hand.move(100, 60)
        for number, step in enumerate(order):
            steps[step](100, 70 + 10 * number)
            hand.move(100, 75 + 10 * number)
        hand.held = NO_BUTTON
        hand.move(30, 30)
        painted = codes(session)
        assert painted.any() and not session.editing.busy, order
        for column in range(40, 200, 20):
            hand.move(160, column)
        assert np.array_equal(codes(session), painted), order
        assert session.document is not None and session.document.history.position == 1, order
        session.editing.undo()
        window.canvas.fit()


@DEVICES
@pytest.mark.parametrize("tool", [tool.id for tool in TOOLS])
def test_a_release_that_is_lost_ends_what_the_button_began(window: MainWindow, device: str, tool: str) -> None:
    hand, session = Hand(window.canvas, device), window.session
    session.set_tool(tool)
    hand.press(60, 60)
    hand.move(60, 100)
    hand.move(90, 100)
    hand.held = NO_BUTTON
    hand.move(120, 140)
    painted = codes(session)
    for column in range(40, 200, 20):
        hand.move(160, column)
    hand.send(2, 170, 200, LEFT)
    assert np.array_equal(codes(session), painted) and session.document.open_edit is None
    assert session.editing.busy == (tool in ("polygon", "livewire"))
    if tool in ("brush", "lasso", "rectangle", "ellipse"):
        assert painted.any() and not painted[120:].any(), "it ended where it was last seen with the button"


@DEVICES
def test_space_pans_and_m_sets_the_window_with_any_device(window: MainWindow, device: str) -> None:
    hand, canvas, session = Hand(window.canvas, device), window.canvas, window.session
    before = canvas.view.row, canvas.view.column
    canvas._space = True
    hand.drag()
    canvas._space = False
    assert (canvas.view.row, canvas.view.column) != before
    low = session.windows[0].low
    session.set_display(levelling=True)
    hand.drag()
    session.set_display(levelling=False)
    assert session.windows[0].low != low
    assert not codes(session).any()


@DEVICES
def test_the_middle_button_pans_the_right_one_does_nothing_and_neither_paints(window: MainWindow, device: str) -> None:
    hand, canvas = Hand(window.canvas, device), window.canvas
    before = canvas.view.row, canvas.view.column
    hand.drag(RIGHT)
    assert (canvas.view.row, canvas.view.column) == before
    hand.drag(MIDDLE)
    assert (canvas.view.row, canvas.view.column) != before
    assert not codes(window.session).any()


@DEVICES
def test_a_drag_in_the_minimap_moves_the_view(window: MainWindow, device: str) -> None:
    hand, canvas = Hand(window.canvas, device), window.canvas
    canvas.zoom_by(6)
    corner = overlay.minimap_rect(canvas.view, window.session.shape).center()
    place = canvas.view.to_image(corner.x(), corner.y())
    before = canvas.view.row
    hand.press(*place)
    hand.move(place[0] + 2, place[1] + 2)
    hand.release(place[0] + 2, place[1] + 2)
    assert canvas.view.row != before and not codes(window.session).any()


@DEVICES
def test_a_stroke_gives_the_keyboard_to_the_canvas(window: MainWindow, device: str) -> None:
    field = window.tool_options.findChild(QDoubleSpinBox)
    assert field is not None
    field.setFocus()
    Hand(window.canvas, device).drag()
    assert QApplication.focusWidget() is window.canvas


def test_a_mouse_that_lies_beside_the_pen_does_not_end_its_stroke(window: MainWindow) -> None:
    pen, mouse = Hand(window.canvas, "pen"), Hand(window.canvas)
    pen.press(100, 40)
    pen.move(100, 60)
    mouse.move(20, 20)
    pen.move(100, 90)
    pen.release(100, 90)
    painted = codes(window.session)
    assert painted[100, 80] and not painted[20:60].any()


def wheel(canvas: Canvas, delta: int, held: Qt.KeyboardModifier = SHIFT, phase: Qt.ScrollPhase | None = None) -> None:
    where = QPointF(canvas.rect().center())
    shown = phase or Qt.ScrollPhase.ScrollUpdate
    event = QWheelEvent(
        where, QPointF(canvas.mapToGlobal(where)), QPoint(), QPoint(0, delta), NO_BUTTON, held, shown, False
    )
    QApplication.sendEvent(canvas, event)


@pytest.mark.parametrize(
    ("deltas", "slices"),
    [
        ([120], -1), ([-120], 1), ([0], 0), ([0, 0, 0], 0), ([8] * 15, -1), ([8] * 14, 0), ([-360], 3), ([60, 60], -1),
        ([100, -100, 100], 0), ([119], 0), ([240, 120], -3), ([-30] * 9, 2), ([90, 90, 90], -2),
    ],
)  # fmt: skip
def test_120_units_of_the_wheel_are_one_slice(window: MainWindow, deltas: list[int], slices: int) -> None:
    before = window.session.slice
    for delta in deltas:
        wheel(window.canvas, delta)
    assert window.session.slice - before == slices


def test_what_is_left_of_a_gesture_does_not_count_in_the_next_one(window: MainWindow) -> None:
    before = window.session.slice
    wheel(window.canvas, 110)
    wheel(window.canvas, 0, phase=Qt.ScrollPhase.ScrollBegin)
    wheel(window.canvas, 20)
    assert window.session.slice == before


@pytest.mark.parametrize("held", [NONE, Qt.KeyboardModifier.AltModifier], ids=["zoom", "radius"])
def test_small_deltas_add_up_and_no_movement_changes_nothing(window: MainWindow, held: Qt.KeyboardModifier) -> None:
    canvas, session = window.canvas, window.session
    before = canvas.view.scale, session.brush_radius
    wheel(canvas, 0, held)
    assert (canvas.view.scale, session.brush_radius) == before and canvas._fitted
    for delta in (*[8] * 15, *[-8] * 15):
        wheel(canvas, delta, held)
    assert (canvas.view.scale, session.brush_radius) == pytest.approx(before)


ERRORS: dict[str, Callable[[], object]] = {
    "division": lambda: 1 // 0,
    "index": lambda: [][1],
    "key": lambda: {}["a"],
    "number": lambda: int("x"),
    "shape": lambda: np.zeros(2) + np.zeros(3),
    "attribute": lambda: None.x,  # type: ignore[attr-defined]
}


def fails_with(deed: Callable[[], object]) -> Callable[..., None]:
    def fail(*_: object) -> None:
        deed()

    return fail


@pytest.fixture
def raised(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[type[BaseException]]:
    """What was raised in handlers; the window tells it as it does in the running program."""
    found: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back afterwards
    _catch_bugs(window)
    shows = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        found.append(kind)
        shows(kind, error, trace)

    monkeypatch.setattr(sys, "excepthook", hook)
    return found


@DEVICES
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_in_a_tool_is_told_and_what_was_painted_before_is_kept(
    window: MainWindow, raised: list[type[BaseException]], device: str, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand, session = Hand(window.canvas, device), window.session
    hand.press(100, 40)
    hand.move(100, 60)
    with monkeypatch.context() as patch:
        patch.setattr(window.canvas.tool, "drag", fails_with(ERRORS[error]))
        hand.move(100, 80)
        hand.move(100, 90)
    hand.release(100, 90)
    QApplication.processEvents()
    assert len(raised) == 1, "it is over after the first"
    assert [strip.what for strip in window.notices.strips] == ["Something went wrong that should not have."]
    assert codes(session)[100, 50] and session.document.open_edit is None and not session.editing.busy
    assert session.document.history.position == 1
    hand.drag()
    assert session.document.history.position == 2


@pytest.mark.parametrize("step", ["press", "release", "preview", "confirm", "cancel"])
@pytest.mark.parametrize("tool", ["brush", "lasso", "polygon", "wand"])
def test_an_error_in_any_step_of_a_tool_leaves_nothing_open(
    window: MainWindow, raised: list[type[BaseException]], tool: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand, session = Hand(window.canvas), window.session
    session.set_tool(tool)
    with monkeypatch.context() as patch:
        patch.setattr(window.canvas.tool, step, fails_with(ERRORS["division"]))
        hand.drag()
        for command in (window.canvas.confirm, window.canvas.cancel):
            try:
                command()
            except ZeroDivisionError:
                raised.append(ZeroDivisionError)
        QApplication.processEvents()
    window.canvas.cancel()
    assert session.document.open_edit is None and not session.editing.busy
    session.set_tool("brush")
    hand.drag()
    assert codes(session)[50, 60]


def test_an_expected_error_is_shown_as_what_it_is(
    window: MainWindow, raised: list[type[BaseException]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UserError("This brush is too wide.", hint="Make it smaller.")

    monkeypatch.setattr(window.canvas.tool, "press", refuse)
    Hand(window.canvas).press(50, 50)
    QApplication.processEvents()
    assert [strip.what for strip in window.notices.strips] == ["This brush is too wide."]


def test_drawing_that_fails_each_time_has_one_strip(
    window: MainWindow, raised: list[type[BaseException]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window.canvas.scene, "draw", fails_with(ERRORS["division"]))
    for _ in range(5):
        window.canvas._redraw()
        QApplication.processEvents()
    assert len(raised) >= 2 and len(window.notices.strips) == 1
