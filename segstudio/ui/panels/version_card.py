"""What is known of a model version, and what it would change."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from segstudio.core.document import Version
from segstudio.ui.desk import Desk
from segstudio.ui.panels.reliability import ReliabilityPlot
from segstudio.ui.widgets.basics import column, label, row, rule, scrolled
from segstudio.ui.widgets.overlay_card import OverlayCard
from segstudio.ui.widgets.words import tr

MEASURES = (
    ("ece", "ECE", "Expected calibration error: how far confidence and accuracy are apart"),
    ("brier", "Brier", "Squared distance between probabilities and truth"),
    ("nll", "NLL", "Negative log likelihood of the truth"),
)


class VersionCard(OverlayCard):
    """The gate's verdict, how honest probabilities are, where the version got worse, and buttons."""

    def __init__(self, window: QWidget, version: Version, desk: Desk) -> None:
        super().__init__(window, 620)
        self._version, self._desk = version, desk
        self.worse: list[QPushButton] = []
        self.show_change = QPushButton(tr("Show what would change"))
        self.show_change.setToolTip(tr("Predict what is in view with this version and mark what differs"))
        self.show_change.clicked.connect(self._show_change)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.dismiss)
        parts = QVBoxLayout()
        title = label(f"v{version.number} · {version.architecture}", "heading", size=15)
        parts.addWidget(title)
        parts.addWidget(label(version.verdict, "muted", wrap=True))
        if not version.metrics.get("interval"):
            text = tr("No interval for the change: that needs three labelled regions that are held out.")
            parts.addWidget(label(text, "faint", wrap=True))
        parts.addWidget(rule())
        self._add_calibration(parts)
        parts.addWidget(rule())
        self._add_worse(parts)
        parts.setSpacing(10)
        buttons = row(self.show_change, 0, close)
        body = QWidget()
        body.setLayout(column(parts, 4, buttons, margins=(20, 18, 20, 16), gap=6))
        self.body.addWidget(body)
        close.setFocus()

    def _add_calibration(self, parts: QVBoxLayout) -> None:
        said: dict[str, Any] | None = self._version.metrics.get("calibration")
        if not said:
            text = tr("Its probabilities are not calibrated: that needs 500 labelled pixels that are held out.")
            parts.addWidget(label(text, "faint", wrap=True))
            return
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        for place, head in enumerate(("", tr("Before"), tr("After"))):
            grid.addWidget(label(head, "faint"), 0, place, Qt.AlignmentFlag.AlignRight)
        for line, (key, name, tip) in enumerate(MEASURES, start=1):
            grid.addWidget(title := label(name), line, 0)
            title.setToolTip(tr(tip))
            for place, when in enumerate(("before", "after"), start=1):
                grid.addWidget(label(f"{said[when][key]:.4f}"), line, place, Qt.AlignmentFlag.AlignRight)
        temperature = label(tr("Temperature {t:.2f}").format(t=said["temperature"]), "muted")
        heading = label(tr("How honest its probabilities are"), "heading")
        parts.addLayout(row(ReliabilityPlot(said), 12, column(heading, grid, temperature, 0), 0))

    def _add_worse(self, parts: QVBoxLayout) -> None:
        found = self._version.metrics.get("worse", [])
        if not found:
            parts.addWidget(label(tr("No held-out region got worse."), "faint", wrap=True))
            return
        parts.addWidget(label(tr("What it got worse on"), "heading"))
        lines = QVBoxLayout()
        lines.setSpacing(0)
        for one in found:
            lines.addWidget(self._line(one))
        area = scrolled(lines)
        area.setFixedHeight(min(150, 12 + 26 * len(found)))
        parts.addWidget(area)

    def _line(self, one: dict[str, Any]) -> QPushButton:
        text = tr("{place}: {name} {before:.2f} → {after:.2f}").format(
            place=one["name"],
            name=self._desk.session.classes.name(one["class_id"]),
            before=one["before"],
            after=one["after"],
        )
        button = QPushButton(text)
        button.setProperty("link", True)
        button.setToolTip(tr("Go there"))
        digest, box = str(one["digest"]), tuple(one["box"])
        button.clicked.connect(lambda: self._go(digest, box))
        self.worse.append(button)
        return button

    def _go(self, digest: str, box: tuple[int, int, int, int]) -> None:
        self.dismiss()
        self._desk.show_region(digest, box)

    def _show_change(self) -> None:
        self.dismiss()
        self._desk.studio.comparing.show(self._version.number)
