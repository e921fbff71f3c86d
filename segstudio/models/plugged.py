"""Networks that plugins bring: a row of a manifest becomes a ModelSpec, as the built-in rows are."""

from __future__ import annotations

import re
from typing import Any

from segstudio.errors import UserError
from segstudio.models.built_in import MODELS
from segstudio.models.spec import ModelSpec, Option
from segstudio.plugins import Plugin


def specs_of(plugin: Plugin) -> list[ModelSpec]:
    """The networks of a plugin; none of its code runs. Raises UserError for a row that says too little or nonsense."""
    specs = [_spec(plugin, row) for row in plugin.networks]
    ids = [spec.id for spec in specs]
    if taken := [id_ for id_ in ids if id_ in MODELS or ids.count(id_) > 1]:
        raise UserError(f"The plugin “{plugin.name}” cannot be used.", why=f"“{taken[0]}” is the id of two networks.")
    return specs


def _spec(plugin: Plugin, row: dict[str, Any]) -> ModelSpec:
    words = [row.get(name) for name in ("id", "title", "summary", "factory")]
    if not all(isinstance(word, str) and word for word in words):
        raise _bad(plugin, "A network needs the texts id, title, summary and factory")
    id_, title, summary, factory = map(str, words)
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", id_) or not re.fullmatch(r"[A-Za-z_]\w*:[A-Za-z_]\w*", factory):
        raise _bad(plugin, f"“{id_}” or “{factory}” is no id and no module:callable")
    options = {name: _option(plugin, name, said) for name, said in _table(plugin, row, "options").items()}
    presets = {name: _table(plugin, {name: said}, name) for name, said in _table(plugin, row, "presets").items()}
    spec = ModelSpec(
        id_, title, summary, factory, options, {"light": {}, "standard": {}, "paper": {}, **presets}, plugin
    )
    for preset in spec.presets.values():
        spec.complete(preset)
    return spec


def _option(plugin: Plugin, name: str, said: Any) -> Option:
    if not isinstance(said, dict) or not isinstance(said.get("default"), int | float | str):
        raise _bad(plugin, f"The option “{name}” has no default")
    low, high, choices = said.get("low"), said.get("high"), said.get("choices", [])
    bounds = isinstance(low, int | float) and isinstance(high, int | float)
    if not bounds and not (isinstance(choices, list) and choices):
        raise _bad(plugin, f"The option “{name}” needs low and high, or choices")
    return Option(said["default"], str(said.get("help", "")), low, high, tuple(choices))


def _table(plugin: Plugin, row: dict[str, Any], name: str) -> dict[str, Any]:
    said = row.get(name, {})
    if not isinstance(said, dict):
        raise _bad(plugin, f"“{name}” is no table")
    return said


def _bad(plugin: Plugin, why: str) -> UserError:
    return UserError(f"The plugin “{plugin.name}” cannot be used.", why=f"{why}.", hint="See plugins/README.md.")
