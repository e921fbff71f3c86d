"""The main window: puts canvas, panels, menus and status bar together, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.commands import base
from segstudio.ui.commands.base import Command
from segstudio.ui.session.progress_state import JobState, TrainingState
from segstudio.ui.session.session import Session
from segstudio.ui.shell import docks
from segstudio.ui.shell.menus import build_actions, build_menus, follow, keep_to_canvas
from segstudio.ui.shell.regions import go_to
from segstudio.ui.shell.start_page import StartPage
from segstudio.ui.shell.status_bar import StatusBar
from segstudio.ui.shell.tool_bars import build_tool_bar, build_tool_column
from segstudio.ui.shell.typed_keys import TypedKeys
from segstudio.ui.widgets import icons, theme
from segstudio.ui.widgets.overlay_card import OverlayCard
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.ui.canvas.view import Canvas
    from segstudio.ui.canvas.views import Views
    from segstudio.ui.commands.search import CommandSearch
    from segstudio.ui.commands.shortcut_sheet import ShortcutSheet
    from segstudio.ui.desk import Answer, Controllers, Dialog
    from segstudio.ui.shell.panel_docks import PanelDocks


class MainWindow(QMainWindow):
    """Everything the user sees, and the desk that commands and panels know. Its parts listen to the session."""

    session: Session
    panels: PanelDocks
    canvas: Canvas
    views: Views

    def __init__(
        self, session: Session, studio: Callable[[], Controllers], keys: dict[str, str] | None = None
    ) -> None:  # fmt: skip
        """`studio` gives the controllers, which the first paint does without; `keys` are the user's own shortcuts."""
        super().__init__()
        self.session, self._studio, self.keys = session, studio, keys or {}
        self.training = TrainingState()
        self.job: JobState | None = None
        self.setWindowTitle("SegStudio")
        self.setMinimumSize(980, 640)
        self.resize(1440, 900)
        self._commands = build_actions(self, self.run, self.keys)
        self._build_centre()
        self.docks: dict[str, docks.Dock] = {}
        self._menus = build_menus(self, self._commands)
        build_tool_bar(self, self._commands, self.search_commands)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh_commands)
        self._connect()
        self._on_document()
        self._typed = TypedKeys(self, lambda: self.canvas.setFocus())

    @property
    def studio(self) -> Controllers:
        """Who does the work behind the window."""
        return self._studio()

    @property
    def full_screen(self) -> bool:
        return self.isFullScreen()

    # --- what controllers tell ------------------------------------------------------------------------------

    def set_training(self, state: TrainingState) -> None:
        """Show the trainer's state in the monitor."""
        changed = state.phase != self.training.phase
        self.training = state
        if self.docks:
            self.monitor.set_state(state)
        if changed:
            self.refresh_soon()

    def set_job(self, job: JobState | None) -> None:
        """Show what is running in the status bar; None when it is over."""
        changed = (job is None) != (self.job is None)
        self.job = job
        self.status.show_job(job)
        if changed:
            self.refresh_soon()

    def say(self, text: str) -> None:
        """A last word in the status bar, for a few seconds."""
        self.status.say(text)

    # --- what commands do to the window ---------------------------------------------------------------------

    def run(self, command: Command) -> None:
        """Run a command; an expected failure becomes a strip over the canvas."""
        base.run(command, self)

    def search_commands(self) -> CommandSearch:
        from segstudio.ui.commands.search import CommandSearch

        return self._open_card(CommandSearch(self, self, self.keys))  # type: ignore[return-value]

    def show_shortcuts(self) -> ShortcutSheet:
        from segstudio.ui.commands.shortcut_sheet import ShortcutSheet

        return self._open_card(ShortcutSheet(self, self.keys))  # type: ignore[return-value]

    def show_panel(self, name: str, item: str | int | None = None) -> None:
        """Bring a panel to the front, and in it what `item` names."""
        from segstudio.ui.panels.classes import ClassesPanel
        from segstudio.ui.panels.method import MethodPanel

        self.docks[name].show()
        self.docks[name].raise_()
        if item is not None:
            panel = self.docks[name].widget()
            assert isinstance(panel, ClassesPanel | MethodPanel)
            panel.point_at(item)

    def show_region(self, digest: str, box: tuple[int, int, int, int]) -> None:
        go_to(self, digest, box)

    def open_dialog(self, make: Callable[[QWidget], Dialog]) -> Dialog:
        dialog = make(self)
        dialog.open()
        return dialog

    def ask(self, question: Callable[[QWidget], Answer]) -> Answer:
        return question(self)

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def reset_layout(self) -> None:
        """Put all panels back where they were at first."""
        self.build_panels()
        self.panels.reset()

    def apply_theme(self) -> None:
        """Restyle everything after the theme changed."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, self.session.settings.theme)
        icons.refresh(self)
        if self.docks:
            self.tool_options.refresh()
        for widget in self.findChildren(QWidget):
            widget.update()

    def refresh_soon(self) -> None:
        """Bring commands up to date once everything that happens now has happened."""
        self._soon.start()

    def refresh_commands(self) -> None:
        """Enable and tick every command after the state of the program."""
        follow(self, self._commands)

    # --- inside ---------------------------------------------------------------------------------------------

    def _build_centre(self) -> None:
        self.start_page = StartPage(self, self.keys)
        self.pages = QStackedWidget()
        self.pages.setObjectName("centre")
        self.pages.addWidget(self.start_page)
        self.setCentralWidget(self.pages)

    def _build_editor(self) -> None:
        from segstudio.ui.shell.editor import Editor

        editor = self.editor = Editor(self.session, self.status)
        self.views, self.canvas, self.candidates = editor.views, editor.views.canvas, editor.candidates
        self.notices, self.tool_options, self.guiding = editor.notices, editor.tool_options, editor.guiding
        self.proposal_bar, self.guide_bar, self.guide_mark = editor.proposal_bar, editor.guide_bar, editor.guide_mark
        self.tool_column = build_tool_column(self, self._commands)
        keep_to_canvas(self, self.views, self._commands)
        self.pages.addWidget(editor)
        self.guiding.show_image = lambda image: self.studio.opening.show(image)
        self.views.layout_changed.connect(self.refresh_soon)
        self.canvas.view_changed.connect(self._show_zoom)
        self.canvas.files_dropped.connect(self._open_dropped)

    def build_panels(self) -> None:
        """Make the panels and put them in place; done after the first paint, which shows the start page."""
        if self.docks:
            return
        from segstudio.ui.shell.panel_docks import PanelDocks

        self._build_editor()
        self.panels = panels = PanelDocks(self, self, self.tool_column)
        self.docks = panels.by_name
        self.layers, self.classes, self.histogram = panels.layers, panels.classes, panels.histogram
        self.baselines, self.operations, self.history = panels.baselines, panels.operations, panels.history
        self.strip, self.monitor = panels.strip, panels.monitor
        self.classes.in_use.connect(self._offer_merging)
        panels.fill(self._menus["View"].addMenu(tr("Panels")))
        if self.isVisible():
            self._place_panels()

    def _connect(self) -> None:
        session = self.session
        session.document_changed.connect(self._on_document)
        for signal in (
            session.image_changed, session.layers_changed, session.display_changed, session.tool_changed,
            session.edited, session.proposal_changed, session.classes_changed, session.options_changed,
        ):  # fmt: skip
            signal.connect(self.refresh_soon)
        session.editing.changed.connect(self.refresh_soon)
        session.image_changed.connect(self._on_image)
        session.message.connect(self.say)
        self.start_page.files_dropped.connect(self._open_dropped)
        self.status.job.cancel.clicked.connect(lambda: self.studio.cancel_jobs())

    def _open_dropped(self, paths: list[str]) -> None:
        self.studio.open_paths([Path(path) for path in paths])

    def _on_document(self) -> None:
        document = self.session.document
        opened = document is not None
        if opened:
            self.build_panels()
        self.pages.setCurrentIndex(1 if opened else 0)
        if self.docks:
            self.panels.show(opened)
        if document is not None:
            document.versions_changed.connect(lambda _: self._on_versions())
        if self.docks:
            self.notices.clear()
        self._on_versions()
        self.refresh_soon()

    def _offer_merging(self, why: str, class_id: int) -> None:
        """A class is not removed, because pixels hold it: they can be given to another."""
        from segstudio.ui.widgets.notices import Lift

        self.notices.show_banner(why, Lift(tr("Merge into…"), lambda: self.classes.ask_merge(class_id)))

    def _on_versions(self) -> None:
        document = self.session.document
        self.status.show_model(document.champion if document else None)
        self.refresh_soon()

    def _on_image(self) -> None:
        image = self.session.image
        self.setWindowTitle(f"{image.name} – SegStudio" if image else "SegStudio")
        self.status.show_place(None)
        self._show_zoom()

    def _show_zoom(self) -> None:
        scale = self.canvas.view.scale * self.devicePixelRatioF()
        self.status.show_zoom(scale if self.session.image is not None else 0)

    def _open_card(self, card: OverlayCard) -> OverlayCard:
        for other in self.findChildren(OverlayCard):
            if other is not card:
                other.dismiss()
        card.open()
        return card

    # --- events ---------------------------------------------------------------------------------------------

    @guarded
    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if self.session.display.peeking and not event.isAutoRepeat():
            self.session.set_display(peeking=False)
        super().keyReleaseEvent(event)

    @guarded
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.docks and not self.panels.placed:
            self._place_panels()
        elif not self.docks:
            docks.restore_geometry(self)
            self.refresh_commands()

    def _place_panels(self) -> None:
        self.panels.place()
        self.refresh_commands()
        self.canvas.setFocus()

    @guarded
    def closeEvent(self, event: QCloseEvent) -> None:
        self.session.editing.end()
        if self.docks:
            self.panels.remember()
        super().closeEvent(event)
