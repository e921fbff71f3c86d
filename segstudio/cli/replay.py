"""`segstudio replay`: train a model again from its receipt and compare the weights."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.cli.output import ProgressLine
from segstudio.cli.train import read_labels
from segstudio.core.document import Document
from segstudio.errors import UserError
from segstudio.learning import training_set
from segstudio.learning.labelled import Labelled
from segstudio.project.store import Store
from segstudio.worker.client import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="PROJECT|MODEL", help="a project, with --version, or a .safetensors file")
    parser.add_argument("--version", type=int, default=0, metavar="N", help="which model version of the project")
    parser.add_argument("--images", metavar="DIR", help="the images the model file was trained on")
    parser.add_argument("--masks", metavar="DIR", help="their masks")
    parser.add_argument("--project", metavar="PROJECT", help="the project the model file was trained on")
    parser.add_argument("--from", dest="start", metavar="M", help="the model it was fine-tuned from")


def run(options: argparse.Namespace) -> int:
    from segstudio.learning.device import use_cores
    from segstudio.learning.replay import compare, replay
    from segstudio.models.weights import load

    use_cores()
    target = Path(options.target)
    if target.suffix == ".safetensors":
        made, start, regions = load(target), *_of_file(target, options)
    else:
        made, start, regions = _of_project(target, options.version)
    progress = ProgressLine("replay")
    again = replay(start, regions, made.card.receipt, progress=lambda n, total: progress.show(n / total, f"step {n}"))
    progress.done(f"replay: {made.card.receipt['best_step']} steps")
    found = compare(again, made)
    if found.same:
        print(f"bit-identical: all weights are the same, sha256 {made.card.receipt['weights'][:12]}")
        return 0
    print(f"different: the largest difference is {found.largest:.3g}, in {found.tensor}")
    then, now = made.card.receipt["libraries"], _libraries()
    if changed := [f"{name} {then[name]} then, {now[name]} now" for name in now if then.get(name) != now[name]]:
        print("other libraries: " + "; ".join(changed))
    return 1


def _of_file(target: Path, options: argparse.Namespace) -> tuple[Any, list[Labelled]]:
    """The network a model file was trained from, and its labels."""
    from segstudio.models.card import read_card
    from segstudio.models.network import build
    from segstudio.models.outputs import as_begun
    from segstudio.models.weights import load

    card = read_card(target)
    source = card.receipt.get("source", {})
    said = argparse.Namespace(
        project=options.project, images=options.images, masks=options.masks,
        classes=str(source.get("classes", "")), ignore=source.get("ignore"), invert=bool(source.get("invert")),
    )  # fmt: skip
    regions, _, _ = read_labels(said)
    if options.start:
        return as_begun(load(Path(options.start)), card), regions
    return build(card.architecture, card.channels, card.classes, card.options, seed=card.seed, ids=card.ids), regions


def _of_project(path: Path, number: int) -> tuple[Any, Any, list[Labelled]]:
    """A version's network, its parent's, and the labels as they were kept when it was trained."""
    from segstudio.models.outputs import as_begun
    from segstudio.models.weights import load

    store = Store.open(path, read_only=True)
    try:
        document = store.load()
        version = document.versions.get(number)
        if version is None:
            known = ", ".join(map(str, sorted(document.versions))) or "none"
            raise UserError(f"The project has no model version {number}.", hint=f"Its versions are {known}.")
        parent = document.versions.get(version.parent)
        if parent is None or not version.metrics:
            raise UserError(f"Model version {number} was not trained here.", why="It has no parent to train from.")
        checkpoint = store.folder / version.file
        with _images(store, document) as pixels:
            regions = training_set.read(training_set.path_for(checkpoint), pixels)
        made = load(checkpoint)
        return made, as_begun(load(store.folder / parent.file), made.card), regions
    finally:
        store.close()


@contextmanager
def _images(store: Store, document: Document) -> Iterator[training_set.Pixels]:
    """Pixels of the project's images by their digest; one image is kept at a time."""
    entries = {entry.digest: entry for entry in document.images.values()}
    last: dict[str, NDArray[np.generic]] = {}
    with Reader() as reader:

        def pixels(place: training_set.LabelPlace) -> NDArray[np.generic]:
            if place.digest not in last:
                entry = entries.get(place.digest)
                if entry is None:
                    raise UserError("An image this version was trained on is no longer in the project.")
                if why := store.image_problem(entry):
                    raise UserError(f"“{entry.name}” is not as it was.", why=why)
                last.clear()
                last[place.digest] = reader.image(store.image_path(entry))[1]
            top, left, bottom, right = place.box
            return np.array(last[place.digest][place.z, top:bottom, left:right])

        yield pixels


def _libraries() -> dict[str, str]:
    import torch

    return {"torch": torch.__version__, "numpy": np.__version__}
