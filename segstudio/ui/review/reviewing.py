"""Guiding: takes the user from region to region, the most worthwhile first, and counts what needed no correction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.core.document import ImageEntry
from segstudio.core.geometry import Box
from segstudio.core.guidance import wilson
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer
from segstudio.core.suggestions import Suggestion, suggest
from segstudio.ui.learning.predicting import accept_prediction
from segstudio.ui.session.session import Session

ENOUGH = 10
"""Regions to check before anything is said about stopping."""

GOOD = 0.8
"""Share of regions that need no correction of which one can be sure (95 %) before stopping is suggested."""


@dataclass(slots=True)
class ReviewStop:
    """A region that is being looked at, or was: the image it lies in, and whether it needed a correction."""

    image: int
    region: Suggestion
    corrected: bool = False
    judged: bool = False


class Reviewing(QObject):
    """A walk over regions worth a look, in the shown image or, with a time limit, in all predicted images.

    After each region the rest is ranked anew, so that what was just learnt counts. A region that is left without a
    correction counts as right. The regions are those the model is least sure of: the share that is right there is
    no estimate for the whole image, but rather a lower bound of it.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.show_image: Callable[[int], None] = lambda image: None
        self._stops: list[ReviewStop] = []
        self._place = -1
        self.checked = self.right = 0
        self.ends = 0.0
        """Moment at which the time is over (time.monotonic), 0 without a limit."""
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tick)
        session.edited.connect(self._on_edit)
        session.document_changed.connect(self.stop)
        session.image_changed.connect(self._on_image)

    @property
    def stop_now(self) -> ReviewStop | None:
        """The region that is looked at."""
        return self._stops[self._place] if 0 <= self._place < len(self._stops) else None

    @property
    def box(self) -> Box | None:
        """Where it lies, if it lies in the shown slice."""
        now, session = self.stop_now, self._session
        here = now is not None and session.image is not None and now.image == session.image.id
        return now.region.box if now is not None and here and now.region.box.z == session.slice else None

    @property
    def seconds_left(self) -> int | None:
        """Until the time is over; None without a limit."""
        return max(0, round(self.ends - time.monotonic())) if self.ends else None

    @property
    def verdict(self) -> str:
        """How many regions needed no correction, with the 95 % interval, and whether that is enough."""
        if not self.checked:
            return ""
        low, high = wilson(self.right, self.checked)
        told = f"{self.right} of {self.checked} needed no correction ({low:.0%}–{high:.0%})"
        return f"{told}. You may well stop here." if self.checked >= ENOUGH and low >= GOOD else told

    def begin(self, minutes: float) -> None:
        """Go through all predicted images until the time is over."""
        self.stop()
        self.ends = time.monotonic() + 60 * minutes
        self._clock.start()
        self.next()

    def stop(self) -> None:
        """Leave the walk; what was counted is forgotten."""
        self._clock.stop()
        self._stops, self._place, self.ends = [], -1, 0.0
        self.checked = self.right = 0
        self.changed.emit()

    def next(self) -> None:
        """Judge the region that is left, and go to the next best one."""
        self._judge()
        if self._place + 1 < len(self._stops):
            self._go(self._place + 1)
            return
        found = self._best()
        if found is None:
            self._session.message.emit(self._nothing_left())
            self.stop()
            return
        self._stops.append(found)
        self._go(len(self._stops) - 1)

    def previous(self) -> None:
        """Back to the region before."""
        if self._place > 0:
            self._go(self._place - 1)

    def accept(self) -> None:
        """The region is right: make its prediction part of the annotation, and go on."""
        box = self.box
        if box is None:
            return
        if why := self._session.why_not_editable():
            self._session.refuse(why)
            return
        now = self.stop_now
        corrected = now.corrected if now else False
        accept_prediction(self._session, box)
        if now is not None:
            now.corrected = corrected  # accepting is an edit, but no correction
        self.next()

    # --- inside ---------------------------------------------------------------------------------------------

    def _go(self, place: int) -> None:
        self._place = place
        now = self._stops[place]
        if self._session.image is None or self._session.image.id != now.image:
            self.show_image(now.image)  # shown as soon as its pixels are there
        else:
            self._session.set_slice(now.region.box.z)
        self.changed.emit()

    def _on_image(self) -> None:
        """Another image came: the one the walk goes to, or one that the user chose, which ends a walk in one image."""
        now, image = self.stop_now, self._session.image
        if now is None or image is None:
            return
        if now.image == image.id:
            self._session.set_slice(now.region.box.z)
            self.changed.emit()
        elif not self.ends:
            self.stop()

    def _judge(self) -> None:
        now = self.stop_now
        if now is not None and not now.judged:
            now.judged = True
            self.checked += 1
            self.right += not now.corrected

    def _on_edit(self, edit: Edit) -> None:
        now = self.stop_now
        if now is not None and edit.image == now.image and not edit.box.intersect(now.region.box).empty:
            now.corrected = True

    def _tick(self) -> None:
        if self.seconds_left == 0:
            said = self.verdict
            self.stop()
            self._session.message.emit(f"The time is over. {said}." if said else "The time is over.")
        else:
            self.changed.emit()

    def _best(self) -> ReviewStop | None:
        """The next region of the shown image, or with a time limit of the image whose regions are doubted most."""
        session = self._session
        if session.document is None or session.image is None:
            return None
        if not self.ends:
            return self._best_of(session.image)
        entries = [
            session.image,
            *(e for e in session.document.images.values() if e is not session.image and not e.done),
        ]
        turn = len(self._stops) % len(entries)
        for entry in entries[turn:] + entries[:turn]:
            if (found := self._best_of(entry)) is not None:
                return found
        return None

    def _best_of(self, entry: ImageEntry) -> ReviewStop | None:
        session, document = self._session, self._session.document
        layer = next((one for one in entry.layers if one.id == session.active_layer), None)
        if layer is None or document is None:
            return None
        known = {stop.region.box for stop in self._stops if stop.image == entry.id}
        edits = [edit for edit in document.history.edits if edit.image == entry.id and edit.layer == layer.id]
        here = entry is session.image
        read = session.read_pixels if here else lambda box: None
        slices = [session.slice] if here else _predicted(layer)
        count = max((c.id for c in document.classes), default=0) + 1
        found = suggest(layer, slices, count, read, edits=edits, seen=known)
        return ReviewStop(entry.id, found[0]) if found else None

    def _nothing_left(self) -> str:
        if not self._stops:
            return "Nothing is predicted here yet: predict first (P)."
        said = self.verdict
        return f"All regions were looked at: {said}." if said else "All regions were looked at."


def _predicted(layer: MaskLayer) -> list[int]:
    """The slice of a layer with most predicted tiles."""
    slices = [key[0] for key in layer.prediction.keys()]  # noqa: SIM118  a Plane is no dict
    return [max(set(slices), key=slices.count)] if slices else []
