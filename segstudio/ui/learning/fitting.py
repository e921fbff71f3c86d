"""Which images a project's model can take: those of its kind of channels (core.channels)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from segstudio.core.channels import fits, wanted, without_alpha, words
from segstudio.core.document import ImageEntry, Version
from segstudio.errors import UserError
from segstudio.models.card import read_card
from segstudio.ui.learning.label_regions import annotated_images
from segstudio.ui.project.open_project import OpenProject
from segstudio.worker.messages import Failed


def model_channels(project: OpenProject, version: Version | None = None) -> int:
    """How many channels a version, or the champion, was made for; 0 where there is none or its file cannot be read."""
    version = version or project.document.champion
    return _channels(project.model_path(version), version.digest) if version else 0


def new_channels(project: OpenProject, layer: int, shown: ImageEntry | None) -> int:
    """How many channels a new model of the project gets; see core.channels.wanted."""
    every = [entry.info.channels for entry in project.document.images.values()]
    annotated = [entry.info.channels for entry in annotated_images(project.document, layer)]
    return wanted(every, annotated, shown.info.channels if shown else every[0])


def takes(project: OpenProject, entry: ImageEntry, channels: int | None = None) -> bool:
    """Whether the champion, or a model for so many `channels`, can take an image; 0: there is none to be refused by."""
    made_for = model_channels(project) if channels is None else channels
    has, alpha = entry.info.channels, entry.info.alpha
    return not made_for or fits(has, made_for) or without_alpha(has, alpha, made_for)


def refusal(project: OpenProject, entry: ImageEntry, version: Version | None = None) -> Failed:
    """Why the model cannot take an image, in one sentence."""
    why = f"It has {words(entry.info.channels)}, the model was made for {model_channels(project, version)}."
    hint = "Show it and make a new model (menu Model) to work on images of its kind."
    return Failed(0, f"“{entry.name}” does not fit the model.", why, hint)


def left_out(entries: Iterable[ImageEntry]) -> str:
    """A sentence on images that are not learnt from, because they have other channels than the model; "" for none."""
    named = [f"“{entry.name}” ({words(entry.info.channels)})" for entry in entries]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f"Not learnt, since the model takes other channels: {', '.join(named[:3])}{more}." if named else ""


@lru_cache(maxsize=64)
def _channels(path: Path, digest: str) -> int:
    """`digest` tells apart what was written to the same place."""
    try:
        return read_card(path).channels
    except UserError:
        return 0  # the job itself says what is wrong with the file
