"""The projects opened last, for the start page."""

from __future__ import annotations

import json
from pathlib import Path

from segstudio.folders import data_folder
from segstudio.project.paths import FILE, project_file

KEPT = 8


def is_project(path: Path) -> bool:
    """Whether a path means a project: its folder or its file."""
    return project_file(path).is_file() and (path.is_dir() or path.name == FILE)


def recent() -> list[Path]:
    """Projects opened last that still exist, newest first."""
    try:
        stored = json.loads((data_folder() / "recent.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for item in stored if isinstance(item, str) and is_project(path := Path(item))][:KEPT]


def remember(folder: Path) -> None:
    """Put a project at the head of the recent ones."""
    others = [path for path in recent() if path != folder]
    target = data_folder() / "recent.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([str(path) for path in [folder, *others][:KEPT]]), encoding="utf-8")
