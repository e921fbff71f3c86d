"""What is shown when nothing is open: ways to begin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.commands.base import keys_of, run
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.dialogs.files import NOT_FOR_DIAGNOSIS
from segstudio.ui.widgets import icons
from segstudio.ui.widgets.basics import clear, column, label, row, set_property
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk

WAYS = (
    ("images.open", "PNG, JPEG or TIFF"),
    ("folder.open", "All images in it"),
    ("project.open", "Go on where you stopped"),
    ("sample.open", "See the whole loop in a minute"),
)


class StartPage(QWidget):
    """Title, four ways to begin, recent projects, and a place to drop files."""

    files_dropped = Signal(list)

    def __init__(self, desk: Desk, own: dict[str, str]) -> None:
        super().__init__()
        self.setObjectName("startPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self._desk, self._own = desk, own
        title, line = label("SegStudio"), label(tr("Correct a mask once; the model learns it while you go on."))
        title.setObjectName("startTitle")
        line.setObjectName("startLine")
        self.recent = QVBoxLayout()
        self.recent.setSpacing(2)
        self.drop_zone = self._drop_zone()
        page = QWidget()
        page.setFixedWidth(620)
        page.setLayout(
            column(title, 2, line, 22, self._ways(), 14, self.drop_zone, 20, self.recent, 20, self._notice(), gap=0)
        )
        self.setLayout(column(0, row(0, page, 0), 0, margins=(24, 16, 24, 16)))
        self.show_recent(())

    def show_recent(self, folders: Sequence[Path]) -> None:
        """List projects, the newest first; those that are gone are left out."""
        clear(self.recent)
        found = [folder for folder in folders if folder.exists()][:6]
        if not found:
            return
        self.recent.addWidget(label(tr("Recent projects"), "heading"))
        self.recent.addSpacing(4)
        for folder in found:
            button = QPushButton(folder.name)
            button.setProperty("link", True)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, folder=folder: self._desk.studio.open_project(folder))
            place = label(_short(folder.parent), "muted")
            line = QWidget()
            line.setLayout(row(button, place, 0, gap=8))
            self.recent.addWidget(line)

    def _ways(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(10)
        commands = {command.id: command for command in COMMANDS}
        for number, (id_, note) in enumerate(WAYS):
            command = commands[id_]
            button = QPushButton()
            button.setObjectName("startAction")
            button.setMinimumHeight(62)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(tr(command.text))
            sign = QPushButton()
            sign.setFlat(True)
            sign.setStyleSheet("background: transparent; border: none; padding: 0")
            sign.setFixedSize(24, 24)
            sign.setIconSize(QSize(24, 24))
            sign.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            sign.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            icons.set_icon(sign, command.icon)
            keys = keys_of(command, self._own)
            key = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
            words = column(label(tr(command.text), "heading", size=13), label(tr(note), "muted"), gap=2)
            button.setLayout(row(sign, words, 0, label(key, "faint"), margins=(14, 10, 14, 10), gap=14))
            for part in button.findChildren(QWidget):
                part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            button.clicked.connect(lambda _=False, command=command: run(command, self._desk))
            grid.addWidget(button, number // 2, number % 2)
        return grid

    def _drop_zone(self) -> QFrame:
        zone = QFrame()
        zone.setObjectName("dropZone")
        text = label(tr("or drop images, a folder or a project here"), "muted")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        zone.setLayout(column(text, margins=(16, 22, 16, 22)))
        return zone

    def _notice(self) -> QWidget:
        text = label(tr(NOT_FOR_DIAGNOSIS), "muted")
        text.setAlignment(Qt.AlignmentFlag.AlignLeft)
        return text

    @guarded
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _paths(event.mimeData()):
            set_property(self.drop_zone, "over", True)
            event.acceptProposedAction()

    @guarded
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        set_property(self.drop_zone, "over", False)

    @guarded
    def dropEvent(self, event: QDropEvent) -> None:
        set_property(self.drop_zone, "over", False)
        if paths := _paths(event.mimeData()):
            event.acceptProposedAction()
            self.files_dropped.emit(paths)


def _paths(data: QMimeData) -> list[str]:
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]


def _short(path: Path) -> str:
    """A folder with the home folder as ~."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
