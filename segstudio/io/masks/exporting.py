"""Write the masks of a project in the format that another program wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segstudio.core.classes import ClassTable
from segstudio.core.document import Document, ImageEntry
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import ExportFormat, export_format


@dataclass(frozen=True, slots=True)
class Export:
    """Masks that are ready to be written, as they were when it was made: writing may happen in another thread."""

    row: ExportFormat
    subjects: list[Subject]

    def write(self, folder: Path) -> list[Path]:
        """Write all files into `folder`; returns them. Raises UserError."""
        folder.mkdir(parents=True, exist_ok=True)
        return self.row.load()(self.subjects, folder)


def prepare(
    document: Document,
    *,
    layer: int = 1,
    form: str = "png",
    path_of: Callable[[ImageEntry], Path] = lambda entry: Path(entry.path),
) -> Export:
    """The masks (annotation over prediction) of all images as the format `form`.

    Images without any mask are left out. `path_of` finds an image's file, which some formats refer to. Raises
    UserError when there is nothing to write or an image does not fit the format.
    """
    row = export_format(form)
    subjects = _subjects(document, layer, path_of)
    if not subjects:
        raise UserError("There is no mask to export yet.", hint="Predict an image or paint on it first.")
    for subject in subjects:
        if refusal := row.refusal(subject):
            raise refusal
    return Export(row, subjects)


def _subjects(document: Document, layer: int, path_of: Callable[[ImageEntry], Path]) -> list[Subject]:
    subjects: list[Subject] = []
    taken: set[str] = set()
    classes = ClassTable(tuple(document.classes))
    for entry in document.images.values():
        found = next((one for one in entry.layers if one.id == layer), None)
        if found is None or (found.annotation.is_empty() and found.prediction.is_empty()):
            continue
        stem = free_stem(Path(entry.name).stem, taken)
        subjects.append(Subject(entry.name, stem, path_of(entry), entry.info, classes, found.frozen().mask))
    return subjects


def free_stem(stem: str, taken: set[str]) -> str:
    """Two images of different folders may share a name; the later ones get a number."""
    name, number = stem, 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name.lower())
    return name
