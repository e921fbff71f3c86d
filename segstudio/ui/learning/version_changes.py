"""What a model version would change: its prediction of what is seen against the one that is shown."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from segstudio.core.codes import NOTHING, UNSET, Origin
from segstudio.core.document import Version
from segstudio.core.geometry import Box
from segstudio.core.proposal import Proposal
from segstudio.ui.learning.predicting import Predicting, Trial, seen_tiles
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.worker.messages import BoxTuple


class VersionChanges(QObject):
    """Asks a version and proposes the pixels where it says another class; nothing is stored but by Apply."""

    def __init__(self, session: Session, predicting: Predicting) -> None:
        super().__init__(predicting)
        self._session, self._predicting = session, predicting

    def show(self, number: int = 0) -> None:
        """Show what a version would change in what is seen; 0: the one that waits, or the champion's parent."""
        document = self._session.document
        version = document.versions.get(number, document.other_version) if document else None
        if version is None:
            self._session.message.emit("There is no other model version to compare with.")
        else:
            self.compare(version, seen_tiles(self._session))

    def compare(self, version: Version, visible: BoxTuple | None) -> None:
        """Show what `version` would change in the visible box of the shown slice."""
        session = self._session
        project = session.project
        if project is None or session.image is None or visible is None:
            session.refuse("Nothing of an image is seen.")
            return
        seen = Box(session.slice, *visible).clip(session.shape)
        keys = session.layer.prediction.keys()
        if not any(not Box.of_tile(key).intersect(seen).empty for key in keys if key[0] == seen.z):
            session.refuse("There is no prediction here to compare with: predict first (P).")
            return
        trial = Trial(version, seen.z, lambda *said: self._propose(project, *said))
        self._predicting.try_out(project, session.image, session.active_layer, visible, trial)

    def _propose(self, project: OpenProject, image: int, layer_id: int, trial: Trial) -> None:
        session = self._session
        if project is not session.project or session.image is None or session.image.id != image or not trial.blocks:
            return
        layer = project.document.layer(image, layer_id)
        boxes = [Box(trial.z, top, left, top + c.shape[0], left + c.shape[1]) for top, left, c in trial.blocks]
        box = boxes[0]
        for other in boxes[1:]:
            box = box.union(other)
        wanted = np.full((1, box.height, box.width), NOTHING, np.uint8)
        for part, (_, _, classes) in zip(boxes, trial.blocks, strict=True):
            shown = layer.prediction.read(part)
            differs = (shown != NOTHING) & (classes != shown) & (layer.annotation.read(part) == UNSET)
            inside = np.s_[0, part.top - box.top : part.bottom - box.top, part.left - box.left : part.right - box.left]
            wanted[inside] = np.where(differs, classes, np.uint8(NOTHING))
        share = (wanted != NOTHING).sum() / max(1, wanted.size)
        title = f"What v{trial.version.number} would change"
        note = f"{share:.1%} of what is in view"
        session.proposals.propose(Proposal(title, "compare", Origin.ACCEPTED, image, layer_id, box, wanted, note))
