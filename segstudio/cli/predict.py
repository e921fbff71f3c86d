"""`segstudio predict`: masks for image files with a model."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.cli.output import Progress, out_folder
from segstudio.core.classes import ClassEntry, ClassTable
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks import write_indexed_png
from segstudio.worker.client import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--model", required=True, metavar="M", help="a .safetensors model")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--tile", type=int, default=0, help="side of a window in pixels")
    parser.add_argument("--overlap", type=float, default=0.25, help="share by which windows overlap, 0 to 0.9")
    parser.add_argument(
        "--probabilities", action="store_true", help="also write NAME.npy, float16 (classes, rows, columns)"
    )
    parser.add_argument("--format", default="png", choices=("png",), help="png: indexed, pixel value = class")


def run(options: argparse.Namespace) -> int:
    from segstudio.learning.device import choose, use_cores
    from segstudio.learning.engine import Engine
    from segstudio.learning.predict import Predictor
    from segstudio.models.weights import load

    if not 0 <= options.overlap <= 0.9:
        raise UserError("The overlap must lie between 0 and 0.9.")
    use_cores()
    engine = Engine(Predictor(load(Path(options.model)), choose(options.device)))
    classes = class_table(engine.plain.network.card.classes)
    folder = out_folder(options.output)
    progress = Progress("predicting")
    with Reader() as reader:
        for number, name in enumerate(options.files):
            path = Path(name)
            info, pixels = reader.image(path)
            for z in range(info.shape[0]):
                stem = path.stem if info.shape[0] == 1 else f"{path.stem}_z{z + 1:04d}"
                engine.count(info.shape[1] * info.shape[2])
                mask, probabilities = predict_slice(
                    engine.predictor, info, pixels[z], options, keep=options.probabilities
                )
                write_indexed_png(folder / f"{stem}.png", mask, classes)
                if probabilities is not None:
                    np.save(folder / f"{stem}.npy", probabilities, allow_pickle=False)
            progress.show((number + 1) / len(options.files), path.name)
    progress.done(f"{len(options.files)} predicted on {engine.plain.device.title}, in {folder}.")
    return 0


def predict_slice(
    predictor: object, info: ImageInfo, pixels: NDArray[np.generic], options: argparse.Namespace, *, keep: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.float16] | None]:
    """The class map (rows, columns) of one slice, and its probabilities (classes, rows, columns) if asked for.

    Raises UserError when the image does not have the channels the model was made for.
    """
    from segstudio.learning.predict import Predictor, predict

    assert isinstance(predictor, Predictor)
    card = predictor.network.card
    if info.channels != card.channels:
        raise UserError(f"The model was made for {card.channels} channels, the image has {info.channels}.")
    mask = np.zeros(pixels.shape[:2], np.uint8)
    all_ = np.zeros((len(card.classes), *mask.shape), np.float16) if keep else None
    note: Callable[[str], None] = Progress("note").done
    for block in predict(predictor, pixels, info.ranges, tile=options.tile, overlap=options.overlap, note=note):
        top, left, bottom, right = block.box
        mask[top:bottom, left:right] = block.probabilities.argmax(0)
        if all_ is not None:
            all_[:, top:bottom, left:right] = block.probabilities
    return mask, all_


def class_table(classes: tuple[tuple[str, str], ...]) -> ClassTable:
    """A model's classes as a table."""
    return ClassTable(tuple(ClassEntry(i, name, color) for i, (name, color) in enumerate(classes)))
