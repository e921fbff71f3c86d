"""Strips at the top of the canvas: what failed, and why painting does nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.ui.session.session import Session
from segstudio.ui.widgets import icons, theme
from segstudio.ui.widgets.basics import discard, label, small_button
from segstudio.ui.widgets.words import tr

Kind = Literal["error", "warning", "info"]
KEPT = 3
"""Strips shown at a time; the oldest goes."""


class Problem(Protocol):
    """Anything with what, why and hint: a UserError, or a worker's Failed."""

    @property
    def what(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def hint(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Lift:
    """What would make painting possible again: the words on the button and the deed."""

    text: str
    run: Callable[[], object]


class Notice(QFrame):
    """One strip: an icon, what happened, why and what to do, perhaps a button, and a cross."""

    closed = Signal()

    def __init__(
        self,
        kind: Kind,
        what: str,
        why: str = "",
        hint: str = "",
        action: str = "",
        run: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("kind", kind)
        self.what = what
        self._dismissed = False
        sign = QLabel()
        name, tint = {"error": ("error", "bad"), "warning": ("warning", "warn"), "info": ("info", "accent")}[kind]
        sign.setPixmap(icons.pixmap(name, getattr(theme.current(), tint), 18, self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(label(what, "heading" if why or hint else "", wrap=True))
        if rest := " ".join(part for part in (why, hint) if part):
            words.addWidget(label(rest, "muted", wrap=True))
        box = QHBoxLayout(self)
        box.setContentsMargins(12, 7, 8, 7)
        box.setSpacing(10)
        box.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop if why or hint else Qt.AlignmentFlag.AlignVCenter)
        box.addLayout(words, 1)
        self.button: QPushButton | None = None
        if action and run is not None:
            self.button = QPushButton(action)
            self.button.clicked.connect(self.dismiss)
            self.button.clicked.connect(lambda: run())
            box.addWidget(self.button)
        box.addWidget(small_button("close", tr("Close"), self.dismiss), 0, Qt.AlignmentFlag.AlignVCenter)

    def dismiss(self) -> None:
        """Close the strip; only the first call does anything."""
        if not self._dismissed:
            self._dismissed = True
            self.closed.emit()
            discard(self)


class Notices(QWidget):
    """The strips over the canvas, newest last, and one banner for painting that does nothing."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._strips: list[Notice] = []  # the layout is never asked for its items (docs/decisions/0011)
        self._banner: Notice | None = None
        self.hide()
        session.blocked.connect(lambda why: self.show_banner(why))
        session.edited.connect(lambda _: self.clear_banner())
        session.image_changed.connect(self.clear_banner)

    @property
    def strips(self) -> list[Notice]:
        """The strips that are shown, oldest first."""
        return list(self._strips)

    @property
    def banner(self) -> Notice | None:
        """The banner if it is shown."""
        return self._banner if self._banner in self.strips else None

    def show_problem(self, problem: Problem, action: str = "", run: Callable[[], object] | None = None) -> Notice:
        """Show what failed; the same sentence is not shown twice."""
        for old in self.strips:
            if old.what == problem.what:
                old.dismiss()
        strips = [strip for strip in self.strips if strip is not self.banner]
        for old in strips[: max(0, len(strips) - KEPT + 1)]:
            old.dismiss()
        return self._add(Notice("error", problem.what, problem.why, problem.hint, action, run))

    def show_warning(self, what: str, why: str) -> Notice:
        """Tell what the user should be careful about."""
        return self._add(Notice("warning", what, why))

    def show_banner(self, why: str, lift: Lift | None = None) -> None:
        """Say why something did nothing, with what lifts it: `lift`, or what would let one paint again, if anything."""
        self.clear_banner()
        lift = lift or lift_for(self._session)
        self._banner = self._add(
            Notice("warning", why, action=lift.text if lift else "", run=lift.run if lift else None)
        )

    def clear_banner(self) -> None:
        if self.banner is not None:
            self.banner.dismiss()
        self._banner = None

    def clear(self) -> None:
        """Take all strips away (another project is opened)."""
        for strip in self.strips:
            strip.dismiss()

    def _remove(self, notice: Notice) -> None:
        self._strips.remove(notice)
        self._box.removeWidget(notice)
        self.setVisible(bool(self._strips))

    def _add(self, notice: Notice) -> Notice:
        self._strips.append(notice)
        self._box.addWidget(notice)
        notice.closed.connect(lambda: self._remove(notice))
        self.show()
        return notice


def lift_for(session: Session) -> Lift | None:
    """What would let the user paint again, or None if only another project or image would.

    Follows `Session.why_not_editable`; a lock shows only when the brush meets it, so it comes last.
    """
    if session.document is None or session.image is None or session.pixels is None or session.read_only:
        return None
    layer, classes = session.layer, session.document.classes
    if not session.display.masks_visible:
        return Lift(tr("Show masks"), lambda: session.set_display(masks_visible=True))
    if not layer.visible:
        return Lift(tr("Show layer"), lambda: session.set_layer(layer.id, visible=True))
    chosen = next((entry for entry in classes if entry.id == session.active_class), None)
    if chosen and not chosen.visible:
        return Lift(tr("Show class"), lambda: classes.change(chosen.id, visible=True))
    if chosen and chosen.locked:
        return Lift(tr("Unlock “{name}”").format(name=chosen.name), lambda: classes.change(chosen.id, locked=False))
    locked = [entry for entry in classes if entry.locked]
    if len(locked) == 1:
        name = locked[0].name
        return Lift(tr("Unlock “{name}”").format(name=name), lambda: classes.change(locked[0].id, locked=False))
    if locked:
        return Lift(tr("Unlock all classes"), lambda: [classes.change(entry.id, locked=False) for entry in locked])
    return None
