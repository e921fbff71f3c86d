"""Selections: which pixels lie inside, and what another outline does to them."""

from __future__ import annotations

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.geometry import Box
from segstudio.core.selection import Selection, selected

SQUARE = ((10.0, 10.0), (10.0, 30.0), (30.0, 30.0), (30.0, 10.0))
INNER = ((15.0, 15.0), (15.0, 25.0), (25.0, 25.0), (25.0, 15.0))
WHOLE = Box(0, 0, 0, 40, 50)


def square(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    made = np.zeros((40, 50), bool)
    made[top:bottom, left:right] = True
    return made


def made(*steps: tuple[tuple[tuple[float, float], ...], str]) -> Selection:
    selection = None
    for outline, how in steps:
        selection = selected(selection, outline, how)  # type: ignore[arg-type]
    assert selection is not None
    return selection


def test_an_outline_selects_the_pixels_whose_centre_it_encloses() -> None:
    selection = made((SQUARE, "new"))
    np.testing.assert_array_equal(selection.inside(WHOLE), square(10, 10, 30, 30))
    part = Box(3, 5, 20, 20, 45)
    np.testing.assert_array_equal(selection.inside(part), square(10, 10, 30, 30)[5:20, 20:45])


def test_a_later_outline_wins() -> None:
    ring = made((SQUARE, "new"), (INNER, "remove"))
    expected = square(10, 10, 30, 30) & ~square(15, 15, 25, 25)
    np.testing.assert_array_equal(ring.inside(WHOLE), expected)
    np.testing.assert_array_equal(made((SQUARE, "new"), (INNER, "new")).inside(WHOLE), square(15, 15, 25, 25))
    back = made((SQUARE, "new"), (INNER, "remove"), (INNER, "add"))
    np.testing.assert_array_equal(back.inside(WHOLE), square(10, 10, 30, 30))


def test_an_inverted_selection_is_everything_else_and_goes_on_from_there() -> None:
    outside = made((SQUARE, "new")).invert()
    np.testing.assert_array_equal(outside.inside(WHOLE), ~square(10, 10, 30, 30))
    added = selected(outside, INNER, "add")
    assert added is not None
    np.testing.assert_array_equal(added.inside(WHOLE), ~square(10, 10, 30, 30) | square(15, 15, 25, 25))
    less = selected(outside, ((0.0, 0.0), (0.0, 50.0), (5.0, 50.0), (5.0, 0.0)), "remove")
    assert less is not None and not less.inside(WHOLE)[:5].any() and less.inside(WHOLE)[5:10].all()


def test_nothing_drawn_drops_a_new_selection_and_leaves_an_old_one() -> None:
    before = made((SQUARE, "new"))
    assert selected(before, (), "new") is None
    assert selected(before, (), "add") is before and selected(before, SQUARE[:2], "remove") is before
    assert selected(None, SQUARE, "remove") is None


def test_a_class_map_is_kept_inside_only_in_every_slice() -> None:
    classes = np.ones((3, 40, 50), np.uint8)
    kept = made((SQUARE, "new")).kept(classes, WHOLE)
    assert kept.dtype == np.uint8
    np.testing.assert_array_equal(kept == 1, np.broadcast_to(square(10, 10, 30, 30), (3, 40, 50)))
    assert (kept[kept != 1] == NOTHING).all()
