"""The editor: the views, the options of the active tool above them, and what lies over them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from segstudio.tools.candidates import Candidates
from segstudio.ui.canvas.views import Views
from segstudio.ui.panels.tool_options import ToolOptions
from segstudio.ui.review.review_bar import ReviewBar, ReviewMark
from segstudio.ui.review.reviewing import Reviewing
from segstudio.ui.session.session import Session
from segstudio.ui.shell.pointer_readout import PointerReadout
from segstudio.ui.shell.proposal_bar import ProposalBar
from segstudio.ui.shell.status_bar import StatusBar
from segstudio.ui.widgets.basics import column
from segstudio.ui.widgets.notices import Notices


class Editor(QWidget):
    """What takes the place of the start page once something is open."""

    def __init__(self, session: Session, status: StatusBar) -> None:
        super().__init__()
        self.views, self.notices, self.tool_options = Views(session), Notices(session), ToolOptions(session)
        self.candidates, self.proposal_bar = Candidates(session), ProposalBar(session)
        self.guiding = Reviewing(session)
        self.guide_bar = ReviewBar(session, self.guiding)
        self.guide_mark = ReviewMark(self.views.canvas, self.guiding)
        self.hover = PointerReadout(session, status)
        bottom = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter
        over = QGridLayout()  # strips lie over the canvas: one that comes must not move the image under the pen
        over.setContentsMargins(0, 0, 0, 0)
        over.addWidget(self.views, 0, 0)
        over.addWidget(self.notices, 0, 0, Qt.AlignmentFlag.AlignTop)
        over.addWidget(self.proposal_bar, 0, 0, bottom)
        over.addWidget(self.guide_bar, 0, 0, bottom)
        box = column(self.tool_options, over, gap=0)
        box.setStretch(1, 1)
        self.setLayout(box)
        for bar in (self.notices, self.proposal_bar, self.guide_bar):
            bar.raise_()
        session.visible_box = self.views.canvas.visible_box
        self.views.hovered.connect(self.hover.move)
