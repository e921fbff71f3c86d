"""Relinking: where the files of images are that were moved, or whose folder was renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.project.paths import content_digest

LOOKED_AT = 100_000
"""Files and folders that are looked at in a place, at most."""

COMPARED = 500
"""Files of another name whose content is compared, at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that is looked for: its id, the name of its file and the digest of its content ("": not known)."""

    image: int
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Found:
    """Where an image was found; `same` where the content is its own, and not the name alone."""

    image: int
    path: Path
    same: bool


def find(place: Path, wanted: Sequence[Wanted]) -> list[Found]:
    """Look for images in a folder and all below it, by name and content, then by content alone.

    Of several files of one name the one with the image's content is taken. A file as `place` is looked at as it is,
    with its neighbours for the other images.
    """
    if not place.exists():
        return []
    there = list(_paths(place if place.is_dir() else place.parent))
    named: dict[str, list[Path]] = {}
    for path in there:
        named.setdefault(path.name.casefold(), []).append(path)
    found: dict[int, Found] = {}
    for one in wanted:
        chosen = [place] if place.is_file() and len(wanted) == 1 else named.get(one.name.casefold(), [])
        same = next((path for path in chosen if one.digest and _digest(path) == one.digest), None)
        if same or chosen:
            found[one.image] = Found(one.image, same or chosen[0], same is not None or not one.digest)
    rest = {one.digest: one for one in wanted if one.digest and not (one.image in found and found[one.image].same)}
    suffixes = {Path(one.name).suffix.casefold() for one in rest.values()}
    alike = [path for path in there if path.suffix.casefold() in suffixes and path.is_file()] if rest else []
    for path in alike[:COMPARED]:
        if (match := rest.get(_digest(path))) is not None:
            found[match.image] = Found(match.image, path, True)
    return [found[one.image] for one in wanted if one.image in found]


def _paths(folder: Path) -> Iterator[Path]:
    """Files and folders below a folder, those that lie higher first."""
    count = 0
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in (*sorted(files), *folders):
            yield Path(place, name)
            count += 1
            if count == LOOKED_AT:
                return


def _digest(path: Path) -> str:
    try:
        return content_digest(path)
    except OSError:
        return ""
