"""How well a prediction agrees with the truth: one set of definitions for networks, classical methods and
people.

Arrays are class maps (rows, columns) or (slices, rows, columns). Conventions:

- A class in neither map scores NaN: left out of means, and counted, so "3 of 20 images had it" can be said.
- A class in only one map scores 0 in everything that is a share; its distances are NaN, never 0 or infinite.
- Pixels whose truth is ignored, or outside `where`, do not exist: no counts, no boundaries against them.
- Means over images (`Summary.per_image`) and over all pixels pooled (`Summary.pooled`) are different things;
  both are given and never mixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.boundaries import boundary_f1, pixel_sizes, surface_distances
from segstudio.core.codes import NOTHING
from segstudio.core.confusion import Confusion, Mask, Pair, class_ids, compare
from segstudio.core.confusion import confusion as confusion  # part of this module's face


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class. Shares are 0..1, distances in the unit of the spacing (pixels without one), NaN is
    undefined.

    `boundary_f1` is BF-dt, the distance-transform variant: without one-to-one matching, so looser than BSDS.
    `hd95` is the larger of the two directed 95th percentiles (as MONAI); `assd` the mean over both
    boundaries pooled.
    """

    class_id: int
    truth_pixels: int
    prediction_pixels: int
    dice: float
    iou: float
    precision: float
    recall: float
    boundary_f1: float = math.nan
    hd95: float = math.nan
    assd: float = math.nan


METRICS = tuple(field.name for field in fields(ClassScore) if field.type == "float")
"""Names of the per-class measures."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskScore:
    """One comparison. `unpredicted` pixels have a truth but no prediction; they are in no other number.

    Definitions of Long, Shelhamer and Darrell 2015: `mean_accuracy` is the mean recall over classes in the
    truth, `mean_iou` and `mean_dice` are over classes in either map, `frequency_weighted_iou` weighs by
    truth pixels.
    """

    classes: tuple[ClassScore, ...]
    confusion: Confusion
    unpredicted: int
    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    mean_dice: float
    frequency_weighted_iou: float

    @property
    def pixels(self) -> int:
        """How many pixels were compared."""
        return int(self.confusion.sum())

    def of(self, class_id: int) -> ClassScore:
        """The score of one class; KeyError where it was not asked for."""
        for one in self.classes:
            if one.class_id == class_id:
                return one
        raise KeyError(class_id)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; undefined is None."""
        return {**_plain(asdict(self)), "confusion": self.confusion.tolist(), "pixels": self.pixels}


@dataclass(frozen=True, slots=True)
class ClassMean:
    """Means of one class over images; `defined` says for each measure in how many images it exists."""

    class_id: int
    images: int
    means: dict[str, float]
    defined: dict[str, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """Many images: `pooled` from one confusion matrix of all pixels (no distances), `per_image` means over
    images."""

    images: int
    pooled: MaskScore
    per_image: tuple[ClassMean, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; undefined is None."""
        per_image = [_plain(asdict(mean)) for mean in self.per_image]
        return {"images": self.images, "pooled": self.pooled.to_json(), "per_image": per_image}


def score(
    truth: NDArray[Any],
    prediction: NDArray[Any],
    classes: int | Sequence[int],
    ignore: Iterable[int] = (NOTHING,),
    spacing: Sequence[float] | None = None,
    boundaries: bool = True,
    *,
    where: Mask | None = None,
) -> MaskScore:
    """All measures of one image; see `confusion` for what counts.

    `spacing` is the pixel size along each axis, rows before columns. `boundaries` False leaves out the
    slower three, which also mean little where only strokes are annotated.
    """
    ids = class_ids(classes)
    pair = compare(truth, prediction, ids, ignore, where)
    rows = _class_scores(pair.matrix, ids)
    if boundaries:
        spaces = pixel_sizes(spacing, pair.truth.ndim)
        rows = [_with_boundaries(row, pair, index, spaces) for index, row in enumerate(rows)]
    return _score(pair.matrix, rows, pair.unpredicted)


def score_confusion(matrix: Confusion, classes: int | Sequence[int], unpredicted: int = 0) -> MaskScore:
    """All measures that a confusion matrix is enough for; boundary measures are NaN."""
    return _score(matrix, _class_scores(matrix, class_ids(classes)), unpredicted)


def summarise(scores: Sequence[MaskScore]) -> Summary:
    """Pool images and take means over them. All scores need the same classes; ValueError without any."""
    ids = [one.class_id for one in scores[0].classes] if scores else []
    if not scores or any([one.class_id for one in each.classes] != ids for each in scores):
        raise ValueError("Scores of the same classes are needed, at least one.")
    matrix = np.stack([each.confusion for each in scores]).sum(axis=0, dtype=np.int64)
    pooled = score_confusion(matrix, ids, sum(each.unpredicted for each in scores))
    return Summary(len(scores), pooled, tuple(_class_mean([each.of(i) for each in scores]) for i in ids))


def _class_scores(matrix: Confusion, ids: list[int]) -> list[ClassScore]:
    hits, in_truth, in_prediction = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    rows = []
    for class_id, hit, truth, found in zip(ids, hits.tolist(), in_truth.tolist(), in_prediction.tolist(), strict=True):
        present = truth + found > 0
        rows.append(
            ClassScore(
                class_id,
                truth,
                found,
                dice=_share(2 * hit, truth + found),
                iou=_share(hit, truth + found - hit),
                precision=_share(hit, found) if found or not present else 0.0,
                recall=_share(hit, truth) if truth or not present else 0.0,
            )
        )
    return rows


def _with_boundaries(row: ClassScore, pair: Pair, index: int, spacing: tuple[float, ...]) -> ClassScore:
    if not row.truth_pixels and not row.prediction_pixels:
        return row
    if not row.truth_pixels or not row.prediction_pixels:
        return replace(row, boundary_f1=0.0)
    truth, prediction = pair.truth == index, pair.prediction == index
    hd95, assd = surface_distances(truth, prediction, pair.used, spacing)
    f1 = boundary_f1(truth, prediction, pair.used, spacing)
    return replace(row, boundary_f1=f1, hd95=hd95, assd=assd)


def _score(matrix: Confusion, rows: list[ClassScore], unpredicted: int) -> MaskScore:
    total = int(matrix.sum())
    in_truth = [row for row in rows if row.truth_pixels]
    return MaskScore(
        classes=tuple(rows),
        confusion=matrix,
        unpredicted=unpredicted,
        pixel_accuracy=_share(int(np.trace(matrix)), total),
        mean_accuracy=_mean([row.recall for row in in_truth])[0],
        mean_iou=_mean([row.iou for row in rows])[0],
        mean_dice=_mean([row.dice for row in rows])[0],
        frequency_weighted_iou=_share(sum(row.truth_pixels * row.iou for row in in_truth), total),
    )


def _class_mean(rows: list[ClassScore]) -> ClassMean:
    means, defined = {}, {}
    for name in METRICS:
        means[name], defined[name] = _mean([getattr(row, name) for row in rows])
    images = sum(1 for row in rows if row.truth_pixels or row.prediction_pixels)
    return ClassMean(rows[0].class_id, images, means, defined)


def _mean(values: list[float]) -> tuple[float, int]:
    """Mean of the defined values, and how many there are."""
    defined = [value for value in values if not math.isnan(value)]
    return (math.fsum(defined) / len(defined) if defined else math.nan), len(defined)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
