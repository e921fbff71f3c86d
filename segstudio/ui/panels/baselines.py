"""Classical methods: choose one, see it live, apply it, and compare it with the network."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from segstudio.classical.registry import METHODS
from segstudio.core.parameters import Parameter, fit
from segstudio.ui.desk import Desk
from segstudio.ui.methods.classical_methods import Comparison
from segstudio.ui.panels.method import MethodPanel
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.basics import clear, label, rule
from segstudio.ui.widgets.words import share, tr


class BaselinesPanel(MethodPanel):
    """Classical methods, with a score beside the network's."""

    def __init__(self, desk: Desk) -> None:
        session = desk.session
        self._desk, self.scores = desk, Scores(session)
        tip = tr("Paint the result where nobody has painted, as one step to undo (Enter)")
        super().__init__(session, METHODS, tip, (2, rule(), self.scores))
        session.slice_changed.connect(lambda _: self.show_comparison(None))
        session.image_changed.connect(lambda: self.show_comparison(None))

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show how well the method and the network fit the annotation."""
        self.scores.show_comparison(comparison)

    def parameters(self) -> list[Parameter]:
        """The options of the chosen method, those in image values with the image's own range."""
        found, image = super().parameters(), self._session.image
        return fit(found, *self._session.value_range) if image is not None and image.info.ranges else found

    def ask(self, *, preview: bool) -> None:
        """Run the chosen method."""
        self._desk.studio.baselining.run(self.method_id, self.form.values(), preview=preview)


class Scores(QWidget):
    """A small table: Dice and IoU of each class, for the method and for the network."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._empty = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        self.show_comparison(None)

    def show_comparison(self, comparison: Comparison | None) -> None:
        if comparison is None and self._empty:
            return
        self._empty = comparison is None
        clear(self._grid)
        if comparison is None or not comparison.pixels or self._session.document is None:
            text = tr("Once something is annotated, the score against it appears here, beside the network's.")
            self._grid.addWidget(label(text, "faint", wrap=True), 0, 0, 1, 5)
            return
        right = Qt.AlignmentFlag.AlignRight
        against = tr("Against {n} annotated px").format(n=f"{comparison.pixels:,}")
        self._grid.addWidget(label(against, "muted"), 0, 0, 1, 5)
        heads = ("", tr("Dice"), tr("IoU"), tr("Net Dice"), tr("Net IoU"))
        for place, text in enumerate(heads):
            self._grid.addWidget(label(text, "faint"), 1, place, right)
        for line, (class_id, dice) in enumerate(comparison.baseline.items(), start=2):
            network = comparison.network.get(class_id)
            if dice is None and network is None:
                continue
            name = self._session.document.classes.name(class_id)
            self._grid.addWidget(label(name), line, 0)
            for place, number in enumerate((dice, iou(dice), network, iou(network)), start=1):
                better = place in (1, 3) and number is not None and number >= max(dice or 0, network or 0)
                self._grid.addWidget(label(share(number), "heading" if better else "muted"), line, place, right)


def iou(dice: float | None) -> float | None:
    """IoU of one class from its Dice on the same pixels: the two are one number in two scales."""
    return None if dice is None else dice / (2 - dice)
