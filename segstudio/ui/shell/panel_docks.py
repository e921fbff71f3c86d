"""The panels in their docks: made after the first paint, hidden while the start page stands alone."""

from __future__ import annotations

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from segstudio.ui.desk import Desk
from segstudio.ui.panels.baselines import BaselinesPanel
from segstudio.ui.panels.classes import ClassesPanel
from segstudio.ui.panels.histogram import HistogramPanel
from segstudio.ui.panels.history import HistoryPanel
from segstudio.ui.panels.layers import LayersPanel
from segstudio.ui.panels.monitor import MonitorPanel
from segstudio.ui.panels.operations import OperationsPanel
from segstudio.ui.panels.strip import StripPanel
from segstudio.ui.shell import docks
from segstudio.ui.shell.docks import Dock
from segstudio.ui.widgets.words import tr


class PanelDocks:
    """All panels, each in a dock by its name."""

    def __init__(self, window: QMainWindow, desk: Desk, tool_column: QWidget) -> None:
        self._window, self._tool_column, self._session = window, tool_column, desk.session
        session = desk.session
        self.layers, self.classes = LayersPanel(session), ClassesPanel(session)
        self.histogram, self.baselines = HistogramPanel(session), BaselinesPanel(desk)
        self.operations, self.history = OperationsPanel(desk), HistoryPanel(session)
        self.strip, self.monitor = StripPanel(desk), MonitorPanel(desk)
        self.by_name = {
            "layers": Dock("layers", tr("Layers"), self.layers, self.layers.add_button),
            "classes": Dock("classes", tr("Classes"), self.classes, self.classes.add_button),
            "histogram": Dock("histogram", tr("Histogram"), self.histogram),
            "baselines": Dock("baselines", tr("Baselines"), self.baselines),
            "operations": Dock("operations", tr("Operations"), self.operations),
            "history": Dock("history", tr("History"), self.history),
            "strip": Dock("strip", tr("Images"), self.strip),
            "monitor": Dock("monitor", tr("Model monitor"), self.monitor),
        }
        self._placed = False
        self._stashed: QByteArray | None = None  # the layout of the docks while the start page hides them

    def fill(self, menu: QMenu) -> None:
        """A line for each panel, to show or hide it."""
        for dock in self.by_name.values():
            menu.addAction(dock.toggleViewAction())

    def place(self) -> None:
        """Put the panels into the window, which is seen now: where they were the last time."""
        self._placed = True
        docks.place(self._window, self.by_name)  # a layout can be restored only for docks that have a place
        self.show(self._session.document is not None, docks.restore(self._window))

    def reset(self) -> None:
        """Put all panels back where they were at first."""
        docks.place(self._window, self.by_name)
        self._stashed = None
        self.show(self._session.document is not None)

    def show(self, on: bool, layout: QByteArray | None = None) -> None:
        """The start page stands alone; the panels come with the first document, where they were."""
        for dock in self.by_name.values():
            dock.toggleViewAction().setEnabled(on)
        self._tool_column.setVisible(on)
        if not self._placed:
            return
        if on and self._stashed is not None:
            self._window.restoreState(self._stashed, docks.LAYOUT_VERSION)
            self._stashed = None
            self._tool_column.show()
        elif not on and self._stashed is None:
            self._stashed = layout or self._window.saveState(docks.LAYOUT_VERSION)
            for dock in self.by_name.values():
                dock.hide()

    def remember(self) -> None:
        """Store where everything is, for the next start."""
        if self._placed:
            docks.remember(self._window, self._stashed)

    @property
    def placed(self) -> bool:
        return self._placed
