"""Images that nobody ever took, with labels: what the starter model is trained on (scripts/train_starter.py).

A world has a kind of geometry and a look for each of its classes; images of one world differ in everything else.
Only random numbers go in, so nobody's licence or privacy is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

Floats = NDArray[np.float32]
Labels = NDArray[np.uint8]
Random = np.random.Generator


def noise(random: Random, size: int, sigma: float) -> Floats:
    """Smooth noise (size, size) of mean 0 and deviation 1; `sigma` in pixels is how coarse it is."""
    found = gaussian_filter(random.standard_normal((size, size), dtype=np.float32), sigma, mode="wrap")
    return np.asarray((found - found.mean()) / max(float(found.std()), 1e-6), np.float32)


def bent(random: Random, size: int, strength: float) -> tuple[Floats, Floats]:
    """Row and column of each pixel, bent by smooth noise of `strength` pixels."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    coarse = float(random.uniform(8, 24))
    return rows + strength * noise(random, size, coarse), columns + strength * noise(random, size, coarse)


# --- geometry: what lies where ------------------------------------------------------------------------------


def cells(random: Random, size: int, scale: float) -> Labels:
    """Cells (1) behind membranes (0), as in electron micrographs."""
    rows, columns = bent(random, size, scale / 6)
    seeds = random.uniform(-scale, size + scale, (int(2 + (size / scale + 2) ** 2), 2))
    near, _ = cKDTree(seeds).query(np.stack((rows.ravel(), columns.ravel()), 1), k=2)
    gap = (near[:, 1] - near[:, 0]).reshape(size, size)
    found: Labels = (gap > random.uniform(1.5, 4.5)).astype(np.uint8)
    return found


def discs(random: Random, size: int, scale: float) -> Labels:
    """Round to lengthy objects (1) that may touch, as nuclei do."""
    rows, columns = bent(random, size, scale / 8)
    found = np.zeros((size, size), np.uint8)
    for _ in range(int(random.uniform(0.2, 0.8) * (size / scale) ** 2) + 1):
        row, column = random.uniform(0, size, 2)
        angle, longer = random.uniform(0, np.pi), random.uniform(1, 2)
        radius = scale * random.uniform(0.3, 0.6)
        dy, dx = rows - row, columns - column
        u, v = dy * np.cos(angle) + dx * np.sin(angle), dx * np.cos(angle) - dy * np.sin(angle)
        found[(u / longer) ** 2 + v**2 < radius**2] = 1
    return found


def curves(random: Random, size: int, scale: float) -> Labels:
    """Thin winding lines (1) of changing width, as vessels: where smooth noise crosses zero."""
    height = noise(random, size, scale / 2)
    slope = np.hypot(*np.gradient(height)) + 1e-3
    width = random.uniform(0.7, 2.5) * np.exp(0.4 * noise(random, size, scale))
    lines = (np.abs(height) / slope < width) & (noise(random, size, 2 * scale) > random.uniform(-2, 0.3))
    found: Labels = lines.astype(np.uint8)
    return found


def regions(random: Random, size: int, scale: float) -> Labels:
    """Two to five kinds of ground with smooth borders, as in landscapes and tissue."""
    kinds = int(random.integers(2, 6))
    fields = np.stack([noise(random, size, scale) + 0.3 * noise(random, size, scale / 3) for _ in range(kinds)])
    return np.asarray(fields.argmax(0), np.uint8)


def parcels(random: Random, size: int, scale: float) -> Labels:
    """Straight-edged fields of two to four kinds, with roads between them as one more."""
    angle = random.uniform(0, np.pi)
    rows, columns = bent(random, size, 0.5)
    u, v = rows * np.cos(angle) + columns * np.sin(angle), columns * np.cos(angle) - rows * np.sin(angle)
    step_u, step_v = scale * random.uniform(0.8, 1.6), scale * random.uniform(0.8, 1.6)
    shift = random.uniform(0, scale, 2)
    i, j = ((u + shift[0]) // step_u).astype(int), ((v + shift[1]) // step_v).astype(int)
    kinds = random.integers(1, int(random.integers(2, 5)), (97, 89))
    found: Labels = kinds[i % 97, j % 89].astype(np.uint8)
    half = random.uniform(1.5, 4)
    road = np.minimum((u + shift[0]) % step_u, (v + shift[1]) % step_v) < 2 * half
    found[road] = 0
    return found


def houses(random: Random, size: int, scale: float) -> Labels:
    """Rectangles (1) and a few long strips (2) on ground (0), as seen from the air."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    found = np.zeros((size, size), np.uint8)
    main = random.uniform(0, np.pi)
    for _ in range(int(random.integers(0, 4))):
        angle, place = main + random.choice((0, np.pi / 2)), random.uniform(-size / 2, size / 2)
        across = (rows - size / 2) * np.cos(angle) + (columns - size / 2) * np.sin(angle) - place
        found[np.abs(across) < scale * random.uniform(0.1, 0.35)] = 2
    for _ in range(int(random.uniform(0.1, 0.5) * (size / scale) ** 2) + 1):
        row, column = random.uniform(0, size, 2)
        u = (rows - row) * np.cos(main) + (columns - column) * np.sin(main)
        v = (columns - column) * np.cos(main) - (rows - row) * np.sin(main)
        found[(np.abs(u) < scale * random.uniform(0.2, 0.6)) & (np.abs(v) < scale * random.uniform(0.2, 0.6))] = 1
    return found


def lesions(random: Random, size: int, scale: float) -> Labels:
    """A few large soft-edged patches (1)."""
    return (noise(random, size, scale) + 0.2 * noise(random, size, 3) > random.uniform(0.3, 1.3)).astype(np.uint8)


GEOMETRIES: dict[str, tuple[Callable[[Random, int, float], Labels], float, float]] = {
    "cells": (cells, 14, 48),
    "discs": (discs, 10, 48),
    "curves": (curves, 8, 32),
    "regions": (regions, 10, 32),
    "parcels": (parcels, 16, 56),
    "houses": (houses, 12, 40),
    "lesions": (lesions, 8, 30),
}
"""Each geometry with the range of its scale in pixels."""

CLASSES = 5
"""The most classes a world has."""


# --- looks --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """How a class looks: colour (3), and texture of two scales (pixels) with a strength and colour (3) each."""

    color: Floats
    scales: tuple[float, float]
    textures: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class World:
    """A kind of image: geometry, its scale, a look for each class, and how it was "taken"."""

    geometry: str
    scale: float
    looks: tuple[Look, ...]
    grey: bool
    blur: float
    grain: float
    shade: float
    clutter: float

    @classmethod
    def random(cls, random: Random) -> World:
        """Any world; the looks of its classes differ, though sometimes only in texture."""
        name = str(random.choice(list(GEOMETRIES)))
        _, low, high = GEOMETRIES[name]
        spread = float(random.choice((0.08, 0.25, 0.5)))
        middle = random.uniform(0.25, 0.75, 3)
        looks = tuple(
            Look(
                (middle + spread * random.standard_normal(3)).astype(np.float32),
                (float(2 ** random.uniform(-1, 1)), float(2 ** random.uniform(1, 3))),
                (_strength(random), _strength(random)),
            )
            for _ in range(CLASSES)
        )
        return cls(
            name,
            scale=float(random.uniform(low, high)),
            looks=looks,
            grey=bool(random.random() < 0.5),
            blur=float(random.choice((0, 0.6, 1.2))),
            grain=float(random.exponential(0.04)),
            shade=float(random.exponential(0.08)),
            clutter=float(random.choice((0, 0, 0.15, 0.3))),
        )

    def draw(self, random: Random, size: int = 128) -> tuple[Floats, Labels]:
        """An image of this world: pixels (3, size, size), scaled to about -1 .. 1, and labels (size, size)."""
        labels = GEOMETRIES[self.geometry][0](random, size, self.scale)
        pixels = np.zeros((3, size, size), np.float32)
        for class_id in np.unique(labels):
            look = self.looks[class_id]
            filling = look.color[:, None, None] + sum(
                strength[:, None, None] * noise(random, size, scale)
                for scale, strength in zip(look.scales, look.textures, strict=True)
            )
            inside = labels == class_id
            pixels[:, inside] = filling[:, inside]
        if self.clutter:  # things of no class, as organelles, cars and dirt are
            spots = noise(random, size, float(random.uniform(1.5, 4))) > 1.8
            pixels[:, spots] += self.clutter * float(random.choice((-1, 1)))
        if self.blur:
            pixels = gaussian_filter(pixels, (0, self.blur, self.blur))
        pixels += self.shade * noise(random, size, size / 3)
        if self.grey:
            pixels[:] = pixels.mean(0)
        grain = random.standard_normal((1 if self.grey else 3, size, size), dtype=np.float32)
        pixels = pixels + self.grain * grain
        low, high = np.percentile(pixels, (0.5, 99.5), axis=(1, 2), keepdims=True)
        return np.clip((pixels - low) / np.maximum(high - low, 1e-3) * 2 - 1, -1.5, 1.5).astype(np.float32), labels


def _strength(random: Random) -> Floats:
    """How strongly a texture colours (3)."""
    return np.asarray(random.exponential(0.08) * random.uniform(0.3, 1, 3), np.float32)


def strokes(labels: Labels, random: Random, count: int, radius: int = 2, length: int = 24) -> NDArray[np.int64]:
    """Pixels (n, 2; row, column) of short random strokes, `count` for each class, each inside its class."""
    found = []
    size = labels.shape[0]
    for class_id in np.unique(labels):
        places = np.argwhere(labels == class_id)
        for _ in range(count):
            row, column = places[random.integers(len(places))].astype(float)
            angle = random.uniform(0, 2 * np.pi)
            line = np.array((row, column)) + np.outer(np.arange(length), (np.sin(angle), np.cos(angle)))
            beside = (line[:, None] + random.integers(-radius, radius + 1, (1, 3, 2))).reshape(-1, 2)
            near = beside.round().astype(np.int64)
            near = near[((near >= 0) & (near < size)).all(1)]
            found.append(near[labels[near[:, 0], near[:, 1]] == class_id])
    return np.unique(np.concatenate(found), axis=0)
