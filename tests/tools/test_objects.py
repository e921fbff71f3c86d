"""Splitting objects along a line, and removing them by a click."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Box
from segstudio.tools.base import Area, Pointer
from segstudio.tools.objects import ObjectTool
from segstudio.tools.split import Split
from tests.tools.fake import FakeSession, stroke


def put(session: FakeSession, top: int, left: int, height: int, width: int, class_id: int = 1) -> None:
    writer = session.begin_edit("Paint", tool="brush")
    writer.set(0, top, left, np.ones((height, width), bool), class_id)
    session.finish_edit(writer)


@pytest.fixture
def dumbbell(session: FakeSession) -> FakeSession:
    """Two squares, the right one smaller, joined by a bridge."""
    put(session, 100, 100, 60, 60)
    put(session, 110, 180, 40, 40)
    put(session, 126, 160, 8, 20)
    return session


def test_a_line_leaves_a_gap_that_nothing_passes(dumbbell: FakeSession) -> None:
    from scipy.ndimage import label

    stroke(Split(dumbbell), (118, 168), (128, 171), (142, 170))
    mask = dumbbell.classes_shown
    assert label(mask == 1)[1] == 2 and (mask == 0).sum() < 40
    assert dumbbell.document.history.edits[-1].title == "Split"


def test_the_smaller_part_gets_the_active_class(dumbbell: FakeSession) -> None:
    before = (dumbbell.classes_shown == 1).sum()
    dumbbell.options["split", "smaller_part"] = "active class"
    dumbbell.active_class = 2
    stroke(Split(dumbbell), (118, 170), (142, 170))
    mask = dumbbell.classes_shown
    assert (mask[112:148, 182:218] == 2).all() and (mask[100:160, 100:160] == 1).all()
    assert (mask == 1).sum() + (mask == 2).sum() == before


def test_a_line_that_ends_inside_or_beside_changes_nothing_and_says_so(dumbbell: FakeSession) -> None:
    steps = len(dumbbell.document.history.edits)
    stroke(Split(dumbbell), (90, 130), (130, 130))
    assert "edge to edge" in dumbbell.refused[-1]
    stroke(Split(dumbbell), (10, 10), (20, 90))
    assert "no object" in dumbbell.refused[-1]
    tool = Split(dumbbell)
    tool.press(Pointer(0, 90, 130))
    tool.drag(Pointer(0, 190, 130))
    assert tool.busy and tool.preview(None)
    tool.cancel()
    tool.release(Pointer(0, 190, 130))
    assert len(dumbbell.document.history.edits) == steps


def test_a_click_removes_the_object_under_it_only(session: FakeSession) -> None:
    put(session, 10, 10, 20, 20)
    put(session, 60, 60, 20, 20)
    put(session, 10, 60, 20, 20, 2)
    tool = ObjectTool(session)
    (area,) = tool.preview(Pointer(0, 15, 15))
    assert isinstance(area, Area) and (area.top, area.left, area.stencil.sum()) == (10, 10, 400)
    assert not tool.preview(Pointer(0, 45, 45))
    stroke(tool, (15, 15))
    mask = session.classes_shown
    assert (mask[10:30, 10:30] == 0).all() and (mask == 1).sum() == 400 and (mask == 2).sum() == 400
    stroke(tool, (45, 45))
    assert "no object" in session.refused[-1]
    assert not tool.preview(Pointer(0, 15, 15)), "what was removed is not shown any more"


def test_what_reaches_beyond_the_view_is_offered(session: FakeSession) -> None:
    put(session, 10, 10, 20, 200)
    session.view = Box(0, 0, 0, 100, 100)
    stroke(ObjectTool(session), (15, 15))
    title, z, top, left, classes = session.offered[-1]
    assert (title, z, top, left) == ("Remove object", 0, 10, 10) and classes.shape[-2:] == (20, 200)
    assert (session.classes_shown == 1).sum() == 4000


def test_only_one_object_of_the_class_can_be_kept(session: FakeSession) -> None:
    put(session, 10, 10, 20, 20)
    put(session, 60, 60, 20, 20)
    put(session, 60, 10, 20, 20, 2)
    session.options["object", "action"] = "keep only"
    stroke(ObjectTool(session), (70, 70))
    _, _, top, left, classes = session.offered[-1]
    removed = classes.reshape(classes.shape[-2:]) == 0
    assert removed.sum() == 400 and removed[10 - top : 30 - top, 10 - left : 30 - left].all()
