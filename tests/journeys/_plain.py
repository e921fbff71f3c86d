"""A project as plainly as can be: whole arrays and whole states, one for each step that can be undone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box

Codes = NDArray[np.uint16]
"""What people set, (slices, rows, columns): origin * 256 + class, 0 where nobody did. Never changed in place."""
Place = tuple[int, int]
"""An image and a layer of it."""
Point = tuple[float, float]

RIM = 1e-9
"""A pixel whose centre lies on the rim of the brush is painted, whatever rounding says."""


@dataclass(frozen=True)
class State:
    """What a project holds at one moment: ids of its classes, layers of each image from the bottom, their codes."""

    classes: tuple[int, ...]
    layers: dict[int, tuple[int, ...]]
    codes: dict[Place, Codes]

    @classmethod
    def of(cls, document: Any) -> State:
        """What a document of the program holds, every pixel of it."""
        images = document.images.values()
        return cls(
            tuple(entry.id for entry in document.classes),
            {image.id: tuple(layer.id for layer in image.layers) for image in images},
            {
                (image.id, layer.id): np.stack(
                    [layer.annotation.read(Box.whole(layer.shape, z)) for z in range(layer.shape[0])]
                )
                for image in images
                for layer in image.layers
            },
        )

    def with_codes(self, place: Place, codes: Codes) -> State:
        return State(self.classes, self.layers, {**self.codes, place: codes})

    def difference(self, other: State) -> str:
        """The first thing that differs, as a sentence; empty where nothing does."""
        if self.classes != other.classes:
            return f"classes {self.classes} and {other.classes}"
        if self.layers != other.layers:
            return f"layers {self.layers} and {other.layers}"
        for place in self.changed(other):
            mine, theirs = self.codes[place], other.codes[place]
            where = np.argwhere(mine != theirs)
            first = tuple(where[0])
            return f"{len(where)} pixels of image and layer {place}, at {first}: {mine[first]} and {theirs[first]}"
        return ""

    def changed(self, other: State) -> list[Place]:
        """Where the codes of the two differ, of the layers that both have."""
        both = self.codes.keys() & other.codes.keys()
        return sorted(place for place in both if not np.array_equal(self.codes[place], other.codes[place]))


@dataclass
class Stroke:
    """A stroke of the round brush, as far as it was drawn."""

    place: Place
    z: int
    radius: float
    code: int
    path: list[Point] = field(default_factory=list)

    def on(self, state: State) -> State:
        """The state with every pixel set whose centre is within the radius of the path, and the one under each point."""
        codes = state.codes[self.place].copy()
        codes[self.z][self._painted(codes.shape[1:])] = self.code
        return state.with_codes(self.place, codes)

    def _painted(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
        painted = np.zeros(shape, bool)
        for start, end in zip([self.path[0], *self.path[:-1]], self.path, strict=True):
            down, right = end[0] - start[0], end[1] - start[1]
            length = down**2 + right**2
            share = ((rows - start[0]) * down + (columns - start[1]) * right) / length if length else 0.0
            share = np.clip(share, 0, 1)
            painted |= np.hypot(rows - start[0] - share * down, columns - start[1] - share * right) <= self.radius + RIM
            row, column = int(np.floor(end[0])), int(np.floor(end[1]))
            if 0 <= row < shape[0] and 0 <= column < shape[1]:
                painted[row, column] = True
        return painted


class Plain:
    """A project's states, one for each step, and which of them is shown."""

    def __init__(self, *steps: State) -> None:
        self.steps, self.position = list(steps), len(steps) - 1

    @property
    def state(self) -> State:
        return self.steps[self.position]

    def push(self, state: State) -> None:
        del self.steps[self.position + 1 :]
        self.steps.append(state)
        self.position += 1

    def step(self, by: int) -> None:
        self.position += by
        assert 0 <= self.position < len(self.steps), "the history went further than there are steps"

    def add_image(self, image: int, codes: Codes) -> None:
        """An image that came in: no step, so that it is there in all of them."""
        self.steps = [State(s.classes, {**s.layers, image: (1,)}, {**s.codes, (image, 1): codes}) for s in self.steps]
