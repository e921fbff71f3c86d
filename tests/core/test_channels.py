"""Which numbers of channels go together, and how many a new model gets."""

from __future__ import annotations

import pytest

from segstudio.core.channels import fits, wanted


@pytest.mark.parametrize(
    ("channels", "model", "fit"),
    [(1, 3, True), (3, 1, True), (4, 4, True), (4, 3, False), (2, 1, False), (1, 4, False)],
)
def test_grey_and_colour_fit_each_other_and_nothing_else_does(channels: int, model: int, fit: bool) -> None:
    assert fits(channels, model) is fit


@pytest.mark.parametrize(
    ("every", "annotated", "shown", "channels"),
    [
        ([1, 1], [], 1, 1),
        ([1, 3], [1], 1, 3),  # the colour image can be learnt, too
        ([1, 3, 4], [1, 3, 4], 4, 3),  # most of what is annotated is grey or colour
        ([1, 4], [1, 4], 4, 4),  # a tie: what is shown
        ([1, 4], [], 4, 4),
        ([4, 4, 1], [4, 4], 1, 4),
        ([2, 5], [2], 5, 2),
    ],
)
def test_a_new_model_is_made_for_what_is_annotated(
    every: list[int], annotated: list[int], shown: int, channels: int
) -> None:
    assert wanted(every, annotated, shown) == channels
