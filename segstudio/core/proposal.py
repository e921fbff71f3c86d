"""Proposal: what a model, a method or an operation would write, and what that would change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.codes import NOTHING, UNSET, ClassMap, Codes, Origin, classes_of
from segstudio.core.geometry import Box
from segstudio.core.layer import MaskLayer
from segstudio.core.writer import MaskWriter


@dataclass(frozen=True, slots=True)
class Impact:
    """What a proposal would change: pixels won and lost by class id, and what is left alone.

    `painted` pixels differ but were painted by a person, `locked` ones belong to a locked or hidden class, `unknown`
    ones would get a class that the project does not have; none of them is written. `slices` counts the slices with at
    least one change.
    """

    gained: dict[int, int] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)
    painted: int = 0
    locked: int = 0
    unknown: int = 0
    slices: int = 0

    @property
    def changed(self) -> int:
        """Pixels that would show another class."""
        return sum(self.gained.values())


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A class map that may be applied: shown over the image first, written by Enter, dropped by Esc.

    `wanted` is (slices, rows, columns) from slice `box.z` on, at the top left of `box`; 255 leaves a pixel as
    it is. `classes` is what would really be written: without painted pixels (where `protect`), those of locked or
    hidden classes, and classes that the project does not have.
    """

    title: str
    tool: str
    origin: Origin
    image: int
    layer: int
    box: Box
    wanted: NDArray[np.uint8]
    note: str = ""
    protect: bool = True
    classes: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    impact: Impact = Impact()

    def known(self, classes: ClassTable) -> bool:
        """Whether every class it wants is in the table."""
        return all(int(value) in classes for value in np.unique(self.wanted) if value != NOTHING)

    def slice(self, z: int) -> ClassMap | None:
        """The class map of slice `z`, or None if the proposal does not reach it."""
        return self.classes[z - self.box.z] if 0 <= z - self.box.z < len(self.classes) else None


def settled(proposal: Proposal, layer: MaskLayer, classes: ClassTable) -> Proposal:
    """The proposal with `classes` and `impact` as they follow from the mask of `layer` as it is now."""
    wanted = proposal.wanted if proposal.wanted.ndim == 3 else proposal.wanted[None]
    written = wanted.copy()
    locked, known = classes.locked() | classes.hidden(), classes.known()
    gained, lost = np.zeros(256, np.int64), np.zeros(256, np.int64)
    painted_pixels = locked_pixels = unknown_pixels = slices = 0
    for offset, target in enumerate(written):
        if (target == NOTHING).all():
            continue
        box = replace(proposal.box, z=proposal.box.z + offset)
        codes: Codes = layer.annotation.read(box)  # type: ignore[assignment]
        shown = classes_of(codes)
        unset = codes == UNSET
        shown[unset] = layer.prediction.read(box)[unset]
        differs = (target != NOTHING) & (target != shown)
        strange = ~known[target] & (target != NOTHING)
        if strange.any():
            unknown_pixels += int(strange.sum())
            target[strange] = NOTHING
            differs &= ~strange
        if proposal.protect:
            painted = codes >> 8 == Origin.PAINTED
            painted_pixels += int((differs & painted).sum())
            target[painted] = NOTHING
        if locked.any():
            held = (locked[shown] | locked[target]) & (target != NOTHING)
            locked_pixels += int((differs & held).sum())
            target[held] = NOTHING
        differs &= target != NOTHING
        if differs.any():
            slices += 1
            gained += np.bincount(target[differs], minlength=256)
            lost += np.bincount(shown[differs], minlength=256)
    counts = painted_pixels, locked_pixels, unknown_pixels, slices
    impact = Impact(_counts(gained), _counts(lost), *counts)
    return replace(proposal, wanted=wanted, classes=written, impact=impact)


def write(proposal: Proposal, writer: MaskWriter) -> None:
    """Put the settled proposal through the gate."""
    for offset, classes in enumerate(proposal.classes):
        if (classes != NOTHING).any():
            writer.put(proposal.box.z + offset, proposal.box.top, proposal.box.left, classes)


def _counts(pixels: NDArray[np.int64]) -> dict[int, int]:
    return {int(class_id): int(pixels[class_id]) for class_id in np.flatnonzero(pixels)}
