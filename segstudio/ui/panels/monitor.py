"""The model monitor: what the model is doing, how good it is, and where it came from."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.document import Version
from segstudio.ui.desk import Desk
from segstudio.ui.panels.chart import Chart, Curve
from segstudio.ui.panels.version_card import VersionCard
from segstudio.ui.session.progress_state import TrainingState
from segstudio.ui.widgets.basics import clear, column, label, row, scrolled, set_property
from segstudio.ui.widgets.words import age, share, tr

PHASES = {
    "idle": "Ready to learn",
    "waiting": "Waiting for the trainer",
    "preparing": "Preparing",
    "training": "Training",
    "paused": "Paused",
    "evaluating": "Scoring",
    "failed": "Training failed",
}
STATUSES = {"champion": "in use", "retired": "", "rejected": "not better", "waiting": "waits for you"}


class MonitorPanel(QWidget):
    """State and buttons, two charts, and scores and versions in tabs."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        session = self._session = desk.session
        self.state = TrainingState()
        self._unsubscribe: Callable[[], None] = lambda: None
        self.sentence, self.message = label("", "heading", size=13), label("", "muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.train, self.stop = QPushButton(tr("Train")), QPushButton(tr("Stop"))
        self.train.setToolTip(tr("Learn from your corrections; again to pause (Ctrl+T)"))
        self.stop.setToolTip(tr("End the training and keep the best so far"))
        self.loss = Chart(tr("Loss"))
        self.score = Chart(tr("Dice"), low=0.0, high=1.0)
        self.score.setToolTip(
            tr("Mean Dice on pixels that are never trained on: the model in use (dashed) and the new one")
        )
        self.per_class, self.versions = PerClass(), Versions(desk)
        self._lay_out()
        self.train.clicked.connect(lambda: desk.studio.training.train_or_pause())
        self.stop.clicked.connect(lambda: desk.studio.training.stop())
        session.document_changed.connect(self._on_document)
        session.edited.connect(lambda _: self._show_sentence())
        self._on_document()

    def sizeHint(self) -> QSize:
        return QSize(620, 168)

    def set_state(self, state: TrainingState) -> None:
        """Show the trainer's state; called for every step."""
        self.state = state
        self._show_sentence()
        self.message.setText(state.message)
        self.bar.setVisible(state.running)
        self.bar.setRange(0, state.total if state.step else 0)
        self.bar.setValue(state.step)
        self.train.setText({"training": tr("Pause"), "paused": tr("Continue")}.get(state.phase, tr("Train")))
        set_property(self.train, "primary", not state.running or state.phase == "paused")
        can_train = self._session.document is not None and not self._session.read_only
        self.train.setEnabled(can_train and state.phase not in ("preparing", "waiting", "evaluating"))
        self.stop.setEnabled(state.running)
        self.loss.show_curves([Curve("", "accent", state.loss_curve)])
        champion = tuple((step, c) for step, c, _ in state.score_curve if c is not None)
        challenger = tuple((step, c) for step, _, c in state.score_curve if c is not None)
        in_use = f"v{state.champion}" if state.champion else tr("in use")
        self.score.show_curves([Curve(in_use, "muted", champion, dashed=True), Curve(tr("new"), "good", challenger)])
        self.per_class.show_scores(state.per_class)

    def refresh_versions(self) -> None:
        """Follow the versions of the project."""
        document = self._session.document
        versions = sorted(document.versions.values(), key=lambda v: -v.number) if document else []
        self.versions.show_versions(versions, read_only=self._session.read_only)
        self._show_sentence()

    def _lay_out(self) -> None:
        left = QWidget()
        left.setFixedWidth(164)
        left.setLayout(
            column(
                self.sentence, self.message, 0, self.bar, row(self.train, self.stop, gap=6),
                margins=(0, 0, 6, 0), gap=6,
            )
        )  # fmt: skip
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.per_class, tr("Per class"))
        self.tabs.addTab(self.versions, tr("Versions"))
        self.tabs.setMinimumWidth(222)
        box = QHBoxLayout(self)
        box.setContentsMargins(12, 4, 8, 10)
        box.setSpacing(14)
        box.addWidget(left)
        box.addWidget(self.loss, 3)
        box.addWidget(self.score, 3)
        box.addWidget(self.tabs, 2)

    def _on_document(self) -> None:
        self._unsubscribe()
        document = self._session.document
        self._unsubscribe = (
            document.versions_changed.connect(lambda _: self.refresh_versions()) if document else lambda: None
        )
        self.refresh_versions()
        self.set_state(self.state)

    def _show_sentence(self) -> None:
        state = self.state
        text = tr(PHASES[state.phase])
        if state.phase in ("training", "paused") and state.total:
            text += f"  {state.step} / {state.total}"
        document = self._session.document
        if state.phase == "idle" and document is not None and document.champion is None:
            text = tr("No model yet")
        self.sentence.setText(text)
        if state.phase == "idle" and not state.message:
            self.message.setText(self._advice())

    def _advice(self) -> str:
        """What to do next, when the trainer has nothing to say."""
        document = self._session.document
        if document is None:
            return tr("Open an image to begin.")
        champion = document.champion
        if champion is None:
            return tr("Paint a few strokes of each class, then train.")
        return tr("Model v{n} is in use. Correct what it got wrong, then train.").format(n=champion.number)


class PerClass(QWidget):
    """Dice of each class: the model in use, the new one, and the difference."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        self.setLayout(column(scrolled(self._grid), gap=0))
        self._shown: object = None
        self.show_scores(())

    def show_scores(self, scores: tuple[tuple[str, float | None, float | None], ...]) -> None:
        if scores == self._shown:
            return
        self._shown = scores
        clear(self._grid)
        right = Qt.AlignmentFlag.AlignRight
        if not scores:
            text = tr("Scores on pixels the trainer never sees appear here.")
            self._grid.addWidget(label(text, "faint", wrap=True), 0, 0)
            return
        for place, head in enumerate((tr("Dice"), tr("In use"), tr("New"), "")):
            self._grid.addWidget(label(head, "faint"), 0, place, right if place else Qt.AlignmentFlag.AlignLeft)
        for line, (name, champion, challenger) in enumerate(scores, start=1):
            self._grid.addWidget(label(name), line, 0)
            self._grid.addWidget(label(share(champion), "muted"), line, 1, right)
            self._grid.addWidget(label(share(challenger)), line, 2, right)
            gain = challenger - champion if champion is not None and challenger is not None else None
            text = "" if gain is None else f"{gain:+.3f}"
            self._grid.addWidget(label(text, "muted"), line, 3, right)


class Versions(QWidget):
    """Every model version with its parent and what the gate said of it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self.buttons: dict[int, QPushButton] = {}
        self.names: dict[int, QPushButton] = {}
        self.setLayout(column(scrolled(self._list), gap=0))

    def show_versions(self, versions: list[Version], *, read_only: bool = False) -> None:
        clear(self._list)
        self.buttons, self.names = {}, {}
        if not versions:
            self._list.addWidget(label(tr("Each training makes a version; all are kept."), "faint", wrap=True))
        for version in versions:
            self._list.addWidget(self._line(version, read_only))

    def _line(self, version: Version, read_only: bool) -> QFrame:
        made = QFrame()
        made.setObjectName("row")
        made.setProperty("active", version.status == "champion")
        made.setToolTip(_story(version))
        came_from = f"← v{version.parent}" if version.parent else ""
        number = self.names[version.number] = QPushButton(f"v{version.number}")
        number.setProperty("link", True)
        number.setToolTip(tr("What is known of this version, and what it would change"))
        number.clicked.connect(lambda _=False, version=version: self.open_card(version))
        status = label(tr(STATUSES[version.status]), "muted")
        texts = row(number, label(came_from, "muted"), status, 0, gap=7)
        if version.status in ("retired", "waiting") and not read_only:
            words = tr("Use") if version.status == "waiting" else tr("Roll back")
            button = QPushButton(words)
            button.setProperty("link", True)
            button.clicked.connect(lambda _=False, number=version.number: self._desk.studio.training.use(number))
            texts.addWidget(button)
            self.buttons[version.number] = button
        else:
            texts.addWidget(label(age(time.time() - version.created), "muted"))
        texts.setContentsMargins(6, 2, 6, 2)
        made.setLayout(texts)
        return made

    def open_card(self, version: Version) -> VersionCard:
        """Tell everything that is known of a version."""
        card = VersionCard(self.window(), version, self._desk)
        card.open()
        return card


def _story(version: Version) -> str:
    """What is known of a version, for its tool tip."""
    lines = [f"v{version.number} · {version.architecture}", version.verdict]
    steps, seconds = version.metrics.get("steps"), version.metrics.get("seconds")
    if steps:
        lines.append(tr("{steps} steps in {seconds:.0f} s").format(steps=steps, seconds=seconds or 0))
    if version.digest:
        lines.append(f"sha256 {version.digest[:12]}")
    return "\n".join(line for line in lines if line)
