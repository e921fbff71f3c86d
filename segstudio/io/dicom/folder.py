"""The series of a folder, as an archive (PACS) or a disc exports them: by patient, study and series, often nested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from filecmp import cmp
from itertools import islice
from pathlib import Path
from typing import Any

from segstudio.io.dicom.series import MOST, header, instance, is_dicom, is_slide, levels_of, placed, stack_of, uid_of


@dataclass(frozen=True, slots=True)
class Series:
    """A stack of slices, or a DICOM file of its own: any of its files opens all of it.

    `patient` and `study` are what tells them apart for people: name and number, date and description. `size` is
    (slices or frames, rows, columns).
    """

    first: Path
    files: int
    title: str
    patient: str = ""
    study: str = ""
    size: tuple[int, int, int] = (1, 0, 0)


def dicom_files(folder: Path) -> list[Path]:
    """The DICOM files of a folder and of the folders in it, whatever they are named, in the order of their names; of
    very large trees those among the first files."""
    looked = sorted(islice((path for path in folder.rglob("*") if path.is_file()), MOST))
    return [path for path in looked if path.name.upper() != "DICOMDIR" and is_dicom(path)]


def representatives(paths: Iterable[Path]) -> tuple[list[Path], list[Series]]:
    """The paths with one file for each stack of slices, the first, which opens all of it, and for each slide the one of
    full resolution; copies of a file are left out, other files stay. And the series among them."""
    known = [(path, header(path)) for path in paths]
    kept: list[Path] = []
    series: list[Series] = []
    slides = [(path, first) for path, first in known if first is not None and is_slide(first)]
    covered = {
        file
        for path, first in slides
        for file in levels_of(first, (row for row in slides if row[0].parent == path.parent)).values()
    }
    stacks = defaultdict(list)
    for path, first in known:
        if first is not None and placed(first):
            stacks[path.parent, uid_of(first)].append((path, first))
    seen: dict[object, Path] = {}
    for path, first in known:
        if path in covered or (first is not None and _copied(path, first, seen)):
            continue
        kept.append(path)
        if first is not None and placed(first):
            stack = stack_of(path, first, stacks[path.parent, uid_of(first)])
            covered.update(one.path for one in stack)
            seen.update(((path.parent, *instance(one.path, one.header)), one.path) for one in stack)
            series.append(_series(path, first, len(stack)))
        elif first is not None and "Rows" in first:
            series.append(_series(path, first, 1))
    return kept, series


def _copied(path: Path, known: Any, seen: dict[object, Path]) -> bool:
    """Whether a file of the same folder has the same bytes; the same picture in another packing is kept."""
    other = seen.setdefault((path.parent, *instance(path, known)), path)
    return other != path and cmp(path, other, shallow=False)


def _series(path: Path, known: Any, files: int) -> Series:
    def words(*names: str) -> str:
        return "  ".join(text for name in names if (text := str(known.get(name) or "").replace("^", " ").strip()))

    number = known.get("SeriesNumber")
    parts = [words("Modality"), f"#{number}" if number is not None else "", words("SeriesDescription")]
    title = "  ".join(part for part in parts if part) or path.name
    frames, rows, columns = (int(known.get(name) or 0) for name in ("NumberOfFrames", "Rows", "Columns"))
    size = (max(files, frames, 1), rows, columns)
    return Series(path, files, title, words("PatientName", "PatientID"), words("StudyDate", "StudyDescription"), size)
