"""Fill: holes, volumes, the view and the window that is searched."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import Origin
from segstudio.core.geometry import Box
from segstudio.tools import fill
from segstudio.tools.fill import Fill
from tests.tools.fake import COLUMNS, ROWS, FakeSession, stroke


@pytest.fixture
def tube() -> FakeSession:
    """Five slices; a bright bar through slices 1 to 3 with a hollow in slice 2, and a bright spot apart in each."""
    session = FakeSession(slices=5)
    image = np.zeros((5, ROWS, COLUMNS, 1), np.uint8)
    image[1:4, 50:90, 50:90] = 90
    image[2, 60:70, 60:70] = 0
    image[:, 200:210, 200:210] = 90
    session.pixels, session.options["fill", "tolerance"] = image, 0.1
    return session


def test_a_region_within_the_view_is_written_at_once(tube: FakeSession) -> None:
    stroke(Fill(tube), (52, 52), z=2)
    assert not tube.offered and len(tube.document.history.edits) == 1
    written = tube.layer.annotation.read(Box.whole(tube.shape, 2)) != 0
    assert written.sum() == 1500 and not written[65, 65]


def test_holes_are_filled_where_asked(tube: FakeSession) -> None:
    tube.options["fill", "holes"] = True
    stroke(Fill(tube), (52, 52), z=2)
    assert (tube.layer.annotation.read(Box.whole(tube.shape, 2)) != 0).sum() == 1600


def test_a_region_beyond_the_view_is_offered(tube: FakeSession) -> None:
    tube.view = Box(2, 0, 0, 80, 80)
    stroke(Fill(tube), (52, 52), z=2)
    ((title, z, top, left, classes),) = tube.offered
    assert (title, z, top, left, classes.shape) == ("Fill", 2, 50, 50, (1, 40, 40)) and tube.notes == [""]
    assert (classes == 1).sum() == 1500 and not tube.document.history.edits


def test_a_region_is_followed_through_slices_as_a_proposal(tube: FakeSession) -> None:
    tube.options["fill", "through_slices"] = tube.options["fill", "holes"] = True
    stroke(Fill(tube), (52, 52), z=2)
    ((_, z, top, left, classes),) = tube.offered
    assert (z, top, left, classes.shape) == (1, 50, 50, (3, 40, 40))
    assert (classes == 1).all()  # the hollow is closed above and below


def test_a_hollow_open_to_the_end_of_the_region_is_not_a_hole(tube: FakeSession) -> None:
    assert tube.pixels is not None
    tube.pixels[3, 60:70, 60:70] = 0  # type: ignore[index]
    tube.options["fill", "through_slices"] = tube.options["fill", "holes"] = True
    stroke(Fill(tube), (52, 52), z=2)
    assert (tube.offered[0][4] == 1).sum() == 1600 + 1500 + 1500


def test_what_the_window_cuts_off_is_said(tube: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "SIDE", 20)
    stroke(Fill(tube), (52, 52), z=2)
    ((*_, classes),) = tube.offered
    assert classes.shape[-1] < 40 and "goes on" in tube.notes[0]


def test_the_window_through_slices_is_bounded_and_says_so(tube: FakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "VOXELS", 2 * 256 * 256)
    tube.options["fill", "through_slices"] = True
    stroke(Fill(tube), (52, 52), z=2)
    assert len(tube.offered[0][4]) == 2 and "goes on" in tube.notes[0]


def test_unsure_is_marked_within_the_view_only(tube: FakeSession) -> None:
    tube.unsure, tube.view = True, Box(2, 0, 0, 80, 80)
    stroke(Fill(tube), (52, 52), z=2)
    codes = tube.layer.annotation.read(Box.whole(tube.shape, 2))
    assert not tube.offered and (codes >> 8 == Origin.UNSURE).sum() == 900 - 100


def test_fill_never_reads_more_than_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeSession()
    monkeypatch.setattr(fill, "SIDE", 64)
    read: list[Box] = []

    def read_pixels(box: Box) -> np.ndarray:
        read.append(box)
        return np.zeros((box.height, box.width, 1), np.uint8)

    monkeypatch.setattr(session, "read_pixels", read_pixels)
    session.options["fill", "tolerance"] = 0.1
    stroke(Fill(session), (299, 599))
    assert max(box.height * box.width for box in read) == 64 * 64


def test_nothing_is_filled_while_the_pixels_are_not_there(session: FakeSession) -> None:
    session.options["fill", "tolerance"] = 0.1
    stroke(Fill(session), (20, 20))
    assert not session.codes.any() and not session.offered
