"""Labelled pixels, and which of them are set aside for validation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, UNSET, Codes, Origin, classes_of, origins_of
from segstudio.errors import UserError

BLOCK = 64
"""Side of a validation block in pixels."""

SHARE = 5
"""One block in this many is validation."""


@dataclass(slots=True)
class Labelled:
    """A region of an image with labels.

    `pixels` is (rows, columns, channels), native dtype; `codes` (rows, columns) holds annotation codes
    (core.codes); `ranges` the image's robust (low, high) per channel. `recent` are the boxes (top, left,
    bottom, right) of the newest corrections. `digest` names the image slice and `offset` the region's place in
    it (a multiple of BLOCK): together they freeze which blocks are validation. `role` is "blocks" (trained on
    except for the validation blocks), "train" (all trained on) or "validation" (never trained on).
    """

    name: str
    group: str
    pixels: NDArray[np.generic]
    ranges: Sequence[tuple[float, float]]
    codes: Codes
    recent: Sequence[tuple[int, int, int, int]] = ()
    role: str = "blocks"
    digest: str = ""
    offset: tuple[int, int] = (0, 0)
    validation: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.validation = validation_pixels(self.codes.shape, self.digest, self.offset, self.role)

    def by_output(self, ids: Sequence[int]) -> Labelled:
        """The region with the place of its output instead of each class id, as a network with outputs of these `ids`
        sees it.

        Raises UserError where a class is labelled that has no output.
        """
        found = set(np.unique(classes_of(self.codes)).tolist()) - {NOTHING}
        if found - set(ids):
            raise UserError(
                "A class was painted that the model does not know.",
                why=f"The model has no output for class {min(found - set(ids))}.",
                hint="Train a new model, which is made for the classes as they are now.",
            )
        if tuple(ids) == tuple(range(len(ids))):
            return self
        places = np.zeros(256, np.uint16)
        places[list(ids)] = np.arange(len(ids))
        codes = np.where(self.codes == UNSET, self.codes, (self.codes & 0xFF00) | places[self.codes & 0xFF])
        return replace(self, codes=codes)

    def training_codes(self) -> Codes:
        """Codes with every validation pixel unset."""
        return np.where(self.validation, np.uint16(UNSET), self.codes)

    def validation_codes(self) -> Codes:
        """Codes with every training pixel unset."""
        return np.where(self.validation, self.codes, np.uint16(UNSET))


def validation_pixels(shape: tuple[int, int], digest: str, offset: tuple[int, int], role: str) -> NDArray[np.bool_]:
    """Which pixels of a region are validation, as booleans (rows, columns).

    A block is validation when the hash of the image's digest and the block's place in the image says so: it
    depends on nothing else, so it stays as labels come and go, and no pixel ever changes sides.
    """
    if role not in ("blocks", "train", "validation"):
        raise ValueError(f"a region has no role “{role}”")
    if role == "train":
        return np.zeros(shape, bool)
    if role == "validation":
        return np.ones(shape, bool)
    if offset[0] % BLOCK or offset[1] % BLOCK:
        raise ValueError("a region must start on the grid of validation blocks")
    rows, columns = -(-shape[0] // BLOCK), -(-shape[1] // BLOCK)
    grid = np.zeros((rows, columns), bool)
    for row in range(rows):
        for column in range(columns):
            place = f"{digest}:{offset[0] // BLOCK + row}:{offset[1] // BLOCK + column}"
            grid[row, column] = hashlib.sha256(place.encode()).digest()[0] % SHARE == 0
    full = np.repeat(np.repeat(grid, BLOCK, axis=0), BLOCK, axis=1)
    return full[: shape[0], : shape[1]]


def labels_hash(regions: Iterable[Labelled]) -> str:
    """sha256 over what was learnt from: digests, places and codes of all regions, in any order."""
    parts = sorted(
        hashlib.sha256(f"{r.digest}:{r.offset}:{r.codes.shape}".encode() + r.codes.tobytes()).hexdigest()
        for r in regions
    )
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def check_labels(regions: Sequence[Labelled], classes: int | Sequence[str]) -> None:
    """Raise UserError unless there is enough to learn from.

    `classes` are the names of the network's classes by id, or how many there are. Every class needs training
    pixels: a network that never sees background painted learns that there is none (MODELS.md 3.2). Where
    whole masks were imported, any two classes do, as a class may really be absent.
    """
    names = [f"class {i}" for i in range(classes)] if isinstance(classes, int) else list(classes)
    found, labelled, imported = set[int](), set[int](), False
    for region in regions:
        found |= set(np.unique(classes_of(region.training_codes())).tolist())
        labelled |= set(np.unique(classes_of(region.codes)).tolist())
        imported = imported or bool((origins_of(region.codes) == Origin.IMPORTED).any())
    found.discard(NOTHING)
    labelled.discard(NOTHING)
    if any(class_id >= len(names) for class_id in labelled):
        raise UserError(
            "A class was painted that the model does not know.",
            hint="Train a new model, which is made for the classes as they are now.",
        )
    missing = [index for index in range(len(names)) if index not in found]
    if len(found) >= 2 and (imported or not missing):
        return
    unpainted = [names[index] for index in missing if index not in labelled]
    hidden = [names[index] for index in missing if index in labelled]
    why = f"Nothing is painted as {' or '.join(unpainted)}." if unpainted else ""
    if hidden:
        why += f" All of {' and '.join(hidden)} lies in squares that are set aside to check the model."
    raise UserError(
        "There is too little to learn from.",
        why=why.strip() or "The model has only one class.",
        hint="Paint another stroke of it elsewhere." if hidden and not unpainted
        else "Paint at least one stroke of each class, background included.",
    )  # fmt: skip
