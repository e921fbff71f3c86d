"""Write the masks of a project in the format that another program wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segstudio.core.classes import ClassTable
from segstudio.core.document import Document, ImageEntry
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import ExportFormat, export_format
from segstudio.io.masks.names import names_of

NAMED = 5
"""Images that one sentence names."""


@dataclass(frozen=True, slots=True)
class Export:
    """Masks that are ready to be written, as they were when it was made: writing may happen in another thread.

    `left_out` are the images that are not written, each with the reason.
    """

    row: ExportFormat
    subjects: list[Subject]
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def write(self, folder: Path) -> list[Path]:
        """Write all files into `folder`; returns them. An image that the format cannot hold is left out; raises
        UserError where none is written."""
        folder.mkdir(parents=True, exist_ok=True)
        writer = self.row.load()
        if self.row.together:
            return writer(self.subjects, folder)
        written: list[Path] = []
        refusals: list[UserError] = []
        for subject in list(self.subjects):
            try:
                written += writer([subject], folder)
            except UserError as error:
                refusals.append(error)
                self.left_out.append((subject.name, error.sentence))
                self.subjects.remove(subject)
        if refusals and not written:
            raise refusals[0]
        return written

    def summary(self, written: Sequence[Path], folder: Path) -> str:
        """How many files there are, of which images, and which images have none and why; one sentence each."""
        images = _listed([subject.name for subject in self.subjects])
        text = f"{len(written)} file{'' if len(written) == 1 else 's'} written to {folder}, for {images}."
        reasons = dict.fromkeys(why for _, why in self.left_out)
        for why in reasons:
            text += f" Not written: {_listed([name for name, own in self.left_out if own == why])} ({why.rstrip('.')})."
        return text

    def renamed(self) -> Iterator[tuple[str, str]]:
        """(image, beginning of its files' names) of images whose files cannot have their own name: another has it."""
        return ((one.name, one.stem) for one in self.subjects if one.stem != Path(Path(one.name).name).stem)


def prepare(
    document: Document,
    *,
    layer: int = 1,
    form: str = "png",
    path_of: Callable[[ImageEntry], Path] = lambda entry: Path(entry.path),
) -> Export:
    """The masks (annotation over prediction) of all images as the format `form`.

    Images without any mask, and those that do not fit the format, are left out. `path_of` finds an image's file, which
    some formats refer to. Raises UserError when there is nothing to write.
    """
    row = export_format(form)
    subjects, left_out = _subjects(document, layer, path_of)
    if not subjects:
        raise UserError("There is no mask to export yet.", hint="Predict an image or paint on it first.")
    refusals = [(subject.name, refusal) for subject in subjects if (refusal := row.refusal(subject))]
    if len(refusals) == len(subjects):
        raise refusals[0][1]
    left_out += [(name, refusal.why) for name, refusal in refusals]
    refused = {name for name, _ in refusals}
    return Export(row, [subject for subject in subjects if subject.name not in refused], left_out)


def _subjects(
    document: Document, layer: int, path_of: Callable[[ImageEntry], Path]
) -> tuple[list[Subject], list[tuple[str, str]]]:
    """The images with a mask, named apart from all images of the document, and those without, with the reason."""
    subjects: list[Subject] = []
    without: list[tuple[str, str]] = []
    classes = ClassTable(tuple(document.classes))
    entries = list(document.images.values())
    for entry, name in zip(entries, names_of([entry.path for entry in entries]), strict=True):
        found = next((one for one in entry.layers if one.id == layer), None)
        if found is None or (found.annotation.is_empty() and found.prediction.is_empty()):
            without.append((name, "there is no mask yet"))
            continue
        subjects.append(Subject(name, name.stem, path_of(entry), entry.info, classes, found.frozen().mask))
    return subjects, without


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
