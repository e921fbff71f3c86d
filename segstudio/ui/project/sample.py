"""The sample project: made from the bundled images the first time it is opened."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np

from segstudio import resources
from segstudio.core.classes import ClassEntry, ClassTable
from segstudio.core.codes import Origin
from segstudio.core.document import Document, Version
from segstudio.folders import data_folder
from segstudio.models.card import Card, read_card
from segstudio.project.paths import FILE, content_digest
from segstudio.project.store import Store
from segstudio.worker.client import Reader

MODEL = "0001-unet.safetensors"


def sample_project() -> Path:
    """The folder of the sample project in the user's data folder; copies and builds it if it is not there.

    Raises UserError when it cannot be written.
    """
    folder = data_folder() / "sample"
    if (folder / FILE).is_file():
        return folder
    source = resources.folder() / "sample"
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    store = Store.create(folder)
    try:
        shutil.copyfile(source / "starter.safetensors", store.models_folder / MODEL)
        document = _document(store, source, images)
        store.attach(document)
        store.flush()
    except BaseException:
        store.close(discard=True)
        (folder / FILE).unlink(missing_ok=True)
        raise
    store.close()
    return folder


def _document(store: Store, source: Path, images: Path) -> Document:
    card = read_card(store.models_folder / MODEL)
    classes = ClassTable(tuple(ClassEntry(i, *named) for i, named in zip(card.class_ids, card.classes, strict=True)))
    document = Document(classes)
    document.put_version(_version(card, store.models_folder / MODEL))
    pictures = sorted(path for path in source.glob("*.png") if "." not in path.stem)
    with Reader() as reader:
        for picture in pictures:
            copy = images / picture.name
            shutil.copyfile(picture, copy)
            info, _ = reader.image(copy)
            entry = document.add_image(store.relative_path(copy), content_digest(copy), info, "sample")
            strokes = source / f"{picture.stem}.annotation.png"
            if strokes.is_file():
                mask = reader.mask(strokes, classes=max(3, len(classes)))
                writer = document.begin_edit(entry.id, 1, "Sample strokes", tool="import", origin=Origin.IMPORTED)
                writer.put(0, 0, 0, np.asarray(mask, np.uint8))
                document.finish_edit(writer)
                store.settings.set("shown", entry.id)
    return document


def _version(card: Card, path: Path) -> Version:
    """The starter model as the project's first version, with the curves of its own training."""
    curves = {name: card.metrics.get(name, []) for name in ("loss_curve", "score_curve")}
    scores = card.metrics.get("dice", {})
    curves["per_class"] = [(card.name(i), None, scores.get(str(i))) for i in card.class_ids]
    return Version(
        1, f"models/{path.name}", content_digest(path), 0, "champion", card.architecture, time.time(),
        "Starter model, trained on generated pictures of nuclei only.",
        {"curves": curves, "steps": card.steps, "seconds": card.seconds},
    )  # fmt: skip
