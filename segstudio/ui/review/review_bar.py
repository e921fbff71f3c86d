"""The walk over regions, on the canvas: a frame around the region, and a line that says what to do."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QPushButton, QWidget

from segstudio.core.geometry import Box
from segstudio.ui.boundary import guarded
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.review.reviewing import Reviewing
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.basics import label, row, rule, small_button
from segstudio.ui.widgets.words import tr

CORNER = 14.0
"""Widget pixels of a corner of the frame along each side."""


class ReviewMark(QWidget):
    """Corners around the region that is looked at; lets all events through."""

    def __init__(self, canvas: Canvas, guiding: Reviewing) -> None:
        super().__init__(canvas)
        self._canvas, self._guiding = canvas, guiding
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._shown: Box | None = None
        canvas.view_changed.connect(self._follow)
        guiding.changed.connect(self._follow)
        canvas.session.slice_changed.connect(lambda _: self._follow())
        self.hide()

    def _follow(self) -> None:
        box = self._guiding.box
        if box != self._shown:
            self._shown = box
            if box is not None:
                self._canvas.show_box(box)  # comes back here by view_changed
        self.setVisible(box is not None)
        self.setGeometry(self._canvas.rect())
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        box, view = self._guiding.box, self._canvas.view
        if box is None:
            return
        (x0, y0), (x1, y1) = view.to_widget(box.top, box.left), view.to_widget(box.bottom, box.right)
        frame = QRectF(x0, y0, x1 - x0, y1 - y0).adjusted(-3, -3, 3, 3)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        reach = min(CORNER, frame.width() / 3, frame.height() / 3)
        for color, width in ((QColor(0, 0, 0, 150), 5.0), (QColor(theme.current().accent), 2.5)):
            painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            for x, inward in ((frame.left(), reach), (frame.right(), -reach)):
                for y, down in ((frame.top(), reach), (frame.bottom(), -reach)):
                    painter.drawLine(QRectF(x, y, inward, 0).topLeft(), QRectF(x, y, inward, 0).topRight())
                    painter.drawLine(QRectF(x, y, 0, down).topLeft(), QRectF(x, y, 0, down).bottomLeft())


class ReviewBar(QFrame):
    """One line: which class is doubted, the score so far, the time left, and what can be done."""

    def __init__(self, session: Session, guiding: Reviewing) -> None:
        super().__init__()
        self.setObjectName("guideBar")
        self._session, self._guiding = session, guiding
        self.title, self.note, self.time = label("", "heading"), label("", "muted"), label("", "heading")
        self.right, self.further = QPushButton(tr("Right")), QPushButton(tr("Next"))
        self.right.setProperty("primary", True)
        self.right.setToolTip(tr("Accept the prediction of this region and go on (Enter)"))
        self.further.setToolTip(tr("Go on; a region you did not change counts as right (Tab)"))
        for button in (self.right, self.further):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys stay with the canvas
        close = small_button("close", tr("End the walk (Esc)"), guiding.stop)
        self.setLayout(
            row(
                self.time, self.title, self.note, rule(vertical=True), self.further, self.right, close,
                margins=(14, 7, 6, 7), gap=12,
            )
        )  # fmt: skip
        self.right.clicked.connect(guiding.accept)
        self.further.clicked.connect(guiding.next)
        guiding.changed.connect(self.refresh)
        session.proposal_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the region that is looked at; a proposal takes the place."""
        now = self._guiding.stop_now
        self.setVisible(now is not None and self._session.proposal is None)
        if now is None:
            return
        name = self._session.classes.name(now.region.class_id)
        self.title.setText(tr("Is {name} right here?").format(name=f"“{name}”"))
        self.note.setText(self._guiding.verdict or tr("Correct it with the brush, or say that it is right."))
        left = self._guiding.seconds_left
        self.time.setText("" if left is None else f"{left // 60}:{left % 60:02d}")
        self.time.setVisible(left is not None)
        self.adjustSize()
