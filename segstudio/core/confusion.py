"""Counts which class was taken for which: the confusion matrix, and what is left out of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.errors import UserError

Confusion = NDArray[np.int64]
Mask = NDArray[np.bool_]

_IGNORED, _UNKNOWN = -1, -2


@dataclass(frozen=True, slots=True)
class Pair:
    """Both maps as class indices; `used` pixels have both a truth and a prediction."""

    truth: NDArray[np.int16]
    prediction: NDArray[np.int16]
    used: Mask
    unpredicted: int
    matrix: Confusion


def confusion(
    truth: NDArray[Any],
    prediction: NDArray[Any],
    classes: int | Sequence[int],
    ignore: Iterable[int] = (NOTHING,),
    *,
    where: Mask | None = None,
) -> Confusion:
    """Pixel counts int64 (K, K), truth in rows and prediction in columns, in the order of `classes`.

    `classes` is K for the ids 0 .. K - 1, or the ids. Left out: pixels whose truth is in `ignore` or where
    `where` is False, and pixels predicted NOTHING (255) or an ignored value that is no class. UserError for
    maps of different shapes or with other values.
    """
    return compare(truth, prediction, class_ids(classes), ignore, where).matrix


def class_ids(classes: int | Sequence[int]) -> list[int]:
    ids = list(range(classes)) if isinstance(classes, int) else [int(value) for value in classes]
    if not ids or len(set(ids)) < len(ids) or min(ids) < 0 or max(ids) >= NOTHING:
        raise ValueError(f"Class ids are different numbers from 0 to {NOTHING - 1}, not {ids}.")
    return ids


def compare(
    truth: NDArray[Any], prediction: NDArray[Any], ids: list[int], ignore: Iterable[int], where: Mask | None
) -> Pair:
    """Both maps as indices into `ids`, and their confusion; see `confusion` for what is left out."""
    for name, shape in (
        ("prediction", prediction.shape),
        ("region", truth.shape if where is None else where.shape),
    ):
        if shape != truth.shape:
            raise UserError(
                f"Truth and {name} differ in size.",
                why=f"The truth has {_by(truth.shape)} pixels, the {name} {_by(shape)}.",
                hint="Compare masks of the same image at the same resolution.",
            )
    table = np.full(256, _UNKNOWN, np.int16)
    table[ids] = np.arange(len(ids))
    ignored = list(ignore)
    small, large = [v for v in ignored if 0 <= v <= 255], [v for v in ignored if not 0 <= v <= 255]
    of_truth, of_prediction = table.copy(), table.copy()
    of_truth[small] = _IGNORED
    # A class that the truth ignores is still a mistake when predicted elsewhere.
    nothing = [value for value in (*small, NOTHING) if value not in ids]
    of_prediction[nothing] = _IGNORED
    expected = _look_up(of_truth, truth, "truth")
    if large:
        expected[np.isin(truth, large)] = _IGNORED
    known = expected != _IGNORED if where is None else (expected != _IGNORED) & where
    found = _look_up(of_prediction, prediction, "prediction")
    for name, indices, values in (("truth", expected, truth), ("prediction", found, prediction)):
        strange = known & (indices == _UNKNOWN)
        if strange.any():
            raise _not_a_class(name, int(values[strange].flat[0]), ids)
    used = known & (found != _IGNORED)
    flat = expected[used].astype(np.int64) * len(ids) + found[used]
    matrix = np.bincount(flat, minlength=len(ids) ** 2).reshape(len(ids), len(ids)).astype(np.int64)
    return Pair(expected, found, used, int(known.sum() - used.sum()), matrix)


def _look_up(table: NDArray[np.int16], values: NDArray[Any], name: str) -> NDArray[np.int16]:
    if values.dtype.kind not in "biu":
        raise UserError(
            f"The {name} is not a map of classes.",
            why=f"Its pixels are of type {values.dtype}, not whole numbers.",
            hint="Round it or choose a threshold first.",
        )
    if values.dtype == np.uint8:
        return np.asarray(table[values])
    small = (values >= 0) & (values <= 255)
    return np.where(small, table[np.where(small, values, 0).astype(np.uint8)], np.int16(_UNKNOWN))


def _not_a_class(name: str, value: int, ids: list[int]) -> UserError:
    return UserError(
        f"The {name} holds the value {value}, which is no class.",
        why=f"The classes are {', '.join(map(str, ids))}.",
        hint="Add it to the classes, or to the values to ignore.",
    )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
