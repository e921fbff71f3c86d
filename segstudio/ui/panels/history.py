"""History: every edit of the project across all images; a click goes back or forward to it."""

from __future__ import annotations

import time

from PySide6.QtCore import QAbstractListModel, QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from segstudio.core.history import Edit
from segstudio.errors import UserError
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.words import tr

ROLE = Qt.ItemDataRole.UserRole


class EditList(QAbstractListModel):
    """The edits, the newest first; those undone come above the present."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.edits: list[Edit] = []
        self.position = 0

    def refresh(self) -> None:
        self.beginResetModel()
        document = self._session.document
        self.edits = list(document.history.edits) if document else []
        self.position = document.history.position if document else 0
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # type: ignore[override]
        return len(self.edits)

    def place_of(self, line: int) -> int:
        """The position in the history after the edit of a line."""
        return len(self.edits) - line

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # type: ignore[override]
        edit = self.edits[self.place_of(index.row()) - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return edit.title
        return edit if role == ROLE else None


class EditPainter(QStyledItemDelegate):
    """Title and image at the left, time at the right; undone edits are faint."""

    def __init__(self, session: Session, model: EditList, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._model = session, model

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # type: ignore[override]
        return QSize(100, 24)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        edit: Edit = index.data(ROLE)
        place = self._model.place_of(index.row())
        rect: QRect = option.rect.adjusted(2, 0, -2, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if place == self._model.position:
            painter.setBrush(theme.color("selection"))
            painter.drawRoundedRect(rect, 4, 4)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(theme.color("hover"))
            painter.drawRoundedRect(rect, 4, 4)
        undone = place > self._model.position
        text = rect.adjusted(8, 0, -8, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.color("disabled" if undone else "muted"))
        clock = time.strftime("%H:%M", time.localtime(edit.when))
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, clock)
        text.setRight(text.right() - 42)
        title = tr(edit.title)
        painter.setPen(theme.color("disabled" if undone else "text"))
        painter.drawText(text, middle, title)
        text.setLeft(text.left() + painter.fontMetrics().horizontalAdvance(title) + 8)
        painter.setPen(theme.color("disabled" if undone else "muted"))
        image = self._session.document.images.get(edit.image) if self._session.document else None
        name = painter.fontMetrics().elidedText(image.name if image else "", Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(text, middle, name)
        painter.restore()


class HistoryPanel(QWidget):
    """The list of edits."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = EditList(session)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setItemDelegate(EditPainter(session, self.model, self))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.view.clicked.connect(lambda index: self.go_to(self.model.place_of(index.row())))
        self._empty = label(tr("Nothing has been changed yet."), "muted", wrap=True)
        self.setLayout(column(self._empty, self.view, margins=(8, 2, 8, 8), gap=4))
        session.edited.connect(lambda _: self.refresh())
        session.document_changed.connect(self.refresh)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(280, 200)

    def refresh(self) -> None:
        self.model.refresh()
        self._empty.setVisible(not self.model.edits)
        self.view.setVisible(bool(self.model.edits))

    def go_to(self, place: int) -> None:
        """Undo or redo until exactly the first `place` edits are done."""
        try:
            self._session.editing.go_to(place)
        except UserError as error:
            self._session.blocked.emit(error.sentence)
