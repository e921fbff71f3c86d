"""Names that tell the images of a project apart, in mask files and in the words about them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from segstudio.core.document import Document, ImageEntry

LONGEST = 4096
"""Characters of a path that are looked at, its last ones."""

UNUSABLE = re.compile(r'[<>:"|?*]')
"""What a folder may hold and a file's name may not, on some system."""

Parts = tuple[str, ...]


class ImageName(str):
    """The name of an image as its project tells it from the others: "0001.png", or "north/0001.png" of two.

    `path` is the whole path. `stems` are what the names of its mask files may begin with and those of no other image
    do, the longest first; `stem`, the shortest, is what they are written with: "0001", or "north_0001".
    """

    path: str
    stems: tuple[str, ...]

    @classmethod
    def of(cls, name: str, path: str = "", stems: Sequence[str] = ()) -> ImageName:
        """From its parts; a plain name is one that no other image shares."""
        if isinstance(name, ImageName):
            return name
        made = cls(name)
        made.path = path or name
        made.stems = tuple(stems) or tuple(form for form, _ in reversed([*_stems(_parts(name))])) or (name,)
        return made

    @property
    def stem(self) -> str:
        return self.stems[-1]

    def shared_with(self, other: str) -> int:
        """How many parts of its path, from the last one on, another path has too; 0 where it may be another image's."""
        mine, yours = _parts(self.path), _parts(other)
        pairs = zip(reversed(mine), reversed(yours), strict=False)
        count = next((k for k, (a, b) in enumerate(pairs) if a != b), min(len(mine), len(yours)))
        return count if count >= len(_parts(self)) else 0


def names_of(paths: Sequence[str]) -> list[ImageName]:
    """A name for each path that no other one has, with as many folders as that takes."""
    parts = [_parts(path) for path in paths]
    names, stems = _apart(parts, _names), _apart(parts, _stems)
    return [
        ImageName.of(own[0], path, tuple(reversed(begins)))
        for path, own, begins in zip(paths, names, stems, strict=True)
    ]


def image_name(document: Document, entry: ImageEntry) -> ImageName:
    """The name of an image among those of its document."""
    entries = list(document.images.values())
    return names_of([one.path for one in entries])[entries.index(entry)]


def free(stem: str, taken: set[str]) -> str:
    """The stem, with a number where it is taken (in lower case, as some file systems have it); it is taken now."""
    name, number = stem, 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name.lower())
    return name


def _apart(paths: Sequence[Parts], forms: Callable[[Parts], Iterator[tuple[str, bool]]]) -> list[list[str]]:
    """Of each path the forms that are of no other, the shortest first; one with a number where there is none.

    A form with all folders is of the path that has no more of them, though others end in it.
    """
    own = [dict(forms(one)) or {"image": False} for one in paths]
    often = Counter(form for one in own for form in {form.lower() for form in one})
    whole = Counter(form for one in own for form in {form.lower() for form, entire in one.items() if entire})
    taken = set(often)
    return [
        [f for f, entire in one.items() if often[f.lower()] == 1 or (entire and whole[f.lower()] == 1)]
        or [free(next(iter(one)), taken)]
        for one in own
    ]


def _names(parts: Parts) -> Iterator[tuple[str, bool]]:
    """0001.png, north/0001.png, …, and whether these are all folders."""
    return (("/".join(parts[-count:]), count == len(parts)) for count in range(1, len(parts) + 1))


def _stems(parts: Parts) -> Iterator[tuple[str, bool]]:
    """0001, 0001_png, north_0001, north_0001_png, …, and whether these are all folders."""
    for count in range(1, len(parts) + 1):
        *folders, name = parts[-count:]
        before = [UNUSABLE.sub("_", folder) for folder in folders]
        yield "_".join((*before, name.rpartition(".")[0] or name)), count == len(parts)
        yield "_".join((*before, name.replace(".", "_"))), count == len(parts)


def _parts(path: str) -> Parts:
    """Folders and name, of a path of whatever system."""
    return tuple(part for part in path[-LONGEST:].replace("\\", "/").split("/") if part.strip(". "))


SLICE = r"[ _.-]*(?:z|slice|page|s)?[ _.-]*(\d{1,6})"
"""How a file's name goes on after the stem where it is of one slice: _z0001, -12, _slice 3."""


def files_of(folder: Path, name: str, slices: int, endings: Sequence[str]) -> list[Path]:
    """The files of an image in a folder: `STEM` and one of the endings, or `STEM_z0001` … for each of its slices, in
    the order of their numbers, with zeros before them or without; [] where there are none, or not as many as slices.

    Files that have numbers alone (z1.png, z2.png, …) count where the folder holds just one for each slice.
    """
    for stem in ImageName.of(name).stems:
        for ending in endings:
            if (whole := folder / f"{stem}{ending}").is_file():
                return [whole]
            if slices > 1 and len(found := _numbered(folder, re.escape(stem) + SLICE, ending)) == slices:
                return found
    alone = [found for ending in endings if (found := _numbered(folder, SLICE, ending))] if slices > 1 else []
    return alone[0] if len(alone) == 1 and len(alone[0]) == slices else []


def _numbered(folder: Path, begin: str, ending: str) -> list[Path]:
    pattern = re.compile(begin + re.escape(ending), re.IGNORECASE)
    found = {int(match[1]): one for one in folder.iterdir() if (match := pattern.fullmatch(one.name))}
    return [found[number] for number in sorted(found)]
