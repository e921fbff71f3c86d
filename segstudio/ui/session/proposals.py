"""Proposals: what is shown over the image before it is written, and its way through the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import Origin
from segstudio.core.geometry import Box

if TYPE_CHECKING:
    from segstudio.core.history import Edit
    from segstudio.core.proposal import Proposal
    from segstudio.ui.session.session import Session


class Proposals:
    """The one proposal that is shown, or None. The session's `proposal_changed` tells of another one."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shown: Proposal | None = None

    def propose(self, proposal: Proposal) -> None:
        """Show a proposal over the image in place of the one before, with what it would change."""
        session = self._session
        if session.document is None:
            return
        from segstudio.core.proposal import settled  # with all it needs, after the first paint

        known = session.document.images.get(proposal.image)
        layer = next((layer for layer in known.layers if layer.id == proposal.layer), None) if known else None
        if layer is None:
            return  # it was removed while a job ran
        if session.selection is not None and session.image is known:
            proposal = replace(proposal, wanted=session.selection.kept(proposal.wanted, proposal.box))
        self.shown = settled(proposal, layer, session.classes)
        session.proposal_changed.emit()

    def offer(
        self, title: str, tool: str, z: int, top: int, left: int, classes: NDArray[np.uint8], *, note: str = ""
    ) -> None:
        """Show a proposal for the active layer; `classes` is (rows, columns) or (slices, rows, columns)."""
        image = self._session.image
        if image is not None:
            from segstudio.core.proposal import Proposal

            rows, columns = classes.shape[-2:]
            box = Box(z, top, left, top + rows, left + columns)
            self.propose(Proposal(title, tool, Origin.TOOL, image.id, self._session.active_layer, box, classes, note))

    def protect_painted(self, on: bool) -> None:
        """Whether the shown proposal leaves pixels alone that a person painted."""
        if self.shown is not None:
            self.propose(replace(self.shown, protect=on))

    def discard(self) -> None:
        """Show no proposal any more."""
        if self.shown is not None:
            self.shown = None
            self._session.proposal_changed.emit()

    def keep_known(self) -> None:
        """Classes went: a proposal that wants one of them is of no use."""
        if self.shown is not None and not self.shown.known(self._session.classes):
            self.discard()

    def accept(self) -> Edit | None:
        """Write the shown proposal through the gate as one undo step."""
        proposal, self.shown = self.shown, None
        document = self._session.document
        if proposal is None or document is None:
            return None
        from segstudio.core.proposal import write

        what = proposal.image, proposal.layer, proposal.title
        writer = document.begin_edit(*what, tool=proposal.tool, origin=proposal.origin, seen=True)
        write(proposal, writer)
        self._session.proposal_changed.emit()
        return self._session.editing.finish(writer)
