"""Start the program: the application, the window, and the wires between window and studio."""

from __future__ import annotations

import os
import sys
import time
import traceback
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np  # noqa: F401  before PySide6, which looks at every module imported after it
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from segstudio import settings as stored_settings
from segstudio.errors import UserError
from segstudio.ui.boundary import guarded
from segstudio.ui.project.recent import recent
from segstudio.ui.session.progress_state import JobState, StoreState
from segstudio.ui.session.session import Session
from segstudio.ui.shell.quit_signals import QuitSignals
from segstudio.ui.shell.window import MainWindow
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from segstudio.core.document import ImageEntry
    from segstudio.io.dicom.folder import Series
    from segstudio.ui.shell.studio import Studio


class Program(QObject):
    """The running program: one window, and one studio behind it that is made after the first paint."""

    def __init__(self) -> None:
        super().__init__()
        settings, problems = stored_settings.load()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, settings.theme)  # before any widget is made, so that each is polished once
        self.session = Session(settings)
        self.window = MainWindow(self.session, lambda: self.studio)
        self.window.installEventFilter(self)
        self._closed = False
        self.signals: QuitSignals | None = None
        self._wanted: tuple[list[Path], bool] | None = None
        if problems:
            self.window.build_panels()
        for problem in problems:
            self.window.notices.show_problem(UserError(problem))

    @cached_property
    def studio(self) -> Studio:
        """Everything behind the window; importing it takes as long as a bare window, so it waits until needed."""
        from segstudio.ui.shell.studio import Studio

        self.window.build_panels()
        studio = Studio(self.session)
        self._connect(studio)
        return studio

    def start(self, paths: list[Path], *, sample: bool = False) -> None:
        """Show the window, then open what was asked for; workers start after the first paint."""
        self.window.start_page.show_recent(recent())
        if QApplication.platformName() != "offscreen":  # whose screen is 800 x 800 and means nothing
            room = QApplication.primaryScreen().availableGeometry().size()
            self.window.resize(self.window.size().boundedTo(room))
        self.window.show()
        self._wanted = paths, sample

    def _after_first_paint(self) -> None:
        if self._closed or self._wanted is None:
            return
        (paths, sample), self._wanted = self._wanted, None
        self.window.build_panels()
        if sample:
            self.studio.open_sample()
        elif paths:
            self.studio.open_paths(paths)
        else:
            QTimer.singleShot(200, self._warm_up)

    def _warm_up(self) -> None:
        """Let the readers start and the compute worker import torch while the user looks around."""
        if not self._closed:
            workers = self.studio.workers
            for client in (workers.reader, workers.tiles, workers.compute):
                client.start()

    def close(self) -> None:
        """Close the window, store everything and end the workers."""
        self.window.close()

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window is closing: everything is stored and the workers end, whoever closed it."""
        if watched is self.window and event.type() == QEvent.Type.Close and not self._closed:
            QTimer.singleShot(0, self.shut_down)
        elif watched is self.window and event.type() == QEvent.Type.Paint and self._wanted is not None:
            QTimer.singleShot(0, self._after_first_paint)
        return False

    def shut_down(self) -> None:
        """Store everything and end the workers; only the first call does anything."""
        if not self._closed:
            self._closed = True
            if "studio" in self.__dict__:
                self.studio.close()

    def _find(self, entry: ImageEntry | None) -> None:
        from segstudio.ui.commands.dialogs import find_image

        find_image(self.window, entry)

    def _connect(self, studio: Studio) -> None:
        window = self.window
        studio.problem.connect(lambda error, text, run: window.notices.show_problem(error, text, run))
        studio.said.connect(window.say)
        studio.workers.device_known.connect(window.status.show_device)
        studio.training.changed.connect(window.set_training)
        studio.opening.thumbnail.connect(window.strip.set_thumbnail)
        studio.lost.asked.connect(self._find)
        studio.series_found.connect(self._choose_series)
        studio.opening.added.connect(self._warn_of_text)
        studio.choosing.warned.connect(lambda what, why: window.notices.show_warning(what, why))
        studio.baselining.compared.connect(window.baselines.show_comparison)
        studio.predicting.started.connect(lambda title: window.set_job(JobState(title)))
        studio.predicting.progressed.connect(self._show_progress)
        studio.predicting.ended.connect(lambda _: window.set_job(None))
        studio.transfer.started.connect(lambda title: window.set_job(JobState(title, cancellable=False)))
        studio.transfer.ended.connect(self._end_job)
        for queue in studio.queues:
            queue.started.connect(lambda title: window.set_job(JobState(title)))
            queue.ended.connect(self._end_job)
        studio.opening.progressed.connect(self._show_opening)
        studio.opening.finished.connect(lambda *_: window.set_job(None))
        studio.session.edited.connect(lambda _: window.status.show_store(StoreState("storing")))
        studio.projects.stored.connect(lambda when: window.status.show_store(StoreState("stored", when)))
        studio.projects.storing_failed.connect(
            lambda error: window.status.show_store(StoreState("failed", message=error.what))
        )
        studio.projects.opened.connect(lambda project: self._show_store(project.read_only))
        studio.predicting.image_done.connect(lambda _: window.layers.count_soon())
        window.canvas.painting.connect(lambda: studio.training.give_way())

    def _show_progress(self, done: int, total: int, note: str) -> None:
        job = self.window.job
        if job is not None:
            self.window.set_job(JobState(job.title, done, total, note))

    def _choose_series(self, series: list[Series], take: Callable[[list[Path]], object]) -> None:
        from segstudio.ui.dialogs.series import SeriesDialog

        SeriesDialog(self.window, series, take).open()

    def _warn_of_text(self, entry: ImageEntry) -> None:
        from segstudio.io.dicom.burned_in import NOTE

        told = any(strip.what.endswith(NOTE) for strip in self.window.notices.strips)  # one for a whole folder
        if NOTE in entry.info.notes and not told:
            self.window.notices.show_warning(f"“{entry.name}”: {NOTE}", tr("Look before you give this project away."))

    def _end_job(self, title: str) -> None:
        if self.window.job is not None and self.window.job.title == title:
            self.window.set_job(None)

    def _show_opening(self, done: int, total: int) -> None:
        if total > 1 and done < total:
            self.window.set_job(JobState("Opening images", done, total, cancellable=False))

    def _show_store(self, read_only: bool) -> None:
        state = StoreState("read-only") if read_only else StoreState("stored", time.time())
        self.window.status.show_store(state)


def main(paths: list[str], *, sample: bool = False, offscreen: str | None = None) -> int:
    """Run the program; with `offscreen`, render the window to that PNG once its work is done, and end."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("SegStudio")
    program = Program()
    _catch_bugs(program.window)
    program.signals = QuitSignals(program.close)
    program.start([Path(path) for path in paths], sample=sample)
    if os.environ.get("SEGSTUDIO_EXIT_AFTER_PAINT"):
        program.window.installEventFilter(_ExitAfterPaint(program.window))
    if offscreen:
        from segstudio.ui.shell.screenshot import picture_when_ready

        picture_when_ready(program.window, program.studio, Path(offscreen), app)
    app.lastWindowClosed.connect(program.shut_down)
    code = app.exec()
    program.shut_down()
    return code


class _ExitAfterPaint(QObject):
    """For `segstudio bench startup` and the test of what the first paint imports."""

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            os.write(1, "\n".join(sorted(sys.modules)).encode())
            os._exit(0)
        return False


def _catch_bugs(window: MainWindow) -> None:
    """An exception nobody expected is shown and logged; the window and the work in it go on.

    A UserError is shown as what it is. What fails again and again, as drawing does, has one strip.
    """
    told: list[str] = []

    def tell(problem: UserError) -> None:
        window.build_panels()
        shown = [strip.what for strip in window.notices.strips]
        if problem.what not in shown or told != [problem.sentence]:
            told[:] = [problem.sentence]
            window.notices.show_problem(problem)

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        if not isinstance(error, UserError):
            sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))
        problem = error if isinstance(error, UserError) else _bug(error, trace)
        QTimer.singleShot(0, window, lambda: tell(problem))  # no widget is made inside of whatever failed

    sys.excepthook = hook


def _bug(error: BaseException, trace: TracebackType | None) -> UserError:
    """What a strip says of an exception nobody expected."""
    where = traceback.extract_tb(trace)[-1] if trace else None
    place = f" ({Path(where.filename).name}, line {where.lineno})" if where else ""
    return UserError(
        "Something went wrong that should not have.",
        why=f"{type(error).__name__}{place}.",
        hint="Your work is stored. Please report this.",
    )
