"""What all classical methods do to an image first: dtypes the libraries take, gaps, smoothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.errors import UserError

Image = NDArray[Any]
Mask = NDArray[np.bool_]

NARROW = {"b": np.uint8, "i1": np.int16, "i2": np.int32, "u1": np.uint8, "u2": np.uint16, "f2": np.float32}


def prepare(image: Image, smoothing: float) -> tuple[Image, Mask]:
    """The image in a dtype without surprises, smoothed if asked, and where its pixels are finite.

    Integers stay integers if they span at most 65,536 values, so that histograms have one bin per value;
    signed ones get a wider dtype because scikit-image subtracts the minimum in place. Anything smoothed is
    float. Values where the mask is False are finite too, but mean nothing. UserError for complex pixels,
    ValueError for other than 2-D.
    """
    if image.ndim != 2:
        raise ValueError(f"Expected an image of (rows, columns), got the shape {image.shape}.")
    if image.dtype.kind not in "biuf":
        raise UserError(
            f"Pixels of type {image.dtype} can not be compared with a threshold.",
            why="They are not plain numbers.",
            hint="Convert the image first, for example to its magnitude.",
        )
    values = _plain(image)
    if values.dtype.kind in "iu":
        valid = np.ones(values.shape, np.bool_)
    else:
        valid = np.isfinite(values)
        values = fill_gaps(values, valid) if smoothing > 0 else np.where(valid, values, values.dtype.type(0))
    if smoothing > 0 and valid.any():
        from scipy import ndimage

        exact = values.astype(np.float64, copy=False)
        low, high = exact[valid].min(), exact[valid].max()
        # Clipping takes back the rounding that would let a flat image have more than one value.
        values = np.clip(ndimage.gaussian_filter(exact, smoothing, mode="nearest"), low, high)
    return values, valid


def fill_gaps(values: Image, valid: Mask) -> Image:
    """`values` with every pixel that is not valid replaced by the nearest valid one; zeros where there is
    none."""
    if valid.all():
        return values
    if not valid.any():
        return np.zeros_like(values)
    from scipy import ndimage

    nearest = ndimage.distance_transform_edt(~valid, return_distances=False, return_indices=True)
    return np.asarray(values[tuple(nearest)])


def robust_range(samples: Image) -> tuple[float, float]:
    """The 0.5 and 99.5 percentiles; smallest and largest value where those coincide. Needs two different
    values."""
    low, high = (float(value) for value in np.percentile(samples, (0.5, 99.5)))
    return (low, high) if low < high else (float(samples.min()), float(samples.max()))


def _plain(image: Image) -> Image:
    narrow = NARROW.get(image.dtype.str[1:]) or NARROW.get(image.dtype.kind)
    if narrow is not None:
        return image.astype(narrow)
    if image.dtype.kind == "f":
        return image.astype(np.float32 if image.dtype.itemsize == 4 else np.float64)
    low, high = (int(image.min()), int(image.max())) if image.size else (0, 0)
    fits = high - low < 65536 and low > -(2**31) and high < 2**31 - 65536
    return image.astype(np.int32 if fits else np.float64)
