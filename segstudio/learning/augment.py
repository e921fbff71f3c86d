"""Augmentation of image and labels together, on small patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Patch = tuple[NDArray[np.float32], NDArray[np.uint16]]
"""Scaled pixels (channels, rows, columns) and codes (rows, columns)."""


def augment(patch: Patch, random: np.random.Generator, *, contrast: float = 0.2, noise: float = 0.05) -> Patch:
    """Flip and turn both; change brightness, contrast, gamma and noise of the pixels only.

    Flips and quarter turns move pixels without resampling, so no label is invented and none is blurred.
    """
    pixels, codes = patch
    if random.random() < 0.5:
        pixels, codes = pixels[:, :, ::-1], codes[:, ::-1]
    turns = int(random.integers(4)) if codes.shape[0] == codes.shape[1] else 2 * int(random.integers(2))
    pixels, codes = np.rot90(pixels, turns, (1, 2)), np.rot90(codes, turns)
    gain = 1 + contrast * float(random.uniform(-1, 1))
    offset = contrast * float(random.uniform(-1, 1))
    changed = pixels * np.float32(gain) + np.float32(offset)
    if random.random() < 0.3:
        gamma = float(np.exp(random.uniform(-0.35, 0.35)))
        unit = np.clip((changed + 1) / 2, 0, 1)
        changed = unit ** np.float32(gamma) * 2 - 1
    if random.random() < 0.5:
        sigma = noise * float(random.random())
        changed = changed + random.standard_normal(changed.shape, dtype=np.float32) * np.float32(sigma)
    return np.ascontiguousarray(changed, np.float32), np.ascontiguousarray(codes)
