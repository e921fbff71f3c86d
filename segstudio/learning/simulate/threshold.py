"""Threshold: the best that grey values or colours alone can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.classical.threshold import otsu
from segstudio.core.codes import NOTHING, classes_of
from segstudio.core.metrics import confusion
from segstudio.learning.evaluate import mean_dice
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import BoxTuple, Probabilities
from segstudio.learning.scaling import scale
from segstudio.learning.simulate.learners import Setting
from segstudio.learning.simulate.picture import SimulatedImage

SIGMAS = (0.0, 1.0, 2.0)
"""Smoothing that is tried, in pixels."""

Rule = Callable[[NDArray[np.float32]], NDArray[np.uint8]]
"""Scaled pixels (channels, rows, columns) to a class map."""


class Threshold:
    """Two classes: Otsu or the threshold fitted to the annotated pixels, either side, smoothed or not, whichever
    scores best on those pixels. More classes: the nearest mean colour."""

    def begin(self, setting: Setting) -> None:
        self._setting, self.ready = setting, False
        self._rule: Rule = lambda pixels: np.zeros(pixels.shape[1:], np.uint8)

    def update(self, regions: Sequence[Labelled]) -> float:
        start, count = time.perf_counter(), len(self._setting.classes)
        pictures = [scale(r.pixels, r.ranges) for r in regions]
        truths = [classes_of(r.codes) for r in regions]
        if len(np.unique(np.concatenate([t[t != NOTHING] for t in truths]))) >= 2:
            rules = list(_two_classes(pictures, truths) if count == 2 else _means(pictures, truths, count))
            scores = [
                mean_dice(np.sum([confusion(t, rule(p), count) for p, t in zip(pictures, truths, strict=True)], axis=0))
                for rule in rules
            ]
            self._rule, self.ready = rules[int(np.argmax(scores))], True
        return time.perf_counter() - start

    def refresh(self, regions: Sequence[Labelled]) -> float:
        return 0.0

    def probabilities(self, picture: SimulatedImage) -> Probabilities:
        found = self._rule(scale(picture.pixels, picture.ranges))
        return np.asarray(found == np.arange(len(self._setting.classes))[:, None, None], np.float32)

    def glance(self, picture: SimulatedImage, box: BoxTuple) -> Probabilities:
        top, left, bottom, right = box  # Otsu needs the whole picture
        return self.probabilities(picture)[:, top:bottom, left:right]


def _two_classes(pictures: Sequence[NDArray[np.float32]], truths: Sequence[NDArray[np.uint8]]) -> list[Rule]:
    rules: list[Rule] = []
    for sigma in SIGMAS:
        grey = [_smooth(p, sigma).mean(0) for p in pictures]
        values = [np.concatenate([g[t == k] for g, t in zip(grey, truths, strict=True)]) for k in (0, 1)]
        level = _fitted(*values)
        rules += [_fixed(sigma, level, bright) for bright in (True, False)]
        rules += [_otsu(sigma, bright) for bright in (True, False)]
    return rules


def _means(pictures: Sequence[NDArray[np.float32]], truths: Sequence[NDArray[np.uint8]], classes: int) -> list[Rule]:
    rules = []
    for sigma in SIGMAS:
        smooth = [_smooth(p, sigma) for p in pictures]
        means = np.full((classes, len(pictures[0])), np.inf, np.float32)
        for k in range(classes):
            values = np.concatenate([p[:, t == k] for p, t in zip(smooth, truths, strict=True)], axis=1)
            if values.size:
                means[k] = values.mean(1)
        rules.append(_nearest(sigma, means))
    return rules


def _fitted(dark: NDArray[np.float32], bright: NDArray[np.float32]) -> float:
    """The grey value that parts the two best, both counting the same."""
    levels = np.unique(np.percentile(np.concatenate((dark, bright)), np.linspace(0, 100, 201)))
    right = [abs((dark <= level).mean() + (bright > level).mean() - 1) for level in levels]
    return float(levels[int(np.argmax(right))])


def _fixed(sigma: float, level: float, bright: bool) -> Rule:
    return lambda pixels: ((_smooth(pixels, sigma).mean(0) > level) == bright).astype(np.uint8)


def _otsu(sigma: float, bright: bool) -> Rule:
    side: Any = "bright" if bright else "dark"
    return lambda pixels: otsu(_smooth(pixels, sigma).mean(0), foreground=side).astype(np.uint8)


def _nearest(sigma: float, means: NDArray[np.float32]) -> Rule:
    def rule(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
        smooth = _smooth(pixels, sigma)
        return np.asarray(np.argmin([((smooth - m[:, None, None]) ** 2).sum(0) for m in means], 0), np.uint8)

    return rule


def _smooth(pixels: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(pixels, (0, sigma, sigma)), np.float32) if sigma else pixels
