"""Annotator: what a person who knows the truth would draw next in the window before them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, ClassMap

Bools = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DrawingHand:
    """How strokes are drawn: brush `radius` and `length` of a stroke at most in pixels; every point is off by
    `jitter` pixels (standard deviation) and the share `slips` of strokes has a wrong class."""

    radius: float = 3.0
    length: float = 80.0
    jitter: float = 0.0
    slips: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """One stroke: its class, the `points` (n; row, column) of its line, and the pixels of the window it paints."""

    class_id: int
    points: Points
    painted: Bools

    @property
    def length(self) -> float:
        """Length of the line in pixels."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


def draw(
    hand: DrawingHand, truth: ClassMap, predicted: ClassMap | None, annotated: Bools, random: np.random.Generator,
    *, classes: int = 2, wanted: int | None = None,
) -> Stroke | None:  # fmt: skip
    """The next stroke in a window, or None where nothing is left to paint.

    All arrays are (rows, columns) of the window. The stroke follows the centreline of the largest piece of one
    class that is predicted wrongly and not annotated; where nothing is wrong, or nothing is predicted yet, of the
    surroundings of a random place that is not annotated (of class `wanted`, if given). Where its class is
    narrower than the brush, the brush shrinks to fit: without noise no pixel of another class is painted.
    """
    piece = _piece(hand, truth, predicted, annotated, random, wanted)
    if piece is None:
        return None
    path = centreline(piece, hand.length)
    class_id = int(truth[tuple(path[0])])
    room = _room(truth == class_id)
    radii = np.minimum(hand.radius, room[tuple(path.T)] - 1e-6)
    slip, other = random.random() < hand.slips, int(random.integers(max(classes - 1, 1)))
    points = path + random.normal(0, 1, path.shape) * hand.jitter
    if slip and classes > 1:
        class_id = other + (other >= class_id)
    return Stroke(class_id, points, _swept(truth.shape, points, radii))


def errors(truth: ClassMap, predicted: ClassMap, annotated: Bools) -> Bools:
    """Pixels predicted wrongly that nobody has annotated."""
    return np.asarray((predicted != truth) & (truth != NOTHING) & ~annotated)


def _piece(
    hand: DrawingHand, truth: ClassMap, predicted: ClassMap | None, annotated: Bools, random: np.random.Generator,
    wanted: int | None,
) -> Bools | None:  # fmt: skip
    """Connected pixels of one class that the stroke is for."""
    from skimage.measure import label

    if predicted is not None and wanted is None:
        wrong = errors(truth, predicted, annotated)
        if wrong.any():
            pieces = label(np.where(wrong, truth + 1, 0), background=0, connectivity=1)  # type: ignore[no-untyped-call]
            return np.asarray(pieces == np.argmax(np.bincount(pieces.ravel())[1:]) + 1)
    free = (truth != NOTHING) & ~annotated
    if wanted is not None:
        free &= truth == wanted
    if not free.any():
        return None
    row, column = divmod(int(random.choice(np.flatnonzero(free))), truth.shape[1])
    reach = int(hand.length) // 2 + 1
    near = np.zeros(truth.shape, bool)
    near[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach] = True
    pieces = label(near & free & (truth == truth[row, column]), connectivity=1)  # type: ignore[no-untyped-call]
    return np.asarray(pieces == pieces[row, column])


def centreline(piece: Bools, length: float) -> NDArray[np.int64]:
    """Pixels (n; row, column) along the longest way through the skeleton of connected pixels, the middle `length`
    pixels of it."""
    from skimage.morphology import skeletonize

    rows, columns = np.flatnonzero(piece.any(1)), np.flatnonzero(piece.any(0))
    top, left = int(rows[0]), int(columns[0])
    part = np.pad(piece[top : rows[-1] + 1, left : columns[-1] + 1], 1)
    bones = {(int(r), int(c)) for r, c in np.argwhere(skeletonize(part))}  # type: ignore[no-untyped-call]
    if not bones:
        place = np.unravel_index(int(np.argmax(_room(part))), part.shape)
        bones = {(int(place[0]), int(place[1]))}
    way = _way(bones, _way(bones, min(bones))[-1])
    path = np.array(way, np.int64) + np.array((top - 1, left - 1))
    along = np.concatenate(([0.0], np.hypot(*np.diff(path, axis=0).T).cumsum()))
    return np.asarray(path[np.abs(along - along[-1] / 2) <= length / 2])


def _way(bones: set[tuple[int, int]], start: tuple[int, int]) -> list[tuple[int, int]]:
    """The way from `start` to the pixel of the skeleton that is farthest from it."""
    before: dict[tuple[int, int], tuple[int, int]] = {start: start}
    waiting, last = deque([start]), start
    while waiting:
        last = row, column = waiting.popleft()
        for r, c in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            following = row + r, column + c
            if following in bones and following not in before:
                before[following] = last
                waiting.append(following)
    way = [last]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def _room(inside: Bools) -> NDArray[np.float64]:
    """Distance of each pixel's centre to the nearest one outside; infinite where there is none."""
    from scipy.ndimage import distance_transform_edt

    if inside.all():
        return np.full(inside.shape, math.inf)
    return np.asarray(distance_transform_edt(inside))


def _swept(shape: tuple[int, ...], points: Points, radii: NDArray[np.float64]) -> Bools:
    """Pixels within a disc around any of the points; at least the pixel under each point inside the window."""
    painted = np.zeros(shape, bool)
    for (row, column), radius in zip(points, radii, strict=True):
        top, left = max(0, math.floor(row - radius)), max(0, math.floor(column - radius))
        bottom, right = max(0, math.ceil(row + radius) + 1), max(0, math.ceil(column + radius) + 1)
        part = painted[top:bottom, left:right]
        r, c = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        part |= (r - row) ** 2 + (c - column) ** 2 <= max(radius, 0.5) ** 2
    return painted
