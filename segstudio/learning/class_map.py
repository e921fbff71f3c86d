"""From a network's outputs to class ids, and to the classes that a project still has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segstudio.core.codes import ClassMap
from segstudio.errors import UserError
from segstudio.learning.predict import Probabilities


def allowed(ids: Sequence[int], only: Sequence[int]) -> list[int]:
    """Places of the outputs, whose class ids are `ids`, that may be said: those in `only`, or all where that is empty.

    Raises UserError where there are none.
    """
    places = [place for place, class_id in enumerate(ids) if not only or class_id in only]
    if not places:
        raise UserError(
            "This model knows none of the project's classes.",
            hint="Paint some pixels of each class and train: the model learns them.",
        )
    return places


def among(probabilities: Probabilities, places: Sequence[int]) -> Probabilities:
    """Probabilities (classes, rows, columns) of the outputs at `places` alone, sum 1 again."""
    if len(places) == len(probabilities):
        return probabilities
    kept = probabilities[list(places)]
    return np.asarray(kept / np.maximum(kept.sum(0, keepdims=True), 1e-12), np.float32)


def class_map(probabilities: Probabilities, ids: Sequence[int]) -> ClassMap:
    """The id of the likeliest class for each pixel; `ids` are those of the outputs."""
    return np.asarray(np.asarray(ids, np.uint8)[probabilities.argmax(0)], np.uint8)
