"""Candidates for the object under the pointer: the model, the version before, a threshold."""

from __future__ import annotations

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.tools.base import Pointer
from segstudio.tools.candidates import Candidates, candidates
from tests.tools.fake import COLUMNS, ROWS, FakeSession


def predict(session: FakeSession, radius: float, version: int) -> None:
    rows, columns = np.ogrid[0:ROWS, 0:COLUMNS]
    classes = (np.hypot(rows - 100, columns - 100) <= radius).astype(np.uint8)
    session.document.put_prediction(1, 1, 0, 0, 0, classes, np.zeros_like(classes), version)


def bright_disc(radius: float) -> np.ndarray:
    rows, columns = np.ogrid[0:ROWS, 0:COLUMNS]
    pixels = np.where(np.hypot(rows - 100, columns - 100) <= radius, 90, 10)
    return pixels.astype(np.uint8)[None, ..., None]


def area(session: FakeSession) -> int:
    return int((session.offered[-1][4] == 1).sum())


def test_the_three_candidates_come_in_turns(session: FakeSession) -> None:
    predict(session, 20, 1)
    predict(session, 30, 2)
    session.pixels = bright_disc(25)
    cycle, at = Candidates(session), Pointer(0, 100, 100)
    areas = []
    for _ in range(4):
        cycle.show_next(at)
        areas.append(area(session))
    wanted = [np.pi * radius**2 for radius in (30, 20, 25)]
    np.testing.assert_allclose(areas, [*wanted, wanted[0]], rtol=0.03)
    assert "1 of 3: the model." in session.notes[0] and "3 of 3: Otsu" in session.notes[2]
    assert session.document.history.edits == (), "nothing is written before it is accepted"


def test_the_same_version_again_is_no_other_candidate(session: FakeSession) -> None:
    predict(session, 20, 1)
    predict(session, 30, 1)
    assert [found.title for found in candidates(session, Pointer(0, 100, 100))] == ["the model"]


def test_without_a_model_a_threshold_speaks_around_the_pointer(session: FakeSession) -> None:
    session.pixels = bright_disc(25)
    session.active_class = 2
    (found,) = candidates(session, Pointer(0, 100, 100))
    assert found.title.startswith("Otsu") and (found.classes == 2).sum() == (session.pixels == 90).sum()
    assert set(np.unique(found.classes)) == {2, NOTHING}


def test_where_there_is_nothing_to_say_it_is_said(session: FakeSession) -> None:
    Candidates(session).show_next(Pointer(0, 100, 100))
    assert "nothing else" in session.refused[-1] and not session.offered
    Candidates(session).show_next(Pointer(0, -50, 100))
    assert len(session.refused) == 2
