"""Which plugins are installed: look, install a folder, remove. No plugin's code runs here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QSizePolicy,
    QWidget,
)

from segstudio import plugins
from segstudio.errors import UserError
from segstudio.models.plugged import specs_of
from segstudio.plugins import Plugin
from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.words import tr

WARNING = (
    "A plugin is a program: it can do all that you can. Its code runs in SegStudio's worker processes. "
    "Install only what you trust."
)


class PluginsDialog(QDialog):
    """A row for each plugin; `choose_folder` asks for one to install, `sure` whether it may be."""

    failed = Signal(object)
    """A UserError: the plugin could not be installed."""
    said = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Plugins"))
        self.resize(560, 340)
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setSpacing(2)
        empty = tr("No plugin is installed.\n\nPlugins bring networks that SegStudio does not have.")
        self.empty = label(empty, "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.add = self.buttons.addButton(tr("Install…"), role)
        self.drop = self.buttons.addButton(tr("Remove"), role)
        self.add.clicked.connect(self.install)
        self.drop.clicked.connect(self.remove)
        self.buttons.rejected.connect(self.reject)
        self.list.currentItemChanged.connect(lambda *_: self.drop.setEnabled(self.chosen is not None))
        self.choose_folder: Callable[[], str] = lambda: QFileDialog.getExistingDirectory(
            self, tr("Install a plugin"), options=QFileDialog.Option.DontUseNativeDialog
        )
        self.sure: Callable[[Plugin], bool] = self._ask
        note = label(tr(WARNING), "muted", wrap=True)
        note.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.empty.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setLayout(column(note, self.list, self.empty, self.buttons, margins=(18, 16, 18, 14), gap=12))
        self._fill()

    @property
    def chosen(self) -> str | None:
        """Id of the selected plugin, if it is one that can be removed."""
        item = self.list.currentItem()
        found: str | None = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        return found

    def install(self) -> None:
        """Ask for a folder, read its manifest, ask whether it is trusted, and copy it."""
        folder = self.choose_folder()
        if not folder:
            return
        try:
            plugin = plugins.read(Path(folder))
            specs_of(plugin)
            if not self.sure(plugin):
                return
            plugins.install(plugin)
        except UserError as error:
            self.failed.emit(error)
            return
        self._fill()
        self.said.emit(tr("“{name}” is installed: choose it in Model > New model…").format(name=plugin.name))

    def remove(self) -> None:
        """Take the selected plugin away."""
        if self.chosen is None:
            return
        plugins.remove(self.chosen)
        self._fill()

    def _fill(self) -> None:
        self.list.clear()
        good, bad = plugins.found()
        for plugin in good:
            networks = ", ".join(spec.title for spec in specs_of(plugin))
            item = QListWidgetItem(f"{plugin.name} {plugin.version}  ·  {networks}\n{plugin.summary}")
            item.setData(Qt.ItemDataRole.UserRole, plugin.id)
            item.setToolTip(f"{plugin.folder}\nsha256 {plugin.digest}")
            self.list.addItem(item)
        for sentence in bad:
            self.list.addItem(QListWidgetItem(sentence))
        some = self.list.count() > 0
        self.list.setVisible(some)
        self.empty.setVisible(not some)
        self.drop.setEnabled(self.chosen is not None)

    def _ask(self, plugin: Plugin) -> bool:
        networks = ", ".join(spec.title for spec in specs_of(plugin)) or tr("nothing")
        text = tr("Install “{name}” {version}?").format(name=plugin.name, version=plugin.version)
        more = f"{plugin.summary}\n\n{tr('It brings {networks}.').format(networks=networks)}\n\n{tr(WARNING)}"
        box = QMessageBox(QMessageBox.Icon.Warning, self.windowTitle(), text, parent=self)
        box.setInformativeText(more)
        yes = box.addButton(tr("Install"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is yes
