"""NGFF: what the metadata of an OME-Zarr group says of axes, units, levels and places (versions 0.1 to 0.5, and the
candidate of 0.6 with named coordinate systems: https://ngff.openmicroscopy.org)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.io.formats import refusal

METADATA = 2**24
"""Bytes that one file of metadata may have."""

OLD_AXES = ("t", "c", "z", "y", "x")
"""The axes that versions 0.1 and 0.2 always have."""

MICROMETRES = {
    "picometer": 1e-6, "angstrom": 1e-4, "nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3, "centimeter": 1e4,
    "decimeter": 1e5, "meter": 1e6, "kilometer": 1e9, "inch": 25_400.0, "foot": 304_800.0, "yard": 914_400.0,
    "nm": 1e-3, "um": 1.0, "µm": 1.0, "micron": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6,
}  # fmt: skip
"""Lengths by the names that the specification takes from UDUNITS-2, and by those that are met with."""

SHORT = {"nanometer": "nm", "micrometer": "µm", "millimeter": "mm", "centimeter": "cm", "meter": "m"}
"""Units in which sizes are shown as the file gives them; those of others, and mixed ones, are in micrometres."""

SERIES = "bioformats2raw.layout"


@dataclass(frozen=True, slots=True)
class Transform:
    """place = index * scale + shift along each axis. `unknown` is the type of a transformation that says more than
    that, which then holds no longer, or ""."""

    scale: tuple[float, ...]
    shift: tuple[float, ...]
    unknown: str = ""

    def then(self, other: Transform) -> Transform:
        """This one first, the other after it."""
        scale = tuple(a * b for a, b in zip(self.scale, other.scale, strict=True))
        shift = tuple(a * s + b for a, s, b in zip(self.shift, other.scale, other.shift, strict=True))
        return Transform(scale, shift, self.unknown or other.unknown)


@dataclass(frozen=True, slots=True)
class Multiscale:
    """One image of a group: letter and unit of each axis in its order, the folder of each level below the group, and
    where the pixels of the finest level lie (None: no transformation is said)."""

    axes: tuple[str, ...]
    units: tuple[str, ...]
    levels: tuple[str, ...]
    place: Transform | None
    attributes: dict[str, Any]
    notes: tuple[str, ...] = ()

    def lengths(self) -> tuple[tuple[float, float, float], tuple[float, float, float], str] | None:
        """Size of a pixel and place of the first one along (z, y, x), and their unit; None where one is no length. An
        image without z is one slice."""
        if self.place is None or self.place.unknown:
            return None
        space = [axis for axis in "zyx" if axis in self.axes]
        units = {axis: self.units[self.axes.index(axis)] for axis in space}
        if not all(unit in MICROMETRES for unit in units.values()):
            return None
        same = units["x"] in SHORT and len(set(units.values())) == 1
        factors = {axis: 1.0 if same else MICROMETRES[unit] for axis, unit in units.items()}
        sizes, starts = {"z": 1.0}, {"z": 0.0}
        for axis in space:
            at = self.axes.index(axis)
            sizes[axis] = abs(self.place.scale[at]) * factors[axis]
            starts[axis] = self.place.shift[at] * factors[axis]
        if not all(0 < size < 1e15 for size in sizes.values()):
            return None
        z, y, x = ((sizes[axis], starts[axis]) for axis in "zyx")
        return (z[0], y[0], x[0]), (z[1], y[1], x[1]), SHORT[units["x"]] if same else "µm"


def attributes(folder: Path) -> dict[str, Any]:
    """What a group says of itself, as NGFF means it; {} for a folder that is no group."""
    for name in (".zattrs", "zarr.json"):
        if (folder / name).is_file():
            found = read_json(folder / name)
            if name == "zarr.json":
                found = found.get("attributes", {})
                found = found.get("ome", found) if isinstance(found, dict) else {}
            return found
    return {}


def read_json(file: Path) -> dict[str, Any]:
    """A file of metadata. Raises ValueError where it is damaged or too long."""
    if file.stat().st_size > METADATA:
        raise ValueError("its metadata is too long")
    found = json.loads(file.read_text(encoding="utf-8-sig"))
    if not isinstance(found, dict):
        raise ValueError("its metadata is damaged")
    return found


def image_group(path: Path) -> tuple[Path, tuple[str, ...]]:
    """The group of the image that a folder stands for, and what was chosen: of a set of series (bioformats2raw) the
    first. Raises UserError for a plate, and for a set without series."""
    said = attributes(path)
    if "multiscales" in said:
        return path, ()
    if "plate" in said:
        raise refusal(
            path, "It is a plate of many wells.", "Open an image of a well, such as the folder “A/1/0” in it."
        )
    if SERIES not in said:
        return path, ()
    named = attributes(path / "OME").get("series", [])
    names = [str(one) for one in named] if isinstance(named, list) else []
    names = names or sorted((one.name for one in path.iterdir() if one.name.isdecimal()), key=int)
    for name in names:
        if not Path(name).is_absolute() and ".." not in Path(name).parts and "multiscales" in attributes(path / name):
            note = f"The series “{name}” of {len(names)} is shown." if len(names) > 1 else f"It is the series “{name}”."
            return path / name, (note,)
    raise refusal(path, "It is a set of series, and none of them is an image.", "Convert the images again.")


def multiscale(folder: Path) -> Multiscale:
    """The first image of a group. Raises ValueError where the metadata is not that of an image."""
    said = attributes(folder)
    first = said["multiscales"][0]
    datasets = first["datasets"]
    axes = _axes(first, datasets[0])
    names = tuple(str(axis["name"] if isinstance(axis, dict) else axis) for axis in axes)
    units = tuple(str(axis.get("unit") or "") if isinstance(axis, dict) else "" for axis in axes)
    if not {"y", "x"} <= set(names) or len(set(names)) < len(names) or not set(names) <= set(OLD_AXES):
        raise ValueError(f"its axes “{' '.join(names)}” are not those of an image")
    levels = []
    for one in datasets:
        level = str(one["path"])
        if Path(level).is_absolute() or ".." in Path(level).parts:
            raise ValueError("a level of it lies outside its own folder")
        levels.append(level)
    own, whole = datasets[0].get("coordinateTransformations") or (), first.get("coordinateTransformations") or ()
    notes: tuple[str, ...] = ()
    if "coordinateSystems" in first and whole:  # from the system of the image to others, which nobody asked for
        whole, notes = (), ("The file names further coordinate systems, which are not used.",)
    place = transform((*own, *whole), len(names)) if own or whole else None
    if place is not None and place.unknown:
        notes = (*notes, f"Its transformation of type “{place.unknown[:40]}” is not understood: no lengths are shown.")
    return Multiscale(names, units, tuple(levels), place, said, notes)


def _axes(first: dict[str, Any], dataset: dict[str, Any]) -> Any:
    """The axes of an image; in 0.6 those of the coordinate system that the finest level is transformed to."""
    systems = first.get("coordinateSystems")
    if not systems:
        return first.get("axes") or OLD_AXES
    steps = dataset.get("coordinateTransformations") or [{}]
    output = steps[-1].get("output")
    output = output.get("name") if isinstance(output, dict) else output
    return next((one for one in systems if one.get("name") == output), systems[0])["axes"]


def transform(steps: Sequence[Any], count: int) -> Transform:
    """Transformations one after another, along `count` axes."""
    total = Transform((1.0,) * count, (0.0,) * count)
    for step in steps:
        total = total.then(_step(step, count))
    return total


def _step(step: Any, count: int) -> Transform:
    kind = str(step.get("type", "")) if isinstance(step, dict) else "?"
    ones, zeros = (1.0,) * count, (0.0,) * count
    if kind == "identity":
        return Transform(ones, zeros)
    if kind == "sequence" and isinstance(step.get("transformations"), list):
        return transform(step["transformations"], count)
    if kind == "scale" and (values := _numbers(step.get("scale"), count)):
        return Transform(values, zeros)
    if kind == "translation" and (values := _numbers(step.get("translation"), count)):
        return Transform(ones, values)
    return Transform(ones, zeros, kind or "?")


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    fits = isinstance(values, list) and len(values) == count and all(isinstance(v, (int, float)) for v in values)
    return tuple(float(value) for value in values) if fits else ()
