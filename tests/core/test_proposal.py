"""What a proposal says it would change is what it changes."""

from __future__ import annotations

import numpy as np

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.proposal import Proposal, settled, write


def made() -> Document:
    document = Document()
    document.classes.add("Cell")
    document.classes.add("Vessel")
    document.add_image("a.png", "", ImageInfo("", (3, 40, 50), 1, ("grey",), "uint8"))
    writer = document.begin_edit(1, 1, "Paint", tool="brush")
    writer.set(1, 0, 0, np.ones((10, 10), bool), 2)
    document.finish_edit(writer)
    return document


def proposed(document: Document, *, protect: bool = True) -> Proposal:
    wanted = np.full((2, 20, 20), NOTHING, np.uint8)
    wanted[0, :15, :15] = 1  # slice 1, over what was painted
    wanted[1, :5, :5] = 1
    raw = Proposal("Grow", "grow", Origin.TOOL, 1, 1, Box(1, 0, 0, 20, 20), wanted, protect=protect)
    return settled(raw, document.layer(1, 1), document.classes)


def test_painted_pixels_are_kept_and_counted() -> None:
    document = made()
    found = proposed(document)
    assert found.impact.gained == {1: 225 - 100 + 25}
    assert found.impact.lost == {NOTHING: 150}
    assert (found.impact.painted, found.impact.locked, found.impact.slices) == (100, 0, 2)


def test_without_protection_they_change_too() -> None:
    document = made()
    found = proposed(document, protect=False)
    assert found.impact.gained == {1: 250} and found.impact.lost == {NOTHING: 150, 2: 100}
    writer = document.begin_edit(1, 1, "Grow", tool="grow", origin=Origin.TOOL)
    write(found, writer)
    document.finish_edit(writer)
    assert (document.layer(1, 1).mask(Box.whole((3, 40, 50), 1)) == 1).sum() == 225
    assert (document.layer(1, 1).mask(Box.whole((3, 40, 50), 2)) == 1).sum() == 25


def test_a_locked_class_is_left_alone() -> None:
    document = made()
    document.classes.change(2, locked=True)
    found = proposed(document, protect=False)
    assert found.impact.locked == 100 and found.impact.gained == {1: 150}


def test_no_class_is_written_that_the_project_does_not_have() -> None:
    document = made()
    document.change_classes("Remove class", lambda classes: classes.remove(1))
    found = proposed(document, protect=False)
    assert found.impact.unknown == 250 and found.impact.changed == 0
    assert (found.impact.painted, found.impact.locked) == (0, 0), "each pixel is counted once"
    writer = document.begin_edit(1, 1, "Grow", tool="grow", origin=Origin.TOOL)
    write(found, writer)
    assert document.finish_edit(writer) is None


def test_what_is_so_already_is_no_change() -> None:
    document = made()
    wanted = np.full((1, 10, 10), 2, np.uint8)
    raw = Proposal("Same", "same", Origin.TOOL, 1, 1, Box(1, 0, 0, 10, 10), wanted)
    assert settled(raw, document.layer(1, 1), document.classes).impact.changed == 0
