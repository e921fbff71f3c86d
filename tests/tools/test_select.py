"""The selection tool on a document without a window."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import Box
from segstudio.tools.base import Pointer
from segstudio.tools.select import Select
from tests.tools.fake import FakeSession


def drag(tool: Select, *points: tuple[float, float], shift: bool = False, erase: bool = False) -> None:
    pointers = [Pointer(0, row, column, erase=erase, shift=shift) for row, column in points]
    tool.press(pointers[0])
    for pointer in pointers[1:]:
        tool.drag(pointer)
    tool.release(pointers[-1])


def area(session: FakeSession) -> int:
    return 0 if session.selection is None else int(session.selection.inside(Box.whole(session.shape)).sum())


@pytest.mark.parametrize(("shape", "pixels"), [("rectangle", 40 * 60), ("ellipse", round(np.pi * 20 * 30))])
def test_shapes_are_selected_and_nothing_is_painted(shape: str, pixels: int) -> None:
    session = FakeSession()
    session.options["select", "shape"] = shape
    tool = Select(session)  # type: ignore[arg-type]
    tool.press(Pointer(0, 50, 100))
    tool.drag(Pointer(0, 90, 160))
    assert tool.preview(Pointer(0, 90, 160)) and area(session) == 0
    tool.release(Pointer(0, 90, 160))
    assert area(session) == pytest.approx(pixels, rel=0.01)
    assert session.layer.annotation.is_empty() and not session.document.history.edits


def test_shift_adds_ctrl_takes_away_and_a_click_drops() -> None:
    session = FakeSession()
    session.options["select", "shape"] = "rectangle"
    tool = Select(session)  # type: ignore[arg-type]
    drag(tool, (50, 100), (90, 160))
    drag(tool, (100, 100), (120, 130), shift=True)
    assert area(session) == 2400 + 600, "shift does not make it square here"
    drag(tool, (50, 100), (60, 160), erase=True)
    assert area(session) == 1800 + 600
    drag(tool, (10, 10), (10, 10), shift=True)
    assert area(session) == 2400, "a slip of the hand while adding loses nothing"
    drag(tool, (10, 10), (10, 10))
    assert session.selection is None


def test_freehand_and_a_dropped_drag() -> None:
    session = FakeSession()
    tool = Select(session)  # type: ignore[arg-type]
    drag(tool, (50, 50), (50, 100), (100, 100), (100, 50))
    assert area(session) == 2500
    tool.press(Pointer(0, 10, 10))
    tool.drag(Pointer(0, 20, 20))
    tool.cancel()
    tool.release(Pointer(0, 30, 10))
    assert area(session) == 2500 and not tool.preview(None)
