"""Masks as OME-Zarr labels (NGFF 0.4), chunk by chunk."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from segstudio import __version__
from segstudio.core.codes import NOTHING
from segstudio.core.geometry import Box
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.windowed.ngff import image_group, multiscale

CHUNK = 512
NAME = "masks"
UNITS = {"µm": "micrometer", "nm": "nanometer", "mm": "millimeter", "cm": "centimeter", "m": "meter"}


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.ome.zarr/labels/masks` for each image: class ids by slices, rows and columns (unknown is 0), with coarser
    levels, colours and the names of the classes. Put into the image's own group, it is found there as its labels."""
    written = []
    for subject in subjects:
        path = folder / f"{subject.stem}.ome.zarr"
        with _replacing_folder(path) as scratch:
            _group(scratch, {})
            _group(scratch / "labels", {"labels": [NAME]})
            _write_label(subject, scratch / "labels" / NAME)
        written.append(path)
    return written


def _write_label(subject: Subject, folder: Path) -> None:
    zarr = import_module("zarr")
    shape = subject.info.shape
    steps = [max(0, (side - 1).bit_length() - (CHUNK - 1).bit_length()) for side in shape[1:]]
    levels = 1 + max(steps)
    spacing = subject.info.spacing or (1.0, 1.0, 1.0)
    unit = UNITS.get(subject.info.unit, "") if subject.info.spacing else ""
    start = _start(subject)
    axes = [{"name": name, "type": "space", **({"unit": unit} if unit else {})} for name in "zyx"]
    sets = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [spacing[0], spacing[1] * 2**level, spacing[2] * 2**level]},
                *([{"type": "translation", "translation": list(start)}] if any(start) else []),
            ],
        }
        for level in range(levels)
    ]
    _group(folder, {
        "multiscales": [{"version": "0.4", "name": NAME, "axes": axes, "datasets": sets}],
        "image-label": _described(subject),
    })  # fmt: skip
    arrays = []
    for level in range(levels):
        sides = tuple(-(-side // 2**level) for side in shape[1:])
        arrays.append(zarr.create_array(
            store=str(folder / str(level)), shape=(shape[0], *sides), chunks=(1, CHUNK, CHUNK), dtype="uint8",
            fill_value=0, zarr_format=2, chunk_key_encoding={"name": "v2", "separator": "/"},
        ))  # fmt: skip
    for z in range(shape[0]):
        for level, target in enumerate(arrays):
            _fill(target, z, level, subject)


def _start(subject: Subject) -> tuple[float, float, float]:
    """Where the first pixel of an OME-Zarr image lies, so that its mask lies there too; 0 for other images. A coarser
    level begins at the same pixel: its pixels are every second one."""
    if subject.info.format != "OME-Zarr" or not subject.source.is_dir():
        return 0.0, 0.0, 0.0
    found = multiscale(image_group(subject.source)[0]).lengths()
    return found[1] if found else (0.0, 0.0, 0.0)


def _fill(target: Any, z: int, level: int, subject: Subject) -> None:
    """One slice of one level: every 2**level-th pixel."""
    step, (_, rows, columns) = 2**level, subject.info.shape
    for top in range(0, rows, CHUNK * step):
        for left in range(0, columns, CHUNK * step):
            box = Box(z, top, left, min(top + CHUNK * step, rows), min(left + CHUNK * step, columns))
            part = _sparse(subject, box, step)
            part = np.where(part == NOTHING, np.uint8(0), part)
            if part.any():
                row, column = top // step, left // step
                target[z, row : row + part.shape[0], column : column + part.shape[1]] = part


def _sparse(subject: Subject, box: Box, step: int) -> np.ndarray:
    """Every `step`-th pixel of a box, without holding all of it."""
    if step == 1:
        return subject.read(box)
    strips = [
        subject.read(Box(box.z, top, box.left, min(top + CHUNK, box.bottom), box.right))[::step, ::step]
        for top in range(box.top, box.bottom, max(CHUNK, step))
    ] if step <= CHUNK else [
        subject.read(Box(box.z, top, box.left, top + 1, box.right))[:, ::step]
        for top in range(box.top, box.bottom, step)
    ]  # fmt: skip
    return np.concatenate(strips)


def _described(subject: Subject) -> dict[str, Any]:
    used = [entry for entry in subject.classes if entry.id]
    return {
        "version": "0.4",
        "colors": [
            {"label-value": entry.id, "rgba": [*(int(entry.color[at : at + 2], 16) for at in (1, 3, 5)), 255]}
            for entry in used
        ],
        "properties": [{"label-value": entry.id, "name": entry.name} for entry in used],
        "source": {"image": "../../"},
    }


def _group(folder: Path, said: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".zgroup").write_text(json.dumps({"zarr_format": 2}), encoding="utf-8")
    creator = {"_creator": {"name": "SegStudio", "version": __version__}}
    (folder / ".zattrs").write_text(json.dumps(said | creator, ensure_ascii=False), encoding="utf-8")


@contextmanager
def _replacing_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` that takes its place when all of it is written; an older one of ours goes first."""
    if path.exists() and not (path / "labels" / NAME / ".zattrs").is_file():
        raise UserError(
            f"“{path.name}” was not written.", why="Something else has that name.", hint="Choose another folder."
        )
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent))
    try:
        scratch.chmod(0o755)
        yield scratch
        if path.exists():
            shutil.rmtree(path)
        scratch.rename(path)
    except OSError as error:
        raise UserError(f"“{path.name}” was not written.", why=f"{error.strerror or error}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
