"""What the readers do: images as a whole, tiles of images larger than memory and coarse levels for them, masks."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from segstudio.core.image import ImageInfo
from segstudio.core.source import coarse_levels
from segstudio.errors import UserError
from segstudio.io.combining import combine as combine_files
from segstudio.io.limits import give_time
from segstudio.io.masks.imports.table import import_format
from segstudio.io.masks.mask_file import read_mask as mask_in
from segstudio.io.masks.names import ImageName
from segstudio.io.masks.tally import objects_in
from segstudio.io.reading import guard, open_image, robust_ranges
from segstudio.io.reading import probe as probe_file
from segstudio.io.thumbnail import thumbnail
from segstudio.io.windowed import pyramid
from segstudio.io.windowed.image import Windowed, needs_levels, open_windowed, overview
from segstudio.project.paths import content_digest
from segstudio.project.relinking import Wanted, find
from segstudio.worker.control import Control
from segstudio.worker.messages import (
    BuildLevels,
    Combine,
    FilesFound,
    FindFiles,
    ImageRead,
    LabelsRead,
    LevelsBuilt,
    OpenWindow,
    Pixels,
    Probe,
    Probed,
    ReadImage,
    ReadLabels,
    ReadMask,
    ReadTiles,
    Send,
    TileRead,
    WindowOpened,
)
from segstudio.worker.shared import Scratch

BLOCK = 256 * 2**20
"""Bytes of one strip or tile of a file that is read by window, at most."""
BAND_SECONDS = 120
"""CPU seconds that one band of coarse levels may take."""

_open: dict[tuple[str, int], Windowed] = {}
"""The file that is read by window now, by path and time of its last change."""


def read_image(message: ReadImage, control: Control, send: Send) -> str:
    """Decode a file into shared arrays, with coarse levels where it is large; or only make its thumbnail."""
    path, scratch = Path(message.path), Scratch(Path(message.folder))
    if message.thumbnail and message.window_above:
        file = open_windowed(path, min(message.budget, BLOCK))
        if file is not None:
            try:
                if file.info.nbytes > message.window_above:
                    _send_overview(message, file, scratch, send)
                    return ""
            finally:
                file.close()
    reading = open_image(path, message.budget)
    levels: tuple[Pixels, ...] = ()
    if message.thumbnail:
        pixels = scratch.share(thumbnail(reading.pixels, reading.info, message.thumbnail))
    else:
        pixels = scratch.share(reading.pixels)
        levels = tuple(scratch.share(level) for level in coarse_levels(reading.pixels))
    send(ImageRead(message.job, reading.info.to_json(), pixels, content_digest(path), levels))
    return ""


def _send_overview(message: ReadImage, file: Windowed, scratch: Scratch, send: Send) -> None:
    """A thumbnail and the ranges of a file without reading all of it: both come from its middle slice."""
    path = Path(message.path)
    with guard(path):
        pixels = overview(file, file.info.shape[0] // 2)[None]
    note = "Its pixels are read as they are shown; the ranges are those of a sample."
    info = replace(
        file.info, ranges=robust_ranges(pixels, file.info.nodata, file.info.alpha), notes=(*file.info.notes, note)
    )
    small = thumbnail(pixels, replace(info, shape=pixels.shape[:3]), message.thumbnail)
    send(ImageRead(message.job, info.to_json(), scratch.share(small), content_digest(path)))


def open_window(message: OpenWindow, control: Control, send: Send) -> str:
    """Say whether the file can be read by window, and what it holds now."""
    file = _windowed(message.path, message.budget)
    if file is None:
        send(WindowOpened(message.job, False))
    else:
        digest, info = content_digest(Path(message.path)), file.info.to_json()
        send(WindowOpened(message.job, True, needs_levels(file), digest, info))
    return ""


def find_files(message: FindFiles, control: Control, send: Send) -> str:
    """Look for images that are not where they were."""
    found = find(Path(message.place), [Wanted(*row) for row in message.wanted])
    send(FilesFound(message.job, tuple((one.image, str(one.path), one.same) for one in found)))
    return ""


def read_tiles(message: ReadTiles, control: Control, send: Send) -> str:
    """Send tile after tile until all are sent or the job is cancelled."""
    path, scratch = Path(message.path), Scratch(Path(message.folder))
    file = _file(message.path, message.budget)
    for tile in message.tiles:
        if control.cancelled():
            break
        z, level, row, column = tile
        with guard(path):
            shelf = pyramid.Shelf.of(Path(message.cache), path, message.digest, file.info, z)
            pixels, exact = pyramid.best(file, shelf, z, level, row, column)
        send(TileRead(message.job, tile, exact, scratch.share(np.ascontiguousarray(pixels))))
    return ""


def build_levels(message: BuildLevels, control: Control, send: Send) -> str:
    """Make the coarse levels of a slice, band after band; at once when they are there already."""
    path, cache = Path(message.path), Path(message.cache)
    file = _file(message.path, message.budget)
    shelf = pyramid.Shelf.of(cache, path, message.digest, file.info, message.z)
    if shelf.complete():
        os.utime(shelf.folder)  # used now: others go first
        send(LevelsBuilt(message.job, message.z, file.info.shape[1]))
        return ""
    if not pyramid.room(cache, file.info):
        return "There is no room on the disk for its coarse levels."
    with guard(path):
        for bottom in pyramid.build(file, message.z, shelf, control.cancelled):
            send(LevelsBuilt(message.job, message.z, bottom))
            give_time(BAND_SECONDS)
    return ""


def read_mask(message: ReadMask, control: Control, send: Send) -> str:
    """Decode a mask file into a shared array of class ids."""
    mask = mask_in(
        Path(message.path), classes=message.classes, invert=message.invert, ignore=message.ignore, white=message.white
    )
    send(ImageRead(message.job, {}, Scratch(Path(message.folder)).share(mask), ""))
    return ""


def read_labels(message: ReadLabels, control: Control, send: Send) -> str:
    """Decode the masks that a file of an import format holds for an image, and say what of it was left out."""
    path, name = Path(message.path), ImageName.of(message.name, message.image, message.stems)
    with guard(path):
        row, info = import_format(message.form), ImageInfo.from_json(message.info)
        found = row.read(path, name, info, Path(message.source) if message.source else None)
    if found is None:
        send(LabelsRead(message.job, None))
        return ""
    classes = tuple((one.id, one.name, one.color, one.code) for one in found.classes)
    mask = Scratch(Path(message.folder)).share(found.mask)
    send(LabelsRead(message.job, mask, classes, found.notes, objects_in(found.mask)))
    return ""


def combine(message: Combine, control: Control, send: Send) -> str:
    """Make one file of several; the last word is its path."""
    return str(combine_files([Path(path) for path in message.paths], Path(message.folder), message.budget))


def probe(message: Probe, control: Control, send: Send) -> str:
    """Say what a file's header says."""
    send(Probed(message.job, probe_file(Path(message.path), message.budget).to_json()))
    return ""


def _file(path: str, budget: int) -> Windowed:
    file = _windowed(path, budget)
    if file is None:
        raise UserError(f"“{Path(path).name}” was changed while it was open.", hint="Show the image again.")
    return file


def _windowed(path: str, budget: int) -> Windowed | None:
    """The open file; opened again where it was changed."""
    key = path, Path(path).stat().st_mtime_ns if Path(path).exists() else 0
    found = _open.get(key)
    if found is None:
        for other in _open.values():
            other.close()
        _open.clear()
        found = open_windowed(Path(path), min(budget, BLOCK))
        if found is not None:
            _open[key] = found
    return found
