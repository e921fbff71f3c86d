"""OME-Zarr: a folder of chunks, read by window (io.windowed.ngff has what its metadata says)."""

from __future__ import annotations

from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.io.formats import refusal
from segstudio.io.reading import Decoded, Pixels, check_size
from segstudio.io.windowed.ngff import OLD_AXES, Multiscale, attributes, image_group, multiscale, read_json

CODECS = {
    "blosc", "zlib", "gzip", "zstd", "lz4", "bz2", "lzma", "delta", "shuffle", "crc32c", "bytes", "transpose",
    "sharding_indexed",
}  # fmt: skip
"""Codecs that only unpack numbers. Others exist that run what they find (pickle)."""


def array(folder: Path, path: Path, budget: int) -> Any:
    """A zarr array, to be read from. Raises UserError for codecs that are not known to be harmless, for values that
    are no numbers, and for chunks of more than `budget` bytes."""
    zarr = import_module("zarr")
    inside, root = (folder / ".zarray").resolve().parent, path.resolve()
    if not inside.is_relative_to(root):
        raise refusal(path, "A level of it lies outside its own folder.", "Copy the image itself.")
    _check_codecs(folder, path)
    found = zarr.open_array(str(folder), mode="r")
    if found.dtype.kind not in "buif" or found.dtype.itemsize > 8:
        raise refusal(path, f"Values of type {found.dtype} cannot be shown as an image.", "Export integers.")
    if prod(found.chunks) * found.dtype.itemsize > budget:
        raise refusal(path, f"One chunk of it needs more than {budget:,} bytes.", "Write it again in smaller chunks.")
    return found


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The whole image at its finest level."""
    file = OmeZarr(path, budget)
    info = file.info
    check_size(path, (*info.shape, info.channels), np.dtype(info.dtype).itemsize, budget)
    if not pixels:
        return info, None
    whole = Box.whole(info.shape)
    return info, np.stack([file.read(z, 0, whole) for z in range(info.shape[0])])


def opened(path: Path, budget: int) -> OmeZarr:
    """The image, to be read by window."""
    return OmeZarr(path, budget)


class OmeZarr:
    """Windows of the levels whose reduction is a power of two. Times and slices are slices, in this order."""

    def __init__(self, path: Path, budget: int) -> None:
        root = path
        path, chosen = image_group(root)
        found = multiscale(path)
        self._axes = found.axes
        self._arrays = [array(path / found.levels[0], path, budget)]
        full = self._sizes(self._arrays[0])
        factors = [1]
        for place in found.levels[1:]:
            level = array(path / place, path, budget)
            size = self._sizes(level)
            factor = round(full["x"] / max(1, size["x"]))
            fits = all(0 <= -(-full[axis] // factor) - size[axis] <= 1 for axis in "yx")
            if factor > factors[-1] and factor & (factor - 1) == 0 and fits and size["c"] == full["c"]:
                self._arrays.append(level)
                factors.append(factor)
        self.factors = tuple(factors)
        chunks = dict(zip(self._axes, self._arrays[0].chunks, strict=True))
        self.block = (int(chunks["y"]), int(chunks["x"]))
        self.info = self._describe(root, found, full, chosen)

    def read(self, z: int, level: int, box: Box) -> Pixels:
        values, size = self._arrays[level], self._sizes(self._arrays[level])
        time, depth = divmod(z, self._sizes(self._arrays[0])["z"])
        depth = min(depth * size["z"] // self._sizes(self._arrays[0])["z"], size["z"] - 1)
        bottom, right = min(box.bottom, size["y"]), min(box.right, size["x"])
        top, left = min(box.top, bottom - 1), min(box.left, right - 1)
        where: dict[str, Any] = {
            "t": time, "c": slice(None), "z": depth, "y": slice(top, bottom), "x": slice(left, right)
        }  # fmt: skip
        part = np.asarray(values[tuple(where[axis] for axis in self._axes)])
        left_over = [axis for axis in self._axes if axis in "cyx"]
        if "c" not in left_over:
            part, left_over = part[None], ["c", *left_over]
        part = part.transpose([left_over.index(axis) for axis in "yxc"])
        short = (box.height - part.shape[0], box.width - part.shape[1])
        if any(short):  # a level whose last row or column was left out
            part = np.pad(part, ((0, short[0]), (0, short[1]), (0, 0)), mode="edge")
        if part.dtype.kind == "b":
            return np.asarray(part.astype(np.uint8) * np.uint8(255))
        return np.asarray(part.astype(self.info.dtype, copy=False))

    def close(self) -> None:
        """Nothing is kept open."""

    def _sizes(self, values: Any) -> dict[str, int]:
        return dict.fromkeys(OLD_AXES, 1) | dict(zip(self._axes, (int(n) for n in values.shape), strict=True))

    def _describe(self, path: Path, found: Multiscale, full: dict[str, int], chosen: tuple[str, ...]) -> ImageInfo:
        if min(full.values()) < 1:
            raise refusal(path, "Its metadata gives an image without pixels.", "Write it again.")
        stored = self._arrays[0].dtype
        wanted: DTypeLike = stored.newbyteorder("=")
        wanted = np.uint8 if stored.kind == "b" else np.float32 if stored == np.float16 else wanted
        sizes = found.lengths()
        times = (f"{full['t']} times of {full['z']} slices, one after another.",) if full["t"] > 1 else ()
        return ImageInfo(
            "OME-Zarr", (full["t"] * full["z"], full["y"], full["x"]), full["c"], _names(found.attributes, full["c"]),
            str(np.dtype(wanted)), spacing=sizes[0] if sizes else None, unit=sizes[2] if sizes else "",
            notes=(*chosen, *times, *found.notes),
        )  # fmt: skip


def _names(said: dict[str, Any], channels: int) -> tuple[str, ...]:
    omero = said.get("omero")
    known = omero.get("channels", []) if isinstance(omero, dict) else []
    names = [str(one.get("label", ""))[:80] if isinstance(one, dict) else "" for one in known][:channels]
    if channels == 1:
        return (names[0] if names and names[0] else "grey",)
    names += [""] * (channels - len(names))
    return tuple(name or f"channel {number}" for number, name in enumerate(names, 1))


def _check_codecs(folder: Path, path: Path) -> None:
    """Raise UserError where an array names a codec that is not in `CODECS`, or an object type."""
    if (folder / ".zarray").is_file():
        said = read_json(folder / ".zarray")
        codecs = [said.get("compressor"), *(said.get("filters") or ())]
        names = {str(codec.get("id")) for codec in codecs if codec}
    else:
        names = _v3_codecs(read_json(folder / "zarr.json").get("codecs", []))
    if unknown := names - CODECS:
        raise refusal(
            path, f"It is packed by “{sorted(unknown)[0]}”, which is not read.", "Write it with blosc or zstd."
        )


def _v3_codecs(codecs: Any) -> set[str]:
    names: set[str] = set()
    for codec in codecs if isinstance(codecs, list) else []:
        names.add(str(codec.get("name")))
        configuration = codec.get("configuration") or {}
        for inner in ("codecs", "index_codecs"):
            names |= _v3_codecs(configuration.get(inner))
    return names


def labels_below(folder: Path) -> list[tuple[str, Path]]:
    """Name and group of the label images of an image's group, or of a group that is a label image itself."""
    folder, _ = image_group(folder)
    if "image-label" in attributes(folder):
        return [(folder.name, folder)]
    names = attributes(folder / "labels").get("labels", [])
    found = []
    for name in names if isinstance(names, list) else []:
        if isinstance(name, str) and ".." not in Path(name).parts and not Path(name).is_absolute():
            found.append((name, folder / "labels" / name))
    return found


def values_of(folder: Path, budget: int) -> NDArray[np.generic]:
    """All pixels of the finest level of a label image, (slices, rows, columns)."""
    file = OmeZarr(folder, budget)
    check_size(folder, file.info.shape, np.dtype(file.info.dtype).itemsize, budget)
    whole = Box.whole(file.info.shape)
    return np.stack([file.read(z, 0, whole)[..., 0] for z in range(file.info.shape[0])])
