"""Thresholds: an image in, a mask out.

Images are 2-D (rows, columns), of any integer or float dtype or bool. Masks are bool of the same shape.
Common to all functions:

- `foreground` says which side is wanted: "bright" is *above* the threshold, "dark" is the rest.
- `smoothing` is the sigma in pixels of a Gaussian applied first; 0 leaves the image as it is.
- Pixels that are NaN or infinite take no part in finding a threshold and are always background; for
  neighbourhoods they are replaced by the nearest finite pixel.
- In an image of one value (or of none, being empty or all NaN) nothing stands out: the mask is all
  background. This keeps black slices and empty map tiles from stopping a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.classical.pixels import fill_gaps, prepare, robust_range
from segstudio.core.parameters import ImageValue, Range
from segstudio.errors import UserError

Image = NDArray[Any]
Mask = NDArray[np.bool_]
ClassMap = NDArray[np.uint8]

Foreground = Annotated[Literal["bright", "dark"], "Which side of the threshold is wanted."]
Smoothing = Annotated[float, Range(0.0, 20.0, 0.5), "Gaussian blur first; sigma in pixels, 0 is off."]
Fraction = Range(0.0, 1.0, 0.01)

HISTOGRAM_BINS = 256


def manual(
    image: Image,
    *,
    low: Annotated[float | None, ImageValue(0.5), "Darkest value wanted; empty: half-way up the range."] = None,
    high: Annotated[float | None, ImageValue(1.0), "Brightest value wanted; empty: no upper limit."] = None,
    invert: Annotated[bool, "Take everything outside the two values instead."] = False,
    smoothing: Smoothing = 0.0,
) -> Mask:
    """Pixels from `low` to `high`, both included, in the image's own units (grey value, Hounsfield units,
    metres).

    Unlike the automatic methods it works on an image of one value too. UserError where `low` is above `high`.
    """
    values, valid = prepare(image, smoothing)
    if not valid.any():
        return valid
    if low is None:
        smallest, largest = float(values[valid].min()), float(values[valid].max())
        low = smallest + 0.5 * (largest - smallest)
        low = low if high is None else min(low, high)
    if high is not None and low > high:
        raise _crossed(low, high)
    # Floats are compared in the image's precision, so that 0.3 as shown in the window includes that pixel.
    with np.errstate(over="ignore"):
        inside = values >= low if high is None else (values >= low) & (values <= high)
    return np.asarray((inside != invert) & valid, np.bool_)


def otsu(image: Image, *, foreground: Foreground = "bright", smoothing: Smoothing = 0.0) -> Mask:
    """Two groups of grey values with the smallest variance within; the first thing to try.

    Otsu 1979, A threshold selection method from gray-level histograms.
    """
    from skimage.filters import threshold_otsu

    return _automatic(image, threshold_otsu, foreground, smoothing)


def li(image: Image, *, foreground: Foreground = "bright", smoothing: Smoothing = 0.0) -> Mask:
    """Least cross entropy between image and mask; good for small bright objects on a dark background.

    Li and Lee 1993, Minimum cross entropy thresholding; iteration of Li and Tam 1998.
    """
    from skimage.filters import threshold_li

    return _automatic(image, threshold_li, foreground, smoothing)


def yen(image: Image, *, foreground: Foreground = "bright", smoothing: Smoothing = 0.0) -> Mask:
    """Largest entropic correlation of the two groups; keeps only what is clearly bright.

    Yen, Chang and Chang 1995, A new criterion for automatic multilevel thresholding.
    """
    from skimage.filters import threshold_yen

    return _automatic(image, threshold_yen, foreground, smoothing)


def triangle(image: Image, *, foreground: Foreground = "bright", smoothing: Smoothing = 0.0) -> Mask:
    """The foot of the histogram's long tail; for few foreground pixels without a peak of their own.

    Zack, Rogers and Latt 1977, Automatic measurement of sister chromatid exchange frequency.
    """
    from skimage.filters import threshold_triangle

    return _automatic(image, threshold_triangle, foreground, smoothing)


def multi_otsu(
    image: Image,
    *,
    classes: Annotated[int, range(3, 6), "Number of classes, background included."] = 3,
    foreground: Foreground = "bright",
    smoothing: Smoothing = 0.0,
) -> ClassMap:
    """Several groups of grey values with the smallest variance within: a map of classes 0 .. `classes` - 1.

    Class 0 is the darkest group and the last the brightest; the other way round for `foreground` "dark".
    Pixels without a finite value are 0. UserError where the image has fewer different values than classes
    (an image of a single value is all 0). Liao, Chen and Chung 2001, A fast algorithm for multilevel
    thresholding; the optimum is found by dynamic programming, which is exact and takes milliseconds for five
    classes too.
    """
    values, valid = prepare(image, smoothing)
    result = np.zeros(values.shape, np.uint8)
    samples = values[valid]
    if _flat(samples):
        return result
    levels = np.searchsorted(multi_otsu_thresholds(samples, classes), samples, side="left").astype(np.uint8)
    result[valid] = levels if foreground == "bright" else classes - 1 - levels
    return result


def multi_otsu_thresholds(samples: Image, classes: int) -> NDArray[np.float64]:
    """The `classes` - 1 thresholds, rising; a value belongs to the class above a threshold if it is
    larger."""
    from skimage.exposure import histogram

    whole = samples.dtype.kind in "iu" and int(samples.max()) - int(samples.min()) < HISTOGRAM_BINS
    counts, centres = histogram(samples if whole else samples.astype(np.float64), HISTOGRAM_BINS, source_range="image")
    used = counts > 0
    if used.sum() < classes:
        raise UserError(
            f"The image can not be split into {classes} classes.",
            why=f"It has only {int(used.sum())} different values.",
            hint="Ask for fewer classes, or use Otsu.",
        )
    weights, sums = np.cumsum(counts[used], dtype=np.float64), np.cumsum((counts * centres)[used])
    weights, sums = np.insert(weights, 0, 0.0), np.insert(sums, 0, 0.0)
    mass, total = weights[None] - weights[:, None], sums[None] - sums[:, None]
    # gain[i, j]: what a class of the levels i .. j - 1 adds to the variance between classes.
    gain = np.where(mass > 0, total * total / np.where(mass > 0, mass, 1.0), -np.inf)
    best, choices = gain[0], []
    for _ in range(classes - 1):
        options = best[:, None] + gain
        choices.append(options.argmax(axis=0))
        best = options.max(axis=0)
    cuts, end = [], weights.size - 1
    for choice in reversed(choices):
        end = int(choice[end])
        cuts.append(end)
    return np.asarray(centres[used][np.array(cuts[::-1]) - 1], np.float64)


def adaptive(
    image: Image,
    *,
    window: Annotated[int, range(3, 302, 2), "Side of the neighbourhood; larger than the objects."] = 51,
    offset: Annotated[float, Range(-0.5, 0.5, 0.01), "How far a pixel has to stand out."] = 0.02,
    mean: Annotated[Literal["gaussian", "mean", "median"], "How the surroundings are averaged."] = "gaussian",
    foreground: Foreground = "bright",
    smoothing: Smoothing = 0.0,
) -> Mask:
    """Compare each pixel with its surroundings; copes with uneven light.

    `window` is in pixels. `offset` is a share of the image's robust range (0.5 to 99.5 percentile): a pixel
    is foreground if it is at least that much brighter (or darker) than the mean of its window. The median is
    taken on 256 levels of the robust range. Bradley and Roth 2007, Adaptive thresholding using the integral
    image.
    """
    from scipy import ndimage

    values, valid = prepare(image, smoothing)
    if _flat(values[valid]):
        return np.zeros(values.shape, np.bool_)
    low, high = robust_range(values[valid])
    scaled = (fill_gaps(values, valid).astype(np.float64) - low) / (high - low)
    if mean == "median":
        from skimage.filters import rank

        median: Callable[..., Image] = rank.median
        levels = np.rint(np.clip(scaled, 0.0, 1.0) * 255.0).astype(np.uint8)
        local = median(levels, np.ones((window, window), np.uint8)) / 255.0
    elif mean == "mean":
        local = ndimage.uniform_filter(scaled, window)
    else:
        local = ndimage.gaussian_filter(scaled, (window - 1) / 6)  # three sigma either way, as scikit-image
    difference = scaled - local if foreground == "bright" else local - scaled
    return np.asarray((difference > offset) & valid, np.bool_)


def hysteresis(
    image: Image,
    *,
    low: Annotated[float, Fraction, "Weak pixels are above this share of the range."] = 0.4,
    high: Annotated[float, Fraction, "Strong pixels are above this share of the range."] = 0.6,
    foreground: Foreground = "bright",
    smoothing: Smoothing = 0.0,
) -> Mask:
    """Strong pixels, and the weak ones that hang on to them; thin structures stay in one piece.

    `low` and `high` are shares of the image's robust range (0.5 to 99.5 percentile), 0 at the background's
    end: at the dark end for bright foreground, at the bright end for dark. Pixels touch by their sides.
    UserError where `low` is above `high`. The idea is Canny's (1986).
    """
    from skimage.filters import apply_hysteresis_threshold

    if low > high:
        raise _crossed(low, high)
    values, valid = prepare(image, smoothing)
    if _flat(values[valid]):
        return np.zeros(values.shape, np.bool_)
    bottom, top = robust_range(values[valid])
    share = (values.astype(np.float64) - bottom) / (top - bottom)
    share = np.where(valid, share if foreground == "bright" else 1.0 - share, -np.inf)
    connected: Callable[..., Mask] = apply_hysteresis_threshold
    return connected(share, low, high)


def _automatic(
    image: Image, find: Callable[[Image], float], foreground: Literal["bright", "dark"], smoothing: float
) -> Mask:
    values, valid = prepare(image, smoothing)
    samples = values[valid]
    if _flat(samples):
        return np.zeros(values.shape, np.bool_)
    above = values > find(samples)
    return (above if foreground == "bright" else ~above) & valid


def _flat(samples: Image) -> bool:
    return samples.size == 0 or bool(samples.min() == samples.max())


def _crossed(low: float, high: float) -> UserError:
    return UserError(
        "The two thresholds are crossed.",
        why=f"The lower one ({low:g}) is above the upper one ({high:g}).",
        hint="Exchange them, or move the lower one down.",
    )
