"""Text and JSON that other programs wrote: with or without a byte order mark."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

from segstudio.errors import UserError

LARGEST = 2**28
"""Bytes of a file that are read, unless a format has more."""

MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""Byte order marks of other encodings than UTF-8, which Windows' editors write too."""


def read_text(path: Path, largest: int = LARGEST) -> str:
    """The text of a file in UTF-8 or, where its mark says so, UTF-16; without the mark. UserError for other files."""
    if path.stat().st_size > largest:
        raise UserError(f"“{path.name}” is too large to be read.", why=f"The limit is {largest:,} bytes.")
    raw = path.read_bytes()
    try:
        return raw.decode(MARKS.get(raw[:2], "utf-8-sig"))
    except UnicodeDecodeError as error:
        why = f"Byte {error.start:,} is no text in UTF-8."
        raise UserError(f"“{path.name}” is no text.", why=why, hint="Save it as UTF-8.") from error


def read_json(path: Path, kind: str, largest: int = LARGEST) -> dict[str, Any]:
    """The object in a JSON file; `kind` names the format in the UserError for anything else."""
    try:
        found = json.loads(read_text(path, largest))
    except (ValueError, RecursionError) as error:
        raise UserError(f"“{path.name}” is no {kind}.", why=f"{error}"[:120]) from error
    if not isinstance(found, dict):
        raise UserError(f"“{path.name}” is no {kind}.", why="Its JSON is no object with names.")
    return found
