"""The docks around the canvas: their titles, places and sizes."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QToolButton, QWidget

from segstudio.folders import config_file
from segstudio.ui.widgets.basics import label, row, small_button
from segstudio.ui.widgets.words import tr

LAYOUT_VERSION = 2
"""Raised when docks come, go or are renamed: an older stored layout is then left alone."""

RIGHT, BOTTOM = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea


class Dock(QDockWidget):
    """A panel with a quiet title line and, at its right, the panel's own buttons."""

    def __init__(self, name: str, title: str, panel: QWidget, *buttons: QToolButton) -> None:
        super().__init__(title)
        self.setObjectName(name)
        self.setWidget(panel)
        self._title = QWidget()
        self._title.setObjectName("dockTitle")
        self._title.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        text = label(title)
        text.setObjectName("dockName")
        close = small_button("close", tr("Close panel"), self.hide)
        self._title.setLayout(row(text, 0, *buttons, close, margins=(12, 5, 6, 3), gap=2))
        self._no_title = QWidget()
        self.setTitleBarWidget(self._title)
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._show_title)
        for signal in (self.dockLocationChanged, self.topLevelChanged, self.visibilityChanged):
            signal.connect(lambda _: self._soon.start())

    def _show_title(self) -> None:
        """A dock among tabs has its name on the tab; it needs no title as well."""
        window = self.parentWidget()
        tabbed = isinstance(window, QMainWindow) and not self.isFloating() and window.tabifiedDockWidgets(self)
        wanted = self._no_title if tabbed else self._title
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)
            wanted.setVisible(wanted is self._title)
            self._title.setVisible(wanted is self._title)


def settings() -> QSettings:
    """Where geometry and layout are remembered; beside the user's settings."""
    return QSettings(str(config_file("window.ini")), QSettings.Format.IniFormat)


def place(window: QMainWindow, docks: dict[str, Dock]) -> None:
    """The layout of the first start, also of View > Reset layout."""
    window.setDockNestingEnabled(True)
    window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, window.tabPosition(RIGHT).North)
    window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
    window.setCorner(Qt.Corner.BottomLeftCorner, BOTTOM)
    for dock in docks.values():  # taken out first: docks that move between tab groups leave empty tab bars behind
        dock.setFloating(False)
        window.removeDockWidget(dock)
    for name in ("layers", "classes", "histogram", "baselines", "operations", "history"):
        window.addDockWidget(RIGHT, docks[name], Qt.Orientation.Vertical)
    window.tabifyDockWidget(docks["histogram"], docks["baselines"])
    window.tabifyDockWidget(docks["baselines"], docks["operations"])
    window.tabifyDockWidget(docks["operations"], docks["history"])
    for name in ("strip", "monitor"):
        window.addDockWidget(BOTTOM, docks[name], Qt.Orientation.Horizontal)
    for dock in docks.values():
        dock.show()
    docks["histogram"].raise_()
    tall, wide = window.height() >= 900, window.width() >= 1600
    right = ["layers", "classes", "histogram"]
    sizes = [190, 300, 470] if tall else [134, 206, 350]
    window.resizeDocks([docks[name] for name in right], sizes, Qt.Orientation.Vertical)
    window.resizeDocks([docks["layers"]], [324 if wide else 296], Qt.Orientation.Horizontal)
    window.resizeDocks([docks["strip"]], [192 if tall else 172], Qt.Orientation.Vertical)
    window.resizeDocks(
        [docks["strip"], docks["monitor"]], [800, 740] if wide else [300, 646], Qt.Orientation.Horizontal
    )


def remember(window: QMainWindow, layout: QByteArray | None = None) -> None:
    """Store geometry and layout; `layout` where the present one is only for the start page."""
    stored = settings()
    stored.setValue("geometry", window.saveGeometry())
    stored.setValue("layout", layout if layout is not None else window.saveState(LAYOUT_VERSION))
    stored.sync()


def restore_geometry(window: QMainWindow) -> None:
    """Bring back where the window was and how large."""
    if (geometry := settings().value("geometry")) is not None:
        window.restoreGeometry(geometry)


def restore(window: QMainWindow) -> QByteArray | None:
    """Bring geometry and layout back; the stored layout, or None if there is none or one of another version."""
    stored = settings()
    geometry, layout = stored.value("geometry"), stored.value("layout")
    if geometry is None or layout is None:
        return None
    window.restoreGeometry(geometry)
    return layout if window.restoreState(layout, LAYOUT_VERSION) else None
