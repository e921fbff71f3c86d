"""What the project's tests share: an image to paint on, strokes by number, and pictures of a whole document."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.codes import Origin
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.history import Edit
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.project.store import Store

SHAPE = (2, 600, 700)
INFO = ImageInfo("png", SHAPE, 1, ("grey",), "uint8", ranges=((0.0, 255.0),))


def paint(document: Document, number: int, image: int = 1) -> Edit | None:
    """A stroke that depends on nothing but its number: some discs of one class, somewhere."""
    rng = np.random.default_rng(number)
    origin = Origin(int(rng.integers(1, 6)))
    writer = document.begin_edit(image, 1, f"Stroke {number}", tool="brush", origin=origin)
    class_id = int(rng.integers(0, 3))
    row, column, z = int(rng.integers(-20, 600)), int(rng.integers(-20, 700)), int(rng.integers(0, 2))
    for _ in range(6):
        radius = int(rng.integers(3, 40))
        grid = np.hypot(*np.ogrid[-radius : radius + 1, -radius : radius + 1])
        writer.set(z, row - radius, column - radius, grid <= radius, class_id)
        row, column = row + int(rng.integers(-30, 30)), column + int(rng.integers(-30, 30))
    return document.finish_edit(writer)


def predict(document: Document, seed: int, image: int = 1, version: int = 1) -> None:
    """A prediction of one slice that depends on nothing but its seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 3, (10, 11), dtype=np.uint8)
    classes = np.kron(coarse, np.ones((64, 64), np.uint8))[:600, :700]
    document.put_prediction(image, 1, 0, 0, 0, classes, (classes * 80).astype(np.uint8), version)


def picture(document: Document) -> dict[str, Any]:
    """Everything a project must bring back, as plain comparable values."""
    images: list[Any] = []
    for entry in document.images.values():
        values = {name: getattr(entry, name) for name in ("id", "path", "digest", "info", "group", "role", "done")}
        layers = [
            (layer.id, layer.name, layer.visible, layer.opacity, planes_of(layer), layer.versions)
            for layer in entry.layers
        ]
        images.append((values, entry.seen, entry.agreed, layers))
    return {
        "images": images,
        "classes": tuple(document.classes),
        "versions": document.versions,
        "edits": document.history.edits,
        "position": document.history.position,
    }


def planes_of(layer: Any) -> list[bytes]:
    planes = (layer.annotation, layer.prediction, layer.uncertainty)
    return [plane.read(Box.whole(layer.shape, z)).tobytes() for plane in planes for z in range(layer.shape[0])]


def annotation(document: Document, image: int = 1) -> NDArray[Any]:
    plane = document.layer(image, 1).annotation
    return np.stack([plane.read(Box.whole(plane.shape, z)) for z in range(plane.shape[0])])


def new_document(store: Store) -> Document:
    document = store.load()
    store.attach(document)
    document.classes.add("Cell")
    document.classes.add("Membrane", "#123456")
    document.add_image("../a.png", "0" * 64, INFO)
    return document


OpenStore = Callable[..., Store]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project"


@pytest.fixture
def opened(folder: Path) -> Iterator[OpenStore]:
    """Opens (or creates) the project; what a test leaves open is closed."""
    stores: list[Store] = []

    def open_store(path: Path = folder, **options: Any) -> Store:
        exists = (path / "project.segstudio").exists()
        stores.append(Store.open(path, **options) if exists or options else Store.create(path))
        return stores[-1]

    yield open_store
    for store in stores:
        with contextlib.suppress(UserError):
            store.close(timeout=1, discard=True)


def crash(store: Store) -> None:
    """End a store as a killed process would: nothing is finished, the lock is gone, its file stays."""
    import os

    assert store._writer is not None and store._lock is not None
    writer, store._writer = store._writer, None
    files = {file.name: file.read_bytes() for file in store.folder.iterdir() if file.is_file()}
    writer.stop(abandon=True).close(True)
    for name, content in files.items():
        (store.folder / name).write_bytes(content)
    os.close(store._lock._descriptor or 0)
    store._lock._descriptor = None
