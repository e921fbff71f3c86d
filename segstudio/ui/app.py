"""Start the program: the application, the window, and the wires between window and studio."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np  # noqa: F401  before PySide6, which looks at every module imported after it
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from segstudio import settings as stored_settings
from segstudio.errors import UserError
from segstudio.ui import theme
from segstudio.ui.actions import Actions
from segstudio.ui.state import JobState, StoreState
from segstudio.ui.studio import Studio
from segstudio.ui.window import MainWindow

log = logging.getLogger(__name__)


class Program(QObject):
    """The running program: one studio and one window on it."""

    def __init__(self) -> None:
        super().__init__()
        settings, problems = stored_settings.load()
        self.studio = Studio(settings)
        self.window = MainWindow(self.studio.session, actions_of(self.studio, self.close))
        self.studio.visible_box = self.window.canvas.visible_box
        self._closed = False
        self._connect()
        for problem in problems:
            self.window.notices.show_problem(UserError(problem))

    def start(self, paths: list[Path], *, sample: bool = False) -> None:
        """Show the window, then open what was asked for; workers start after the first paint."""
        self.window.start_page.show_recent(_recent())
        self.window.resize(1280, 800)
        self.window.show()
        if sample:
            QTimer.singleShot(0, self.studio.open_sample)
        elif paths:
            QTimer.singleShot(0, lambda: self.studio.open_paths(paths))

    def close(self) -> None:
        """Close the window, store everything and end the workers."""
        self.window.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window is closing: everything is stored and the workers end, whoever closed it."""
        if watched is self.window and event.type() == QEvent.Type.Close and not self._closed:
            self._closed = True
            QTimer.singleShot(0, self.shut_down)
        return False

    def shut_down(self) -> None:
        """Store everything and end the workers."""
        self._closed = True
        self.studio.close()

    def _connect(self) -> None:
        studio, window = self.studio, self.window
        window.installEventFilter(self)
        studio.problem.connect(lambda error, text, run: window.notices.show_problem(error, text, run))
        studio.said.connect(window.say)
        studio.workers.device_known.connect(window.status.show_device)
        studio.training.changed.connect(window.set_training)
        studio.opening.thumbnail.connect(window.strip.set_thumbnail)
        studio.baselining.compared.connect(window.baselines.show_comparison)
        studio.predicting.started.connect(lambda title: window.set_job(JobState(title)))
        studio.predicting.progressed.connect(self._show_progress)
        studio.predicting.ended.connect(lambda _: window.set_job(None))
        studio.opening.progressed.connect(self._show_opening)
        studio.opening.finished.connect(lambda *_: window.set_job(None))
        studio.session.edited.connect(lambda _: window.status.show_store(StoreState("storing")))
        studio.projects.stored.connect(lambda when: window.status.show_store(StoreState("stored", when)))
        studio.projects.storing_failed.connect(
            lambda error: window.status.show_store(StoreState("failed", message=error.what))
        )
        studio.projects.opened.connect(lambda store: self._show_store(store.read_only))
        window.canvas.painting.connect(studio.training.painting)

    def _show_progress(self, done: int, total: int, note: str) -> None:
        job = self.window.job
        if job is not None:
            self.window.set_job(JobState(job.title, done, total, note))

    def _show_opening(self, done: int, total: int) -> None:
        if total > 1 and done < total:
            self.window.set_job(JobState("Opening images", done, total, cancellable=False))

    def _show_store(self, read_only: bool) -> None:
        state = StoreState("read-only") if read_only else StoreState("stored", time.time())
        self.window.status.show_store(state)


def actions_of(studio: Studio, quit: Callable[[], None]) -> Actions:
    """What the window may ask, wired to the controllers."""
    return Actions(
        open_files=studio.open_paths,
        open_folder=lambda path: studio.open_paths([path]),
        open_project=studio.open_project,
        new_project=studio.new_project,
        open_sample=studio.open_sample,
        save_copy=studio.save_copy,
        export_masks=studio.export_masks,
        show_image=studio.opening.show,
        next_image=studio.opening.step,
        most_useful_image=studio.next_useful,
        predict=lambda view_only: studio.predict(view_only=view_only),
        cancel_jobs=studio.cancel_jobs,
        train_or_pause=studio.training.train_or_pause,
        stop_training=studio.training.stop,
        accept_or_roll_back=studio.accept_or_roll_back,
        use_version=studio.use_version,
        accept_prediction=studio.accept_prediction,
        run_baseline=studio.run_baseline,
        quit=quit,
    )


def main(paths: list[str], *, sample: bool = False, offscreen: str | None = None) -> int:
    """Run the program; with `offscreen`, render the window to that PNG once its work is done, and end."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("SegStudio")
    program = Program()
    theme.apply(app, program.studio.settings.theme)
    _catch_bugs(program.window)
    program.start([Path(path) for path in paths], sample=sample)
    if os.environ.get("SEGSTUDIO_EXIT_AFTER_PAINT"):
        program.window.installEventFilter(_ExitAfterPaint(program.window))
    if offscreen:
        from segstudio.ui.picture import picture_when_ready

        picture_when_ready(program, Path(offscreen), app)
    app.lastWindowClosed.connect(program.shut_down)
    code = app.exec()
    program.shut_down()
    return code


class _ExitAfterPaint(QObject):
    """For `segstudio bench startup` and the test of what the first paint imports."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            os.write(1, "\n".join(sorted(sys.modules)).encode())
            os._exit(0)
        return False


def _recent() -> list[Path]:
    from segstudio.ui.projects import recent

    return recent()


def _catch_bugs(window: MainWindow) -> None:
    """An exception nobody expected is shown and logged; the window and the work in it go on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Any:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(text)
        where = traceback.extract_tb(trace)[-1] if trace else None
        place = f" ({Path(where.filename).name}, line {where.lineno})" if where else ""
        window.notices.show_problem(
            UserError(
                "Something went wrong that should not have.",
                why=f"{kind.__name__}{place}.",
                hint="Your work is stored. Please report this.",
            )
        )

    sys.excepthook = hook
