"""Edges: an image in, a mask of edges, or of what they enclose, out.

Images are 2-D (rows, columns), of any integer or float dtype. Gradients are taken after a Gaussian whose
sigma is in pixels; quantiles are of the gradient magnitude over the whole image, so 0.9 keeps the steepest
tenth. Pixels that are NaN or infinite are never in a mask (they are replaced by the nearest finite pixel
before smoothing), and an image of one value has no edges: its mask is all background.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from segstudio.classical.pixels import fill_gaps, prepare
from segstudio.core.parameters import Range
from segstudio.errors import UserError

Image = NDArray[Any]
Mask = NDArray[np.bool_]
Magnitude = NDArray[np.float64]

Quantile = Range(0.0, 1.0, 0.01)
Sigma = Annotated[float, Range(0.0, 20.0, 0.5), "Gaussian blur first; sigma in pixels, 0 is off."]
Low = Annotated[float, Quantile, "Weak edges are steeper than this share of all pixels."]
High = Annotated[float, Quantile, "Strong edges are steeper than this share of all pixels."]

FLAT = 1e-6
"""Gradients below this share of the image's range are rounding, not edges."""


def sobel(
    image: Image,
    *,
    quantile: Annotated[float, Quantile, "Edges are steeper than this share of all pixels."] = 0.9,
    smoothing: Sigma = 1.0,
) -> Mask:
    """Where the image is steep: gradient magnitude above a quantile. Broad edges; see `canny` for thin ones.

    Sobel and Feldman 1968, A 3x3 isotropic gradient operator for image processing.
    """
    values, valid = _smooth(image, smoothing)
    steepness, floor = _gradient(values, valid)
    if not floor:
        return np.zeros(values.shape, np.bool_)
    return (steepness > max(float(np.quantile(steepness[valid], quantile)), floor)) & valid


def canny(image: Image, *, sigma: Sigma = 2.0, low: Low = 0.8, high: High = 0.95) -> Mask:
    """Edges one pixel thin: ridges of the gradient above `low` that are connected to one above `high`.

    The outermost pixels of the image are never edges. UserError where `low` is above `high`. Canny 1986, A
    computational approach to edge detection.
    """
    from skimage import feature

    if low > high:
        raise UserError(
            "The two edge strengths are crossed.",
            why=f"The lower one ({low:g}) is above the upper one ({high:g}).",
            hint="Exchange them, or move the lower one down.",
        )
    values, valid = _smooth(image, sigma)
    steepness, floor = _gradient(values, valid)
    if not floor or min(values.shape) < 3:
        return np.zeros(values.shape, np.bool_)
    weak, strong = (max(float(q), floor) for q in np.quantile(steepness[valid], (low, high)))
    # Smoothed above, with the image continued at its frame; scikit-image would continue it with zeros.
    find: Callable[..., Mask] = feature.canny
    return find(values, sigma=0.0, low_threshold=weak, high_threshold=strong) & valid


def contours(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    low: Low = 0.8,
    high: High = 0.95,
    closing: Annotated[int, range(0, 21), "Gaps in the outline up to twice this many pixels are closed."] = 2,
    smallest: Annotated[int, range(0, 100_001), "Regions of fewer pixels are dropped."] = 64,
) -> Mask:
    """What Canny's edges enclose: gaps closed with a disc of radius `closing`, holes filled, loose lines and
    regions below `smallest` pixels dropped.

    An object that the image frame cuts is not enclosed, so it is not found. UserError where `low` is above
    `high`. Canny 1986; closing and filling as in Soille 2003, Morphological image analysis.
    """
    from scipy import ndimage

    edges = canny(image, sigma=sigma, low=low, high=high)
    if not edges.any():
        return edges
    # The frame must not act as background for the closing, so there is room around it.
    room = np.pad(edges, closing)
    closed = ndimage.binary_closing(room, _disc(closing)) if closing else room
    filled = ndimage.binary_fill_holes(closed)
    solid = ndimage.binary_opening(filled, _disc(1))
    parts, _ = ndimage.label(solid)
    sizes = np.bincount(parts.ravel())
    keep = sizes >= max(smallest, 1)
    keep[0] = False
    rows, columns = edges.shape
    kept = keep[parts][closing : closing + rows, closing : closing + columns]
    return np.asarray(kept & np.isfinite(image), np.bool_)


def _smooth(image: Image, sigma: float) -> tuple[Magnitude, Mask]:
    values, valid = prepare(image, sigma)
    return fill_gaps(values, valid).astype(np.float64, copy=False), valid


def _gradient(values: Magnitude, valid: Mask) -> tuple[Magnitude, float]:
    """Sobel magnitude, and the magnitude below which there is nothing but rounding; 0 for a flat image."""
    from scipy import ndimage

    steepness = np.hypot(ndimage.sobel(values, axis=0), ndimage.sobel(values, axis=1)) if values.size else values
    extent = float(np.ptp(values[valid])) if valid.any() else 0.0
    return steepness, FLAT * extent


def _disc(radius: int) -> Mask:
    rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(rows * rows + columns * columns <= radius * radius, np.bool_)
