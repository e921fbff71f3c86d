"""Names of classes as DICOM can hold them: Long Strings (PS3.5 6.2), in which a backslash would part two values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segstudio.core.classes import ClassEntry

LONGEST = 64
"""Characters of a Long String."""


def labelled(entries: Sequence[ClassEntry]) -> list[ClassEntry]:
    """The classes with names that a Long String holds, no two alike: a slash for a backslash, cut to 64 characters."""
    taken: set[str] = set()
    return [replace(entry, name=_free(_held(entry.name) or f"class {entry.id}", taken)) for entry in entries]


def _held(name: str) -> str:
    printed = "".join(sign if sign.isprintable() else " " for sign in name.replace("\\", "/"))
    return printed.strip()[:LONGEST].strip()


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name[: LONGEST - 6].strip()} ({number})", number + 1
    taken.add(found)
    return found
