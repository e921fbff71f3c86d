"""A document as plainly as can be: whole arrays, whole formulas. What the soak test compares the program with."""

from __future__ import annotations

import copy
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Shape

Point = tuple[float, float]

RIM = 1e-9
"""A pixel whose centre lies on the rim of the brush is painted, whatever rounding says."""


@dataclass
class BenchStep:
    """One undoable change: a rectangle of a layer before and after, squeezed, or the order of layers."""

    layer: int = 0
    place: tuple[slice, slice, slice] = (slice(0), slice(0), slice(0))
    sides: tuple[bytes, bytes] = (b"", b"")
    orders: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))


class Model:
    """Layers as arrays of codes (origin * 256 + class, 0 unset), (slices, rows, columns), and a list of steps."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.codes: dict[int, NDArray[np.uint16]] = {1: np.zeros(shape, np.uint16)}
        self._parked: dict[int, bytes] = {}
        self.order, self._next = [1], 1
        self.steps: list[BenchStep] = []
        self.position = 0

    def stroke(self, layer: int, z: int, path: list[Point], radius: float, code: int) -> None:
        """Every pixel whose centre is within the radius of the path, and the one under each point."""
        rows, columns = np.mgrid[0 : self.shape[1], 0 : self.shape[2]] + 0.5
        painted = np.zeros(self.shape[1:], bool)
        for start, end in zip([path[0], *path[:-1]], path, strict=True):
            along = (end[0] - start[0], end[1] - start[1])
            length = along[0] ** 2 + along[1] ** 2
            share = ((rows - start[0]) * along[0] + (columns - start[1]) * along[1]) / length if length else 0
            share = np.clip(share, 0, 1)
            r, c = rows - start[0] - share * along[0], columns - start[1] - share * along[1]
            painted |= r * r + c * c <= (radius + RIM) ** 2
            row, column = int(np.floor(end[0])), int(np.floor(end[1]))
            if 0 <= row < self.shape[1] and 0 <= column < self.shape[2]:
                painted[row, column] = True
        changed = painted & (self.codes[layer][z] != code)
        if not changed.any():
            return
        r, c = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        place = (slice(z, z + 1), slice(r[0], r[-1] + 1), slice(c[0], c[-1] + 1))
        before = zlib.compress(self.codes[layer][place].tobytes(), 1)
        self.codes[layer][z][changed] = code
        self._push(BenchStep(layer, place, (before, zlib.compress(self.codes[layer][place].tobytes(), 1))))

    def add_layer(self) -> None:
        number = self._next = self._next + 1
        self.codes[number] = np.zeros(self.shape, np.uint16)
        self._reorder([*self.order, number])

    def remove_layer(self, layer: int) -> None:
        """Its codes stay, as it may come back."""
        self._reorder([number for number in self.order if number != layer])

    def undo(self) -> None:
        if self.position:
            self.position -= 1
            self._apply(self.steps[self.position], 0)

    def redo(self) -> None:
        if self.position < len(self.steps):
            self._apply(self.steps[self.position], 1)
            self.position += 1

    def _reorder(self, order: list[int]) -> None:
        self._push(BenchStep(orders=(copy.copy(self.order), order)))
        self._show(order)

    def _show(self, order: list[int]) -> None:
        """Layers that are not shown are squeezed, so that the model's own memory does not hide the program's."""
        for number in {*self.codes} - {*order}:
            self._parked[number] = zlib.compress(self.codes.pop(number).tobytes(), 1)
        for number in {*order} & {*self._parked}:
            codes = np.frombuffer(zlib.decompress(self._parked.pop(number)), np.uint16)
            self.codes[number] = codes.reshape(self.shape).copy()
        self.order = order

    def _push(self, step: BenchStep) -> None:
        del self.steps[self.position :]
        self.steps.append(step)
        self.position = len(self.steps)

    def _apply(self, step: BenchStep, side: int) -> None:
        if step.layer:
            target = self.codes[step.layer][step.place]
            target[...] = np.frombuffer(zlib.decompress(step.sides[side]), np.uint16).reshape(target.shape)
        else:
            self._show(step.orders[side])
