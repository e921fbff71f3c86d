"""History: one line through all images, within its budget."""

from __future__ import annotations

import pytest

from segstudio.core.geometry import Box
from segstudio.core.history import Edit, History
from segstudio.core.undo_spill import UndoSpill


def edit(number: int, size: int = 10) -> Edit:
    key = (0, 0, 0)
    return Edit(number, 1, 1, "Brush", "brush", 0.0, Box(0, 0, 0, 1, 1), {key: bytes(size)}, {key: bytes(size)})


def test_steps_go_back_and_forward_and_end_at_the_ends() -> None:
    history = History()
    assert history.step_back() is None and history.step_forward() is None
    for number in (1, 2):
        history.push(edit(number))
    assert [history.step_back(), history.step_back(), history.step_back()] == [edit(2), edit(1), None]
    assert [history.step_forward(), history.step_forward(), history.step_forward()] == [
        edit(1),
        edit(2),
        None,
    ]


def test_a_new_edit_drops_what_was_undone() -> None:
    history = History()
    for number in (1, 2, 3):
        history.push(edit(number))
    history.step_back()
    history.step_back()
    history.push(edit(4))
    assert history.edits == (edit(1), edit(4)) and history.position == 2 and history.nbytes == 40


def test_the_oldest_go_to_disk_when_memory_is_spent_and_are_as_they_were() -> None:
    history = History(budget=100)
    for number in range(80):
        history.push(edit(number))
    assert history.nbytes <= 100 and history.disk_bytes == 75 * 20 and history.position == 80
    assert history.edits == tuple(edit(number) for number in range(80))
    assert [e.spilled for e in history.edits] == [True] * 75 + [False] * 5
    for number in reversed(range(80)):
        assert history.step_back() == edit(number)
    history.push(edit(99))
    assert history.disk_bytes == 0 and history.nbytes == 20


def test_the_oldest_go_for_good_when_the_disk_budget_is_spent() -> None:
    history = History(budget=100, disk=200)
    for number in range(80):
        history.push(edit(number))
    assert history.edits == tuple(edit(number) for number in range(65, 80)) and history.position == 15


def test_the_file_does_not_grow_with_steps_that_are_gone() -> None:
    history = History(budget=100, disk=4000)
    for round_ in range(50):
        for number in range(100):
            history.push(edit(number + round_))
        for _ in range(90):
            history.step_back()
    assert history._spill is not None and history._spill.size < 3 * 4000
    assert history.next_undo() == edit(9 + round_)


def test_a_full_disk_costs_the_oldest_steps_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: UndoSpill, frames: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(UndoSpill, "put", full)
    history = History(budget=100)
    for number in range(8):
        history.push(edit(number))
    assert history.edits == tuple(edit(number) for number in range(3, 8)) and history.position == 5


def test_one_edit_beyond_the_budget_can_still_be_undone() -> None:
    history = History(budget=100, disk=0)
    history.push(edit(1))
    history.push(edit(2, 1000))
    assert history.edits == (edit(2, 1000),) and history.step_back() == edit(2, 1000)


def test_a_stored_history_is_taken_over_with_its_position() -> None:
    history = History()
    history.restore([edit(1), edit(2), edit(3)], 1)
    assert history.next_undo() == edit(1) and history.next_redo() == edit(2) and history.nbytes == 60
