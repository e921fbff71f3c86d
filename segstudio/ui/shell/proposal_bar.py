"""What the shown proposal would change, over the canvas: to be applied, narrowed down or dropped."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QPushButton

from segstudio.core.proposal import Proposal
from segstudio.ui.panels.rows import Chip
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.basics import clear, label, row, rule
from segstudio.ui.widgets.words import count, tr

SHOWN = 4
"""Classes whose gain or loss is shown; the others are summed up."""


class ProposalBar(QFrame):
    """One line: the proposal's title, pixels won and lost by class, what is protected, and the two buttons."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("proposalBar")
        self._session = session
        self.title, self.note = label("", "heading"), label("", "muted")
        self._changes = QHBoxLayout()
        self._said: list[str] = []
        self._changes.setSpacing(6)
        self.painted = QCheckBox()
        self.painted.setToolTip(tr("Pixels that a person painted are left alone unless this is ticked"))
        self.painted.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.discard, self.apply = QPushButton(tr("Discard")), QPushButton(tr("Apply"))
        self.apply.setProperty("primary", True)
        self.apply.setToolTip(tr("Write it, as one step to undo (Enter)"))
        self.discard.setToolTip(tr("Take the preview away (Esc)"))
        for button in (self.discard, self.apply):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys stay with the canvas
        self.setLayout(
            row(
                self.title, self._changes, self.note, self.painted, rule(vertical=True), self.discard, self.apply,
                margins=(14, 7, 8, 7), gap=12,
            )
        )  # fmt: skip
        self.painted.clicked.connect(lambda on: session.proposals.protect_painted(not on))
        self.discard.clicked.connect(session.proposals.discard)
        self.apply.clicked.connect(self._apply)
        session.proposal_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the session's proposal, or nothing."""
        proposal = self._session.proposal
        self.setVisible(proposal is not None)
        if proposal is None:
            return
        impact = proposal.impact
        self.title.setText(tr(proposal.title))
        self._show_changes(proposal)
        self.note.setText(self._note(proposal))
        self.note.setVisible(bool(self.note.text()))
        self.painted.setVisible(impact.painted > 0 or not proposal.protect)
        text = tr("Also {n} painted px") if proposal.protect else tr("Also painted px")
        self.painted.setText(text.format(n=count(impact.painted)))
        self.painted.setChecked(not proposal.protect)
        self.apply.setEnabled(impact.changed > 0)
        self.adjustSize()

    def changes(self) -> list[str]:
        """What is said about each class, as text."""
        return list(self._said)

    def _show_changes(self, proposal: Proposal) -> None:
        clear(self._changes)
        self._said = []
        gained, lost = proposal.impact.gained, proposal.impact.lost
        ids = sorted({*gained, *lost} - {255}, key=lambda c: -max(gained.get(c, 0), lost.get(c, 0)))
        for class_id in ids[:SHOWN]:
            parts = [f"+{count(gained[class_id])}"] if class_id in gained else []
            parts += [f"−{count(lost[class_id])}"] if class_id in lost else []
            self._add(class_id, " ".join(parts))
        if len(ids) > SHOWN:
            self._changes.addWidget(label(tr("and {n} more").format(n=len(ids) - SHOWN), "muted"))
        if not ids:
            self._changes.addWidget(label(tr("changes nothing"), "muted"))

    def _add(self, class_id: int, text: str) -> None:
        classes = self._session.classes
        chip = Chip(11)
        chip.show_color(classes[class_id].color if class_id in classes else "")
        name = classes.name(class_id)
        self._said.append(f"{text} {name}")
        self._changes.addWidget(chip)
        self._changes.addWidget(label(self._said[-1]))
        self._changes.addSpacing(6)

    def _note(self, proposal: Proposal) -> str:
        impact, parts = proposal.impact, []
        if proposal.note:
            parts.append(tr(proposal.note))
        if impact.slices > 1:
            parts.append(tr("in {n} slices").format(n=impact.slices))
        if impact.locked:
            parts.append(tr("{n} px of locked or hidden classes stay").format(n=count(impact.locked)))
        if impact.unknown:
            parts.append(tr("{n} px are of classes that the project does not have").format(n=count(impact.unknown)))
        return " · ".join(parts)

    def _apply(self) -> None:
        if why := self._session.why_not_editable():
            self._session.blocked.emit(why)
        else:
            self._session.proposals.accept()
