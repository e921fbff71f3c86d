"""All networks there are: the built-in ones and those of plugins. Listing them imports no torch."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches

from segstudio import plugins
from segstudio.errors import UserError
from segstudio.models.built_in import MODELS as MODELS
from segstudio.models.plugged import specs_of
from segstudio.models.spec import ModelSpec


def networks() -> dict[str, ModelSpec]:
    """All networks by id: the built-in ones, and those of installed plugins whose manifest can be used."""
    found = dict(MODELS)
    for plugin in plugins.found()[0]:
        with suppress(UserError):
            found |= {spec.id: spec for spec in specs_of(plugin) if spec.id not in found}
    return found


def find(model_id: str) -> ModelSpec:
    """The network with this id. Raises UserError naming the known ones."""
    if model_id in MODELS:
        return MODELS[model_id]
    known = networks()
    if model_id in known:
        return known[model_id]
    near = get_close_matches(model_id, known, 1)
    guess = f"Did you mean “{near[0]}”? " if near else ""
    why = " ".join(plugins.found()[1])
    raise UserError(f"There is no network “{model_id}”.", why=why, hint=f"{guess}Known networks: {', '.join(known)}.")
