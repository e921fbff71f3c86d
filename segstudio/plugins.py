"""Plugins: folders with a manifest that is read without running any of their code.

Nothing is loaded that the user did not install: installing copies the folder to the user's data and remembers its
sha256; a plugin whose files changed since is refused. Its code runs in worker processes and on the command line only,
never in the window.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.errors import UserError
from segstudio.folders import data_folder

MANIFEST, RECORD = "manifest.toml", "installed.json"
SAFE_MODE = "SEGSTUDIO_SAFE_MODE"
"""Environment variable: set to anything, no plugin is looked at (`segstudio --safe-mode`)."""

FILES, BYTES = 500, 50 * 2**20
"""What a plugin may hold at most."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin, or one that could be. `digest` is the sha256 over names and contents of its files,
    `networks` the rows of its manifest that models.plugged makes networks of."""

    id: str
    name: str
    version: str
    summary: str
    folder: Path
    digest: str
    networks: tuple[dict[str, Any], ...] = ()

    def load(self, factory: str) -> Callable[..., Any]:
        """Import "module:callable" from the plugin's folder: this runs its code. Raises UserError where that fails."""
        if digest(self.folder) != self.digest:
            raise _changed(self)
        module, _, name = factory.partition(":")
        known = f"segstudio_plugin_{self.id}_{self.digest[:12]}_{module}"
        try:
            if known not in sys.modules:
                spec = importlib.util.spec_from_file_location(known, self.folder / f"{module}.py")
                assert spec is not None and spec.loader is not None
                made = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(made)
                sys.modules[known] = made
            found: Callable[..., Any] = getattr(sys.modules[known], name)
        except Exception as error:  # whatever a stranger's code does when it is imported
            why = f"Its {module}.py failed: {type(error).__name__}: {error}."
            raise UserError(f"The plugin “{self.name}” does not work.", why=why, hint=_REMOVE) from error
        return found


_REMOVE = "Ask its author, or remove it (segstudio plugins remove)."


def place() -> Path:
    """Where plugins are installed: one folder each, by id."""
    return data_folder() / "plugins"


def found() -> tuple[list[Plugin], list[str]]:
    """The installed plugins, and a sentence for each that cannot be used. None in safe mode, which is told."""
    if os.environ.get(SAFE_MODE):
        return [], ["Plugins are off (safe mode)."]
    good, bad = [], []
    for id_, known in sorted(_record().items()):
        try:
            plugin = read(place() / id_)
            if plugin.digest != known:
                raise _changed(plugin)
            good.append(plugin)
        except UserError as error:
            bad.append(error.sentence)
    return good, bad


def installed(id_: str) -> Plugin:
    """The installed plugin with this id. Raises UserError where there is none, or it cannot be used."""
    plugins, problems = found()
    for plugin in plugins:
        if plugin.id == id_:
            return plugin
    raise UserError(f"The plugin “{id_}” is not installed.", why=" ".join(problems))


def read(folder: Path) -> Plugin:
    """What a plugin's manifest says; none of its code runs. Raises UserError for a folder that is no plugin."""
    path = folder / MANIFEST
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"“{folder.name}” is no plugin.", why=f"It holds no {MANIFEST}.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"The manifest of “{folder.name}” cannot be read.", why=f"{error}.") from error
    words = {name: said.get(name) for name in ("id", "name", "version", "summary")}
    if missing := [name for name, value in words.items() if not isinstance(value, str) or not value]:
        raise UserError(f"The manifest of “{folder.name}” lacks “{missing[0]}”.", hint="It must be a text.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", str(words["id"])):
        hint = "Use 2 to 40 of a-z, 0-9 and _, a letter first."
        raise UserError(f"“{words['id']}” cannot be the id of a plugin.", hint=hint)
    networks = said.get("networks", [])
    if not isinstance(networks, list) or not all(isinstance(row, dict) for row in networks):
        raise UserError(f"The manifest of “{folder.name}” has bad networks.", hint="Each is a [[networks]] table.")
    texts = {name: str(value) for name, value in words.items()}
    return Plugin(**texts, folder=folder, digest=digest(folder), networks=tuple(networks))


def install(plugin: Plugin) -> Plugin:
    """Copy a plugin to where installed ones lie, in place of an older one of the same id; the installed one."""
    target, scratch = place() / plugin.id, place() / f".{plugin.id}.part"
    place().mkdir(parents=True, exist_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(plugin.folder, scratch, ignore=shutil.ignore_patterns("__pycache__"))
    if digest(scratch) != plugin.digest:
        shutil.rmtree(scratch)
        raise _changed(plugin)
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    _write({**_record(), plugin.id: plugin.digest})
    return read(target)


def remove(id_: str) -> None:
    """Take a plugin away with all its files. Raises UserError where there is none."""
    record = _record()
    if id_ not in record:
        raise UserError(f"The plugin “{id_}” is not installed.", hint=f"Installed: {', '.join(record) or 'none'}.")
    del record[id_]
    _write(record)
    shutil.rmtree(place() / id_, ignore_errors=True)


def digest(folder: Path) -> str:
    """sha256 over names and contents of a plugin's files. Raises UserError for links, and for far too many bytes."""
    paths = sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    if any(path.is_symlink() for path in paths):
        raise UserError(f"“{folder.name}” cannot be a plugin.", why="It holds links to other files.")
    files = [path for path in paths if path.is_file()]
    if len(files) > FILES or sum(path.stat().st_size for path in files) > BYTES:
        why = f"It holds more than {FILES} files or {BYTES // 2**20} MB."
        raise UserError(f"“{folder.name}” cannot be a plugin.", why=why)
    whole = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        whole.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()


def _changed(plugin: Plugin) -> UserError:
    why = "Its files changed since it was installed."
    return UserError(f"The plugin “{plugin.name}” is not used.", why=why, hint="Install it again if you trust it.")


def _record() -> dict[str, str]:
    """sha256 by id of what is installed; ids only that a folder can have."""
    try:
        said = json.loads((place() / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {id_: str(value) for id_, value in said.items() if id_.isidentifier()} if isinstance(said, dict) else {}


def _write(record: dict[str, str]) -> None:
    scratch = place() / f"{RECORD}.part"
    scratch.write_text(json.dumps(record, indent=2), encoding="utf-8")
    scratch.replace(place() / RECORD)
