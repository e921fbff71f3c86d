"""NRRD and MetaImage through SimpleITK, which gives LPS whatever space the file names."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.io.combining import CHANNELS, UNPLACED
from segstudio.io.formats import refusal
from segstudio.io.reading import Decoded
from segstudio.io.volume import Volume, decoded

HEADER = 2**20
"""Bytes in which a text header must end."""

DATA_FILE = re.compile(rb"^(?:data ?file:|ElementDataFile\s*=)[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
SPACED = re.compile(
    rb"^(?:space(?: dimension| origin)?:|(?:TransformMatrix|Orientation|Offset|Position)\s*=)",
    re.IGNORECASE | re.MULTILINE,
)
NAMES = {
    "8-bit signed": "int8", "8-bit unsigned": "uint8", "16-bit signed": "int16", "16-bit unsigned": "uint16",
    "32-bit signed": "int32", "32-bit unsigned": "uint32", "64-bit signed": "int64", "64-bit unsigned": "uint64",
    "32-bit float": "float32", "64-bit float": "float64",
}  # fmt: skip
"""NumPy's names of ITK's pixel types."""


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The volume of a file; components of a voxel and a fourth axis become channels."""
    return decoded(path, read_header(path), budget, pixels=pixels)


def read_header(path: Path) -> Volume:
    """What the file says of its voxels. Raises UserError for a file that names data outside its folder."""
    sitk = import_module("SimpleITK")
    _check_data_file(path)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    size, components = tuple(int(side) for side in reader.GetSize()), int(reader.GetNumberOfComponents())
    if not 2 <= len(size) <= 4:
        raise refusal(path, f"It has {len(size)} axes; images have 2 to 4.", "Export a volume.")
    spatial = (*size[:3], 1)[:3] if len(size) < 3 else size[:3]
    dtype = _dtype(path, reader)
    title = "NRRD" if path.read_bytes()[:4] == b"NRRD" else "MetaImage"

    def load() -> NDArray[np.generic]:
        values = sitk.GetArrayFromImage(reader.Execute())  # (time, k, j, i, component)
        if components == 1:
            values = values[..., None]
        if len(size) == 2:
            values = values[None]
        if len(size) == 4:
            values = np.concatenate(list(values), -1)
        return np.asarray(values.transpose(2, 1, 0, 3))

    channels = components * (size[3] if len(size) == 4 else 1)
    return Volume(
        title, (spatial[0], spatial[1], spatial[2]), channels, dtype, _matrix(path, reader, len(size)), load,
        _spacing(reader), color=channels == 3 and dtype == np.uint8, names=_names(reader, channels),
    )  # fmt: skip


def _names(reader: Any, channels: int) -> tuple[str, ...]:
    """The names of the channels, where SegStudio has written them."""
    if not reader.HasMetaDataKey(CHANNELS):
        return ()
    try:
        found = json.loads(reader.GetMetaData(CHANNELS))
    except ValueError:
        return ()
    fits = isinstance(found, list) and len(found) == channels
    return tuple(str(name)[:200] for name in found) if fits else ()


def _dtype(path: Path, reader: Any) -> np.dtype[np.generic]:
    sitk = import_module("SimpleITK")
    title = sitk.GetPixelIDValueAsString(reader.GetPixelID())
    found = next((name for part, name in NAMES.items() if part in title), "")
    if not found or "complex" in title:
        raise refusal(path, f"Voxels of type {title} cannot be shown.", "Export integers or real numbers.")
    return np.dtype(found)


def _matrix(path: Path, reader: Any, axes: int) -> NDArray[np.float64] | None:
    """From (i, j, k, 1) to LPS, or None for a file that says nothing of a space, and for two axes."""
    if axes < 3 or not SPACED.search(_header(path)) or reader.HasMetaDataKey(UNPLACED):
        return None
    directions = np.array(reader.GetDirection(), np.float64).reshape(axes, axes)[:3, :3]
    found = np.eye(4)
    found[:3, :3] = directions * np.array(reader.GetSpacing()[:3])
    found[:3, 3] = reader.GetOrigin()[:3]
    return found


def _spacing(reader: Any) -> tuple[float, float, float]:
    values = (*(float(value) for value in reader.GetSpacing()), 1.0)
    return values[0], values[1], values[2]


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER).split(b"\n\n", 1)[0]


def _check_data_file(path: Path) -> None:
    """Data may lie in the file itself or in a file of the same folder."""
    for found in DATA_FILE.findall(_header(path)):
        name = found.decode("utf-8", "replace").strip()
        if name.upper() in ("LOCAL", ""):
            continue
        if name.upper().startswith("LIST") or "%" in name:
            raise refusal(path, "Its voxels lie in a list of files.", "Save it as one file.")
        place = (path.parent / name).resolve()
        if place.parent != path.parent.resolve():
            raise refusal(path, "It names a data file outside its own folder.", "Save it as one file.")
        if not place.is_file():
            raise refusal(path, f"Its data file “{place.name}” is missing.", "Copy it into the same folder.")
