"""Views: one canvas or several of the same image, linked, in a layout."""

from __future__ import annotations

from functools import partial
from typing import Literal

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QRegion
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSplitter, QToolButton, QWidget

from segstudio.core.reslice import Axis, turned_back
from segstudio.ui.boundary import guarded
from segstudio.ui.canvas.crosshair_lines import CrosshairLines, Divider
from segstudio.ui.canvas.patient_letters import PatientLetters
from segstudio.ui.canvas.turn import Turn, upright
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.session.crosshair import Crosshair
from segstudio.ui.session.plane_layer import EVERYTHING, Shows
from segstudio.ui.session.plane_session import PlaneSession
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr

Layout = Literal["single", "orthogonal", "beside", "swipe", "blink"]

LONGEST = 8192
"""Pixels of a side up to which an image is shown along its rows and columns: each such view crosses every slice."""
BLINK = 600
"""Milliseconds between the two pictures of a blinking view."""
RAW = Shows(annotation=False, prediction=False)
PLATED = (
    "QToolButton#compared { background: rgba(18, 19, 22, 190); color: #f5f6f8; border: 0; border-radius: 5px;"
    " padding: 3px 22px 3px 9px; font-weight: 600 }"
    "QToolButton#compared:hover { background: rgb(18, 19, 22) }"
)
"""The corner menu looks like the plates that are painted on the canvas, in both themes."""
CHOICES = (
    ("All masks", EVERYTHING),
    ("Raw image", RAW),
    ("Prediction only", Shows(annotation=False)),
    ("Annotation only", Shows(prediction=False)),
)
"""What the compared view may show, besides each mask layer."""


class Views(QWidget):
    """Holds `canvas`, which is always there, and the canvases that a layout adds to it.

    `coronal` and `sagittal` cut a volume at the crosshair; `other` shows the same slice with other masks: beside the
    canvas, over its right part (swipe), or over it in turns (blink). It keeps place and zoom with the canvas.
    """

    layout_changed = Signal()
    hovered = Signal(object, object)
    """(row, column) under the pointer or None, and the session of the view it is in."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.crosshair = Crosshair(session)
        self.chosen: Layout = "single"
        self.planes = {axis: PlaneSession(session, self.crosshair, axis) for axis in (1, 2, 0)}
        self.planes[0].shows = RAW
        self.canvas = Canvas(session)
        self.coronal, self.sagittal, self.other = (self._made(self.planes[axis]) for axis in (1, 2, 0))
        self._axes: dict[Canvas, Axis] = {self.canvas: 0, self.coronal: 1, self.sagittal: 2, self.other: 0}
        self.marks = {
            c: CrosshairLines(c, self.crosshair, axis) for c, axis in self._axes.items() if c is not self.other
        }
        self.letters = {canvas: PatientLetters(canvas, axis) for canvas, axis in self._axes.items()}
        self.active = self.canvas
        self._build()
        self._share = 0.5
        self._blinking = QTimer(self, interval=BLINK)
        self._blinking.timeout.connect(lambda: self.other.setVisible(self.other.isHidden()))
        for canvas in self._axes:
            canvas.installEventFilter(self)
            if canvas is not self.canvas:
                canvas.painting.connect(self.canvas.painting)
                canvas.files_dropped.connect(self.canvas.files_dropped)
            canvas.hovered.connect(lambda at, canvas=canvas: self.hovered.emit(at, canvas.session))
        self.canvas.view_changed.connect(lambda: self._link(self.canvas, self.other))
        self.other.view_changed.connect(lambda: self._link(self.other, self.canvas))
        session.image_changed.connect(self._arrange)
        session.display_changed.connect(self._show_marks)
        self._arrange()

    def _made(self, plane: PlaneSession) -> Canvas:
        canvas = Canvas(plane)
        plane.visible_box = canvas.visible_box
        return canvas

    def _build(self) -> None:
        self._right = QSplitter(Qt.Orientation.Vertical)
        self._outer = QSplitter(Qt.Orientation.Horizontal)
        for splitter, parts in (
            (self._right, (self.coronal, self.sagittal)),
            (self._outer, (self.canvas, self._right)),
        ):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(5)
            for part in parts:
                splitter.addWidget(part)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._outer)
        self.divider = Divider(self.canvas, self._swipe_to)
        self.button = QToolButton(self.other)
        self.button.setObjectName("compared")
        self.button.setStyleSheet(PLATED)
        self.button.setToolTip(tr("What this view shows"))
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setCursor(Qt.CursorShape.ArrowCursor)
        self.button.setMenu(QMenu(self.button))
        self.button.menu().aboutToShow.connect(self._fill_menu)
        for canvas in (self.coronal, self.sagittal, self.canvas):
            canvas.setMinimumSize(120, 100)

    # --- layout ---------------------------------------------------------------------------------------------

    def choose(self, layout: Layout) -> None:
        """Change the layout; where the image does not have it, the user is told why."""
        if layout == "orthogonal" and (why := self._why_not_turned()):
            self.session.blocked.emit(why)
            return
        if layout != "single":
            self.canvas.set_turn(Turn())
        self.chosen = layout
        self._arrange()
        self.canvas.setFocus()

    def _why_not_turned(self) -> str:
        slices, rows, columns = self.session.shape
        if slices < 2:
            return "This image has one slice only: there is nothing to see from the side."
        if max(rows, columns) > LONGEST:
            return f"Views from the side need an image of at most {LONGEST} pixels in width and height."
        return ""

    @property
    def shown(self) -> Layout:
        """The chosen layout, or the single view where the image does not have it."""
        turned = self.chosen == "orthogonal"
        return "single" if self.session.image is None or (turned and self._why_not_turned()) else self.chosen

    def _arrange(self) -> None:
        shown = self.shown
        orthogonal, beside, over = shown == "orthogonal", shown == "beside", shown in ("swipe", "blink")
        place = self._outer if beside else self.canvas
        if self.other.parentWidget() is not place:
            self.other.hide()
            self._outer.addWidget(self.other) if beside else self.other.setParent(self.canvas)
        self._right.setVisible(orthogonal)
        self.other.setVisible(beside or over)
        self.divider.setVisible(shown == "swipe")
        self._blinking.start() if shown == "blink" else self._blinking.stop()
        for axis, plane in self.planes.items():
            plane.wake(orthogonal if axis else beside or over)
        width = max(self.width(), 400)
        if orthogonal:
            self._outer.setSizes([width * 3 // 5, width * 2 // 5, 0])
            self._right.setSizes([1000, 1000])
        elif beside:
            self._outer.setSizes([width // 2, 0, width // 2])
        if not self.active.isVisible():
            self.active = self.canvas
        self._stand_up()
        self._show_marks()
        self._show_choice()
        self._place()
        self.layout_changed.emit()

    def _stand_up(self) -> None:
        """Turn the views from the side so that the patient stands."""
        image = self.session.image
        for canvas in (self.coronal, self.sagittal):
            turn = upright(image.info.grid if image is not None else None, self._axes[canvas])
            if turn != canvas.turn:
                canvas.set_turn(turn)

    def _show_marks(self) -> None:
        orthogonal = self.shown == "orthogonal"
        for canvas, marks in self.marks.items():
            marks.lines = orthogonal
            marks.setVisible(orthogonal or (canvas is self.canvas and self.session.display.slab.thick))

    def _place(self) -> None:
        """Put what lies over the canvases where it belongs."""
        for over_canvas in (self.marks, self.letters):
            for canvas, widget in over_canvas.items():
                widget.setGeometry(canvas.rect())
        over = self.other.parentWidget() is self.canvas
        if over:
            self.other.setGeometry(self.canvas.rect())
            self._link(self.canvas, self.other)
        if self.shown == "swipe":
            left = round(self._share * self.canvas.width())
            self.other.setMask(QRegion(QRect(left, 0, self.canvas.width() - left, self.canvas.height())))
            self.divider.place(self._share)
        else:
            self.other.clearMask()
        self.divider.raise_()
        self.marks[self.canvas].raise_()
        self.button.adjustSize()
        self.button.move(self.other.width() - self.button.width() - 10, 10)

    def _swipe_to(self, share: float) -> None:
        self._share = share
        self._place()

    @staticmethod
    def _link(source: Canvas, target: Canvas) -> None:
        if source.session.image is not None and target.session.image is not None:
            target.follow(source.view)

    # --- what is compared -----------------------------------------------------------------------------------

    def choices(self) -> list[tuple[str, Shows]]:
        """What the compared view may show now, with its title."""
        layers = self.session.image.layers if self.session.image else []
        return [*((tr(title), shows) for title, shows in CHOICES), *((c.name, Shows(layer=c.id)) for c in layers)]

    def compare(self, shows: Shows) -> None:
        """Choose what the compared view shows."""
        self.planes[0].show_masks(shows)
        self._show_choice()
        self._place()

    def _show_choice(self) -> None:
        shows = self.planes[0].shows
        found = next((title for title, choice in self.choices() if choice == shows), tr("All masks"))
        self.button.setText(found)

    def _fill_menu(self) -> None:
        menu = self.button.menu()
        menu.clear()
        for place, (title, shows) in enumerate(self.choices()):
            if place == len(CHOICES):
                menu.addSeparator()
            action = menu.addAction(title, partial(self.compare, shows))
            action.setCheckable(True)
            action.setChecked(shows == self.planes[0].shows)

    # --- events ---------------------------------------------------------------------------------------------

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(watched, Canvas):
            if kind == QEvent.Type.Resize:
                QTimer.singleShot(0, self._place)  # after the canvas has taken its new size
            elif kind in (QEvent.Type.FocusIn, QEvent.Type.MouseButtonPress):
                self.active = watched
            elif kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
                self._point(watched, event)
        return False

    def _point(self, canvas: Canvas, event: QMouseEvent) -> None:
        """Shift and a move without a button take the crosshair along."""
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if self.shown != "orthogonal" or not shift or event.buttons() != Qt.MouseButton.NoButton:
            return
        at = canvas.straightened(event.position())
        row, column = canvas.view.to_image(at.x(), at.y())
        self.crosshair.move(turned_back((canvas.session.slice, int(row), int(column)), self._axes[canvas]))
