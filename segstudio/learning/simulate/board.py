"""Board: the pool of pictures while it is annotated, cut into windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, UNSET, ClassMap, Codes, Origin, classes_of, encode
from segstudio.core.guidance import describe
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import BoxTuple, Probabilities
from segstudio.learning.scaling import scale
from segstudio.learning.simulate.annotator import Stroke
from segstudio.learning.simulate.learners import SimulatedLearner
from segstudio.learning.simulate.picture import SimulatedImage


@dataclass(frozen=True, slots=True)
class BoardWindow:
    """What the annotator sees at a time: part of a picture of the pool."""

    picture: int
    top: int
    left: int
    bottom: int
    right: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """Its rows and columns in the picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def box(self) -> BoxTuple:
        return self.top, self.left, self.bottom, self.right


class Board:
    """Annotation of every picture, windows over them in file order, and what the learner says now and said before."""

    def __init__(self, pool: Sequence[SimulatedImage], classes: int, side: int, learner: SimulatedLearner) -> None:
        self.pool, self.classes, self.learner = pool, classes, learner
        self.codes: list[Codes] = [np.full(p.truth.shape, UNSET, np.uint16) for p in pool]
        self.windows = [window for index, p in enumerate(pool) for window in _cut(index, p.truth.shape, side)]
        self.drawn = np.zeros(classes, np.int64)
        """Strokes by class."""
        self.last = -1
        """The window looked at last."""
        self.seen: set[int] = set()
        """Windows looked at since the model changed."""
        self._recent: list[list[tuple[int, int, int, int]]] = [[] for _ in pool]
        self._now: dict[int, Probabilities] = {}
        self._before: dict[int, ClassMap] = {}
        self._glances: dict[BoardWindow, ClassMap] = {}

    def truth(self, window: BoardWindow) -> ClassMap:
        return self.pool[window.picture].truth[window.inside]

    def annotated(self, window: BoardWindow) -> NDArray[np.bool_]:
        return np.asarray(self.codes[window.picture][window.inside] != UNSET)

    def open(self, index: int, wanted: int | None) -> bool:
        """Whether a window has something left to paint (of class `wanted`)."""
        window = self.windows[index]
        truth = self.truth(window)
        right = truth != NOTHING if wanted is None else truth == wanted
        return bool((right & ~self.annotated(window)).any())

    def paint(self, window: BoardWindow, stroke: Stroke) -> int:
        """Write a stroke; returns how many pixels it annotated."""
        self.codes[window.picture][window.inside][stroke.painted] = encode(stroke.class_id, Origin.PAINTED)
        rows, columns = np.flatnonzero(stroke.painted.any(1)), np.flatnonzero(stroke.painted.any(0))
        self.drawn[stroke.class_id] += 1
        if not len(rows):
            return 0
        self._recent[window.picture].append(
            (window.top + int(rows[0]), window.left + int(columns[0]),
             window.top + int(rows[-1]) + 1, window.left + int(columns[-1]) + 1)
        )  # fmt: skip
        return int(stroke.painted.sum())

    def regions(self) -> list[Labelled]:
        """The annotated pictures; the strokes since the last `learnt` are the newest corrections."""
        return [
            Labelled(p.name, p.name, p.pixels, p.ranges, codes.copy(), tuple(recent), digest=p.name)
            for p, codes, recent in zip(self.pool, self.codes, self._recent, strict=True)
            if (codes != UNSET).any()
        ]

    def counts(self) -> NDArray[np.int64]:
        """Annotated pixels by class."""
        found = sum(np.bincount(classes_of(codes).ravel(), minlength=256) for codes in self.codes)
        return np.asarray(found, np.int64)[: self.classes]

    def probabilities(self, picture: int) -> Probabilities:
        """What the learner says of a picture now."""
        if picture not in self._now:
            self._now[picture] = self.learner.probabilities(self.pool[picture])
        return self._now[picture]

    def predicted(self, window: BoardWindow) -> ClassMap:
        """Class map of a window as the learner sees it now."""
        if window.picture in self._now:
            return np.asarray(self._now[window.picture][(slice(None), *window.inside)].argmax(0), np.uint8)
        if window not in self._glances:
            self._glances[window] = (
                self.learner.glance(self.pool[window.picture], window.box).argmax(0).astype(np.uint8)
            )
        return self._glances[window]

    def before(self, window: BoardWindow) -> ClassMap | None:
        """Class map of a window as the version before saw it, if it was asked for then."""
        found = self._before.get(window.picture)
        return None if found is None else found[window.inside]

    def learnt(self) -> None:
        """A round is over: the learner has a new version."""
        self._before = {index: p.argmax(0).astype(np.uint8) for index, p in self._now.items()}
        self._now.clear()
        self._glances.clear()
        self.seen.clear()
        self._recent = [[] for _ in self.pool]

    def refreshed(self, picture: int) -> None:
        """The learner changed its mind within a round: what is looked at is predicted anew."""
        self._now.pop(picture, None)
        self._glances.clear()

    @cached_property
    def features(self) -> NDArray[np.float64]:
        """Windows as features (n, 4 x channels): mean, spread, and edges at two scales."""
        return np.stack([describe(_scaled(self.pool[w.picture], w)) for w in self.windows])


def _cut(picture: int, shape: tuple[int, ...], side: int) -> list[BoardWindow]:
    """Windows of `side` pixels, from the top left to the bottom right; the last ones reach back where they must."""
    rows, columns = shape
    return [
        BoardWindow(picture, top, left, min(top + side, rows), min(left + side, columns))
        for top in _starts(rows, side)
        for left in _starts(columns, side)
    ]


def _starts(size: int, side: int) -> list[int]:
    return sorted({min(start, max(0, size - side)) for start in range(0, size, side)})


def _scaled(picture: SimulatedImage, window: BoardWindow) -> NDArray[np.float32]:
    """A window's pixels (rows, columns, channels) on the scale of networks."""
    return scale(picture.pixels[window.inside], picture.ranges).transpose(1, 2, 0)
