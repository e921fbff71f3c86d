"""The image strip: every image of the project with its state and its score before correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QListView, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from segstudio.core.document import ImageEntry
from segstudio.ui.boundary import guarded
from segstudio.ui.desk import Desk
from segstudio.ui.pixels.file_problem import FileProblem
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import icons, theme
from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.words import tr

ROLE = Qt.ItemDataRole.UserRole
CELL = QSize(104, 126)
STATES = {
    "untouched": ("faint", "Not annotated yet"),
    "annotated": ("accent", "Annotated"),
    "done": ("good", "Done"),
}


def state_of(entry: ImageEntry) -> str:
    """“untouched”, “annotated” or “done”."""
    if entry.done:
        return "done"
    return "untouched" if all(layer.annotation.is_empty() for layer in entry.layers) else "annotated"


class ImageList(QAbstractListModel):
    """The images of the project, in order."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.entries: list[ImageEntry] = []
        self.thumbnails: dict[int, QPixmap] = {}

    def refresh(self) -> None:
        """Follow the document: new images are added, known ones repainted."""
        document = self._session.document
        entries = list(document.images.values()) if document else []
        if entries[: len(self.entries)] == self.entries and len(entries) > len(self.entries):
            self.beginInsertRows(QModelIndex(), len(self.entries), len(entries) - 1)
            self.entries = entries
            self.endInsertRows()
        elif entries != self.entries:
            self.beginResetModel()
            self.entries = entries
            self.endResetModel()
        self.repaint()

    def repaint(self) -> None:
        if self.entries:
            self.dataChanged.emit(self.index(0), self.index(len(self.entries) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # type: ignore[override]
        return len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # type: ignore[override]
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(entry)
        return entry if role == ROLE else None

    def _tip(self, entry: ImageEntry) -> str:
        _, rows, columns = entry.info.shape
        lines = [entry.name, f"{columns} × {rows} · {entry.info.dtype}", tr(STATES[state_of(entry)][1])]
        if entry.agreement is not None:
            lines.append(tr("{share} of what was corrected was right before").format(share=f"{entry.agreement:.0%}"))
        if (problem := self.problem(entry)) is not None:
            lines.append(f"{problem.reply.what} {problem.reply.why}")
        return "\n".join([*lines, *entry.info.notes])

    def problem(self, entry: ImageEntry) -> FileProblem | None:
        """What is wrong with the file of an image, if anything is known."""
        project = self._session.project
        return project.problems.get(entry.id) if project is not None else None


class ImagePainter(QStyledItemDelegate):
    """A thumbnail with rounded corners, a dot for the state, the name, and the score."""

    def __init__(self, session: Session, model: ImageList, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._model = session, model

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # type: ignore[override]
        return CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        entry: ImageEntry = index.data(ROLE)
        rect: QRect = option.rect.adjusted(3, 3, -3, -3)
        active = self._session.image is entry
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(Qt.PenStyle.NoPen)
        if active or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(theme.color("selection" if active else "hover"))
            painter.drawRoundedRect(rect, 6, 6)
        picture = QRectF(rect.left() + 5, rect.top() + 5, rect.width() - 10, rect.height() - 44)
        self._picture(painter, entry, picture)
        if self._model.problem(entry) is not None:
            sign = icons.pixmap("warning", theme.current().warn, 18, painter.device().devicePixelRatioF())
            painter.drawPixmap(QPointF(picture.right() - 22, picture.top() + 4), sign)
        if active:
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(picture, 4, 4)
        self._texts(painter, entry, rect, active)
        painter.restore()

    def _picture(self, painter: QPainter, entry: ImageEntry, rect: QRectF) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(rect, 4, 4)
        painter.setBrush(theme.color("field"))
        painter.drawPath(shape)
        thumbnail = self._model.thumbnails.get(entry.id)
        if thumbnail is None:
            icon = icons.pixmap("image", theme.current().faint, 20, painter.device().devicePixelRatioF())
            painter.drawPixmap(QPointF(rect.center().x() - 10, rect.center().y() - 10), icon)
            return
        scale = max(rect.width() / thumbnail.width(), rect.height() / thumbnail.height())
        width, height = rect.width() / scale, rect.height() / scale
        source = QRectF((thumbnail.width() - width) / 2, (thumbnail.height() - height) / 2, width, height)
        painter.setClipPath(shape)
        painter.drawPixmap(rect, thumbnail, source)
        painter.setClipping(False)

    def _texts(self, painter: QPainter, entry: ImageEntry, rect: QRect, active: bool) -> None:
        line = QRect(rect.left() + 6, rect.bottom() - 36, rect.width() - 12, 16)
        painter.setFont(theme.font(11))
        painter.setPen(theme.color("text" if active else "muted"))
        name = painter.fontMetrics().elidedText(entry.name, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
        line.translate(0, 16)
        state = state_of(entry)
        center = QPointF(line.left() + 4, line.center().y() + 1)
        tint = theme.color(STATES[state][0])
        painter.setPen(QPen(tint, 1.4))
        painter.setBrush(QColor(Qt.GlobalColor.transparent) if state == "untouched" else tint)
        painter.drawEllipse(center, 3, 3)
        painter.setPen(theme.color("muted"))
        text = tr("{share} right").format(share=f"{entry.agreement:.0%}") if entry.agreement is not None else ""
        if state == "done":
            text = tr("Done") + (f" · {entry.agreement:.0%}" if entry.agreement is not None else "")
        painter.drawText(line.adjusted(13, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)


class StripPanel(QWidget):
    """The images side by side; a click shows one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        session = self._session = desk.session
        self.model = ImageList(session)
        self.view = QListView()
        self.view.setFlow(QListView.Flow.LeftToRight)
        self.view.setWrapping(False)
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setModel(self.model)
        self.view.setItemDelegate(ImagePainter(session, self.model, self))
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.view.clicked.connect(lambda index: desk.studio.opening.show(self.model.entries[index.row()].id))
        self._empty = label(tr("Images you open line up here. Drop files anywhere in the window."), "muted", wrap=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setLayout(column(self._empty, self.view, margins=(6, 0, 6, 4), gap=0))
        session.document_changed.connect(self._on_document)
        session.image_changed.connect(self._on_image)
        session.layers_changed.connect(self.refresh)
        session.edited.connect(lambda _: self.model.repaint())
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(380, 168)

    def set_thumbnail(self, image: int, picture: NDArray[np.uint8]) -> None:
        """Take the thumbnail of an image, uint8 (rows, columns, 3)."""
        rows, columns = picture.shape[:2]
        data = np.ascontiguousarray(picture)
        made = QImage(data.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
        self.model.thumbnails[image] = QPixmap.fromImage(made)
        self.refresh()

    def refresh(self) -> None:
        self.model.refresh()
        self._empty.setVisible(not self.model.entries)
        self.view.setVisible(bool(self.model.entries))

    def menu_of(self, entry: ImageEntry) -> QMenu:
        """What can be done with an image of the strip."""
        desk, problem, project = self._desk, self.model.problem(entry), self._session.project
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icons.icon("image"), tr("Show"), lambda: desk.studio.opening.show(entry.id))
        if problem is not None and project is not None and not project.read_only:
            menu.addSeparator()
            menu.addAction(icons.icon("search"), tr("Find file…"), lambda: desk.studio.lost.asked.emit(entry))
            if problem.fits(entry):
                menu.addAction(tr("Use the file as it is now"), lambda: desk.studio.lost.use(entry))
        if project is not None and not project.read_only:
            menu.addSeparator()
            menu.addAction(icons.icon("trash"), tr("Remove from project"), lambda: desk.studio.lost.remove(entry))
        return menu

    @guarded
    def _open_menu(self, where: QPoint) -> None:
        index = self.view.indexAt(where)
        if index.isValid():
            self.menu_of(index.data(ROLE)).popup(self.view.viewport().mapToGlobal(where))

    def _on_document(self) -> None:
        self.model.thumbnails.clear()
        if (project := self._session.project) is not None:
            project.problems_changed.connect(lambda _: self.model.repaint())
        self.refresh()

    def _on_image(self) -> None:
        self.refresh()
        if self._session.image in self.model.entries:
            self.view.scrollTo(self.model.index(self.model.entries.index(self._session.image)))
