"""Mask operations on small masks whose answer is known, and what must hold for every one of them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.parameters import defaults
from segstudio.errors import UserError
from segstudio.operations.registry import OPERATIONS, run
from segstudio.operations.subject import OperationInput


def subject(mask: NDArray[np.uint8], spacing: tuple[float, float, float] = (1, 1, 1), **more: object) -> OperationInput:
    return OperationInput(np.asarray(mask, np.uint8), spacing, 1, **more)  # type: ignore[arg-type]


def after(operation: str, given: OperationInput, **values: object) -> NDArray[np.uint8]:
    """The mask as it would be."""
    wanted = run(operation, given, values)
    assert wanted.shape == given.mask.shape and wanted.dtype == np.uint8
    return np.where(wanted == NOTHING, given.mask, wanted)


def blank(slices: int = 1, rows: int = 20, columns: int = 30) -> NDArray[np.uint8]:
    return np.zeros((slices, rows, columns), np.uint8)


def random_subject(seed: int = 0) -> OperationInput:
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.choice([0, 1, 2, NOTHING], (3, 8, 9)), np.ones((1, 5, 5))).astype(np.uint8)
    return subject(mask, (2.0, 1.0, 1.0), annotated=mask, other=mask[::-1].copy())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_words_a_form_and_does_something(operation: str) -> None:
    row = OPERATIONS[operation]
    assert row.title and row.summary.endswith(".") and row.load().__doc__
    given = random_subject()
    if operation == "between":
        given.mask[1][given.mask[1] == 1] = NOTHING
    values = {"other": 2} if operation in ("merge", "combine") else {}
    before = given.mask.copy()
    wanted = run(operation, given, values)
    np.testing.assert_array_equal(given.mask, before, "the input is not changed")
    assert set(defaults(row.parameters())) >= set(values)
    assert (wanted != NOTHING).any() or operation == "holes"


def test_only_the_largest_object_stays_through_slices_or_in_each() -> None:
    mask = blank(2)
    mask[0, 2:6, 2:6] = mask[1, 2:6, 2:6] = 1  # 32 voxels through both slices
    mask[0, 10:15, 10:15] = 1  # 25
    assert (after("largest", subject(mask), through_slices=True)[0, 10:15, 10:15] == 0).all()
    single = after("largest", subject(mask), through_slices=False)
    assert (
        (single[0, 10:15, 10:15] == 1).all() and (single[0, 2:6, 2:6] == 0).all() and (single[1, 2:6, 2:6] == 1).all()
    )


def test_islands_go_by_pixels_or_by_area() -> None:
    mask = blank()
    mask[0, 1:3, 1:3], mask[0, 8:14, 8:14], mask[0, 1:3, 20:22] = 1, 1, 2
    kept = after("islands", subject(mask), smaller_than=5)
    assert (kept == 1).sum() == 36 and (kept == 2).sum() == 4, "other classes are not touched"
    assert (after("islands", subject(mask, (1, 0.5, 0.5)), smaller_than=5, unit="mm") == 1).sum() == 36
    assert (after("islands", subject(mask, (1, 2, 2)), smaller_than=5, unit="mm") == 1).sum() == 40


def test_holes_are_filled_unless_the_edge_cuts_them() -> None:
    mask = blank()
    mask[0, 5:15, 5:15], mask[0, 8:10, 8:10] = 1, 0
    mask[0, 0:4, 20:28], mask[0, 0:2, 23:25] = 1, 0
    filled = after("holes", subject(mask))
    assert (filled[0, 8:10, 8:10] == 1).all() and (filled[0, 0:2, 23:25] == 0).all()
    assert (after("holes", subject(mask), smaller_than=3)[0, 8:10, 8:10] == 0).all()


def test_growing_is_round_and_takes_spacing_into_account() -> None:
    mask = blank(1, 41, 41)
    mask[0, 20, 20] = 1
    rows, columns = np.mgrid[0:41, 0:41] - 20
    np.testing.assert_array_equal(after("grow", subject(mask), radius=7)[0] == 1, np.hypot(rows, columns) <= 7)
    grown = after("grow", subject(mask, (1, 2.0, 0.5)), radius=4, unit="mm")[0] == 1
    np.testing.assert_array_equal(grown, np.hypot(rows * 2.0, columns * 0.5) <= 4)


def test_growing_stops_at_other_classes_unless_told() -> None:
    mask = blank()
    mask[0, :, 10], mask[0, :, 12:] = 1, 2
    assert (after("grow", subject(mask), radius=5)[0, :, 12:] == 2).all()
    assert (after("grow", subject(mask), radius=5, over="everything")[0, :, 12:16] == 1).all()


def test_a_ball_reaches_other_slices_only_when_asked() -> None:
    mask = blank(5)
    mask[2, 10, 10] = 1
    assert not after("grow", subject(mask), radius=2)[1].any()
    grown = after("grow", subject(mask, (2.0, 1, 1)), radius=2, unit="mm", through_slices=True)
    assert grown[1, 10, 10] == grown[3, 10, 10] == 1 and grown[1].sum() == 1 and not grown[0].any()


def test_shrinking_spares_the_edge_of_the_image_and_undoes_growing_of_a_square() -> None:
    mask = blank()
    mask[0, :, :10] = 1
    shrunk = after("shrink", subject(mask), radius=2)
    assert (shrunk[0, :, :8] == 1).all() and not shrunk[0, :, 8:].any()


def test_opening_cuts_bridges_and_closing_fills_cracks() -> None:
    mask = blank()
    mask[0, 4:16, 3:12] = mask[0, 4:16, 18:27] = 1
    mask[0, 9:11, 12:18] = 1
    opened = after("open", subject(mask), radius=2)
    assert not opened[0, 9:11, 14:16].any() and (opened[0, 6:14, 5:10] == 1).all()
    mask[0, 9:11, 12:18] = 0
    mask[0, 4:16, 6:8] = 0
    closed = after("close", subject(mask), radius=2)
    assert (closed[0, 6:14, 6:8] == 1).all() and not closed[0, :, 14:16].any()


def test_smoothing_leaves_neither_gaps_nor_overlaps() -> None:
    rng = np.random.default_rng(1)
    mask = blank(1, 60, 60)
    mask[0, :, 20:40], mask[0, :, 40:] = 1, 2
    noisy = np.where(rng.random(mask.shape) < 0.1, rng.integers(0, 3, mask.shape), mask).astype(np.uint8)
    for kernel in ("gaussian", "majority"):
        smoothed = after("smooth", subject(noisy), radius=4, kernel=kernel)
        assert (smoothed == mask).mean() > 0.98 > (noisy == mask).mean()


def test_what_was_painted_on_nothing_is_smoothed_too() -> None:
    mask = np.full((1, 40, 40), NOTHING, np.uint8)
    mask[0, 10:30, 10:30], mask[0, 19:21, 30:38] = 1, 1
    smoothed = after("smooth", subject(mask), radius=4)
    assert (smoothed[0, 19:21, 33:38] == 0).all() and (smoothed[0, 14:26, 14:26] == 1).all()
    assert (smoothed[0, :8] == NOTHING).all(), "what nobody knew stays unknown"


def test_holes_hold_no_other_objects() -> None:
    mask = blank()
    mask[0, 5:15, 5:15], mask[0, 8:12, 8:12] = 1, 2
    assert (after("holes", subject(mask))[0, 8:12, 8:12] == 2).all()


def test_objects_that_go_on_beyond_the_view_are_left_alone() -> None:
    mask = blank()
    mask[0, :3, :3], mask[0, 10:12, 10:12] = 1, 1
    assert not after("islands", subject(mask), smaller_than=50).any()
    kept = after("islands", subject(mask, cut=True), smaller_than=50)
    assert (kept[0, :3, :3] == 1).all() and not kept[0, 10:12, 10:12].any()


@pytest.mark.parametrize(
    ("action", "wanted"), [("add", (2, 14)), ("subtract", (2, 6)), ("intersect", (6, 10)), ("either", None)]
)
def test_layers_are_combined_as_sets(action: str, wanted: tuple[int, int] | None) -> None:
    mine, theirs = blank(), blank()
    mine[0, 5, 2:10], theirs[0, 5, 6:14] = 1, 3
    found = np.flatnonzero(after("combine", subject(mine, other=theirs), action=action, other=3)[0, 5] == 1)
    expected = [*range(2, 6), *range(10, 14)] if wanted is None else list(range(*wanted))
    assert found.tolist() == expected


def test_a_class_is_merged_into_the_active_one() -> None:
    mask = blank()
    mask[0, 2], mask[0, 4] = 1, 2
    merged = after("merge", subject(mask), other=2)
    assert (merged[0, [2, 4]] == 1).all() and not (merged == 2).any()


@pytest.mark.parametrize("follow", [False, True])
def test_between_two_discs_lies_a_disc_of_the_size_between(follow: bool) -> None:
    rows, columns = np.mgrid[0:80, 0:80]
    known = np.full((9, 80, 80), NOTHING, np.uint8)
    known[0][np.hypot(rows - 40, columns - 40) <= 10] = 1
    known[8][np.hypot(rows - 40, columns - 40) <= 20] = 1
    filled = after("between", subject(known, annotated=known), follow=follow)
    for z in range(1, 8):
        radius = np.sqrt((filled[z] == 1).sum() / np.pi)
        assert radius == pytest.approx(10 + 10 * z / 8, abs=0.6)
    assert (filled[0] == known[0]).all() and (filled[8] == known[8]).all()


def test_an_object_that_moves_is_followed() -> None:
    known = np.full((5, 40, 90), NOTHING, np.uint8)
    known[0, 10:20, 5:15], known[4, 20:30, 70:80] = 1, 1
    filled = after("between", subject(known, annotated=known))
    assert (filled[2, 16:24, 39:46] == 1).all()
    assert not (after("between", subject(known, annotated=known), follow=False)[2] == 1).any()


def test_all_classes_are_filled_at_once_and_share_what_both_claim() -> None:
    known = np.full((5, 40, 60), NOTHING, np.uint8)
    known[0, 5:25, 5:25] = known[4, 5:25, 5:25] = 1
    known[0, 5:25, 22:50] = known[3, 5:25, 18:50] = 2
    single = after("between", subject(known, annotated=known))
    assert not (single[1] == 2).any()
    both = after("between", subject(known, annotated=known), every=True)
    for z in (1, 2):
        assert (both[z, 8:22, 6:16] == 1).all() and (both[z, 8:22, 26:49] == 2).all()
        shared = both[z, 8:22, 16:26]
        assert set(np.unique(shared)) == {1, 2}, "where both claim a pixel, the deeper one has it"
    assert (both[3, 8:17, 6:16] == 1).all() and (both[3] == 2).sum() == (known[3] == 2).sum()


def test_nothing_between_is_said_in_one_sentence() -> None:
    with pytest.raises(UserError, match="nothing between"):
        run("between", subject(blank(3), annotated=blank(3)), {})
    with pytest.raises(UserError, match="no other mask layer"):
        run("combine", subject(blank()), {})
    with pytest.raises(UserError, match="no operation"):
        run("magic", subject(blank()), {})


def test_listing_operations_imports_nothing_heavy() -> None:
    code = (
        "import sys; from segstudio.operations.registry import OPERATIONS;"
        "[row.parameters() for row in OPERATIONS.values()];"
        "print([name for name in ('scipy', 'skimage', 'torch', 'PySide6') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
