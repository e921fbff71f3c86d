"""Training set: the labels of one training as they were, kept beside its checkpoint so that it can be replayed.

The file is a zstd stream (with checksum) of one line of JSON, a row for each region, and then the codes of all
regions as little-endian 16 bit numbers, row by row. Pixels are not in it: images are found again by their digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zstandard
from numpy.typing import NDArray

from segstudio.core.codes import Codes
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.learning.labelled import Labelled

ENDING = ".labels"
HEADER_LIMIT = 2**24
"""Bytes the line of JSON may have."""

PIXEL_LIMIT = 2**32
"""Pixels all regions may have together."""

FIELDS = ("name", "group", "ranges", "recent", "role", "digest", "offset")


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """Where a region's pixels are: the image's digest, the slice, and (top, left, bottom, right) in it."""

    digest: str
    z: int
    box: tuple[int, int, int, int]


Pixels = Callable[[LabelPlace], NDArray[np.generic]]


def path_for(checkpoint: Path) -> Path:
    """The training set that belongs to a checkpoint."""
    return checkpoint.with_suffix(ENDING)


def write(path: Path, regions: Sequence[Labelled]) -> None:
    """Keep the labels of `regions`, in their order. Raises UserError when the file cannot be written."""
    rows = [{**{name: getattr(r, name) for name in FIELDS}, "shape": r.codes.shape} for r in regions]
    with replacing(path) as scratch, scratch.open("wb") as file:
        compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
        with compressor.stream_writer(file, closefd=False) as stream:
            stream.write(json.dumps(rows).encode() + b"\n")
            for region in regions:
                stream.write(np.ascontiguousarray(region.codes, "<u2").data)


def read(path: Path, pixels: Pixels) -> list[Labelled]:
    """The regions in a file, with `pixels` (rows, columns, channels) of each from the images.

    Raises UserError when the file is missing or damaged.
    """
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            rows = json.loads(_line(stream))
            if sum(int(row["shape"][0]) * int(row["shape"][1]) for row in rows) > PIXEL_LIMIT:
                raise ValueError("it is too large")
            parts = [(row, _codes(stream, int(row["shape"][0]), int(row["shape"][1]))) for row in rows]
        return [_region(row, codes, pixels) for row, codes in parts]
    except FileNotFoundError as error:
        raise UserError(
            "The labels this version was trained on were not kept.",
            why=f"“{path.name}” is missing.",
            hint="Only versions trained by this version of SegStudio have them.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, IndexError, zstandard.ZstdError) as error:
        raise UserError(f"The training set “{path.name}” is damaged.", why=str(error)) from error


def _region(row: dict[str, object], codes: Codes, pixels: Pixels) -> Labelled:
    values = {name: row[name] for name in FIELDS}
    values["recent"] = [tuple(box) for box in row["recent"]]  # type: ignore[attr-defined]
    top, left = (int(value) for value in row["offset"])  # type: ignore[attr-defined]
    values["offset"] = (top, left)
    digest, _, z = str(row["digest"]).rpartition(":")
    place = LabelPlace(digest, int(z), (top, left, top + codes.shape[0], left + codes.shape[1]))
    return Labelled(pixels=pixels(place), codes=codes, **values)  # type: ignore[arg-type]


def _line(stream: zstandard.ZstdDecompressionReader) -> bytes:
    parts = bytearray()
    while (byte := stream.read(1)) != b"\n":
        parts += byte
        if not byte or len(parts) > HEADER_LIMIT:
            raise ValueError("it has no table of regions")
    return bytes(parts)


def _codes(stream: zstandard.ZstdDecompressionReader, rows: int, columns: int) -> Codes:
    raw = bytearray()
    while len(raw) < rows * columns * 2:
        part = stream.read(rows * columns * 2 - len(raw))
        if not part:
            raise ValueError("it ends too early")
        raw += part
    return np.frombuffer(raw, "<u2").reshape(rows, columns).astype(np.uint16)
