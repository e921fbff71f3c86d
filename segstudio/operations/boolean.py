"""Booleans: one class with another, or with a class of another layer."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segstudio.core.parameters import ClassChoice, LayerChoice
from segstudio.errors import UserError
from segstudio.operations.subject import Mask, OperationInput, changed


def merge(subject: OperationInput, *, other: Annotated[int, ClassChoice(), "The class that is merged in."] = 0) -> Mask:
    """All of another class becomes the active class."""
    result = subject.unchanged()
    result[subject.mask == other] = subject.class_id
    return result


def combine(
    subject: OperationInput,
    *,
    layer: Annotated[int, LayerChoice(), "The other mask layer."] = 0,
    other: Annotated[int, ClassChoice(), "The class in the other layer."] = 1,
    action: Annotated[
        Literal["add", "subtract", "intersect", "either"], "“Either” keeps what belongs to exactly one of the two."
    ] = "add",
) -> Mask:
    """Add, subtract or intersect the active class with a class of another layer."""
    if subject.other is None:
        raise UserError("There is no other mask layer.", hint="Add one in the layers panel, or choose another one.")
    mine, theirs = subject.chosen, np.asarray(subject.other == other)
    after = {
        "add": mine | theirs,
        "subtract": mine & ~theirs,
        "intersect": mine & theirs,
        "either": mine ^ theirs,
    }[action]
    return changed(mine, after, subject)
