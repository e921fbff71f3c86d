"""Write the masks of a project in the format that another program wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from segstudio.core.document import Document, ImageEntry
from segstudio.errors import UserError
from segstudio.io.exports.subject import Subject
from segstudio.io.exports.table import export_format


def export_masks(
    document: Document,
    folder: Path,
    *,
    layer: int = 1,
    form: str = "png",
    path_of: Callable[[ImageEntry], Path] = lambda entry: Path(entry.path),
) -> list[Path]:
    """Write the masks (annotation over prediction) of all images into `folder` as the format `form`; returns the files.

    Images without any mask are left out. `path_of` finds an image's file, which some formats refer to. Raises
    UserError when nothing can be written, before anything is.
    """
    row = export_format(form)
    subjects = _subjects(document, layer, path_of)
    if not subjects:
        raise UserError("There is no mask to export yet.", hint="Predict an image or paint on it first.")
    for subject in subjects:
        if refusal := row.refusal(subject):
            raise refusal
    folder.mkdir(parents=True, exist_ok=True)
    return row.load()(subjects, folder)


def _subjects(document: Document, layer: int, path_of: Callable[[ImageEntry], Path]) -> list[Subject]:
    subjects: list[Subject] = []
    taken: set[str] = set()
    for entry in document.images.values():
        found = next((one for one in entry.layers if one.id == layer), None)
        if found is None or (found.annotation.is_empty() and found.prediction.is_empty()):
            continue
        stem = _free_stem(Path(entry.name).stem, taken)
        subjects.append(Subject(entry.name, stem, path_of(entry), entry.info, document.classes, found.mask))
    return subjects


def _free_stem(stem: str, taken: set[str]) -> str:
    """Two images of different folders may share a name; the later ones get a number."""
    name, number = stem, 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name.lower())
    return name
