"""Forest: a random forest on hand-made features of several scales, as ilastik's pixel classification does it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, classes_of
from segstudio.errors import UserError
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import BoxTuple, Probabilities
from segstudio.learning.scaling import Ranges, scale
from segstudio.learning.simulate.learners import Setting
from segstudio.learning.simulate.picture import SimulatedImage

SIGMAS = (0.7, 1.0, 1.6, 3.5, 5.0, 10.0)
"""ilastik's scales in pixels."""

TREES = 100


class Forest:
    """100 trees on every annotated pixel (none is set aside: a forest has no gate). Sees no starting weights.

    Berg et al. 2019, ilastik: interactive machine learning for (bio)image analysis. Features of a picture are
    computed once and kept as float16.
    """

    def begin(self, setting: Setting) -> None:
        self._setting, self.ready = setting, False
        self._features: dict[str, NDArray[np.float16]] = {}
        self._make = _classifier()
        self._forest: Any = None

    def update(self, regions: Sequence[Labelled]) -> float:
        start = time.perf_counter()
        x, y = [], []
        for region in regions:
            classes = classes_of(region.codes)
            known = classes != NOTHING
            x.append(self._of(region.name, region.pixels, region.ranges)[:, known].T)
            y.append(classes[known])
        labels = np.concatenate(y)
        if len(np.unique(labels)) >= 2:
            self._forest = self._make(
                TREES, random_state=self._setting.seed, n_jobs=1, class_weight="balanced", max_features="sqrt"
            ).fit(np.concatenate(x), labels)
            self.ready = True
        return time.perf_counter() - start

    def refresh(self, regions: Sequence[Labelled]) -> float:
        return 0.0

    def probabilities(self, picture: SimulatedImage) -> Probabilities:
        return self.glance(picture, (0, 0, *picture.truth.shape))

    def glance(self, picture: SimulatedImage, box: BoxTuple) -> Probabilities:
        top, left, bottom, right = box
        features = self._of(picture.name, picture.pixels, picture.ranges)[:, top:bottom, left:right]
        found = self._forest.predict_proba(features.reshape(len(features), -1).T)
        out = np.zeros((len(self._setting.classes), *features.shape[1:]), np.float32)
        for class_id, column in zip(self._forest.classes_, found.T, strict=True):
            out[class_id] = column.reshape(features.shape[1:])
        return out

    def _of(self, name: str, pixels: NDArray[Any], ranges: Ranges) -> NDArray[np.float16]:
        if name not in self._features:
            self._features[name] = features(scale(pixels, ranges))
        return self._features[name]


def features(pixels: NDArray[np.float32]) -> NDArray[np.float16]:
    """Features (channels x 6 sigmas x 7, rows, columns) of scaled pixels (channels, rows, columns).

    For each sigma: Gaussian smoothing, gradient magnitude, Laplacian of Gaussian, the two eigenvalues of the Hessian
    and the two of the structure tensor (integrated over half the sigma, as in ilastik).
    """
    from scipy import ndimage

    out = []
    for channel in pixels:
        for sigma in SIGMAS:
            rr, rc, cc = (ndimage.gaussian_filter(channel, sigma, order) for order in ((2, 0), (1, 1), (0, 2)))
            gr, gc = (ndimage.gaussian_filter(channel, sigma, order) for order in ((1, 0), (0, 1)))
            tensor = (ndimage.gaussian_filter(part, sigma / 2) for part in (gr * gr, gr * gc, gc * gc))
            out += [ndimage.gaussian_filter(channel, sigma), np.hypot(gr, gc), rr + cc]
            out += [*_eigenvalues(rr, rc, cc), *_eigenvalues(*tensor)]
    return np.stack(out).astype(np.float16)


def _eigenvalues(
    a: NDArray[np.float32], b: NDArray[np.float32], d: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of the matrices ((a, b), (b, d)), the larger first."""
    middle, half = (a + d) / 2, np.hypot((a - d) / 2, b)
    return np.asarray(middle + half, np.float32), np.asarray(middle - half, np.float32)


def _classifier() -> Any:
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError as error:
        raise UserError(
            "The forest needs scikit-learn.", why="It is not installed.", hint="pip install 'segstudio[bench]'"
        ) from error
    return RandomForestClassifier
