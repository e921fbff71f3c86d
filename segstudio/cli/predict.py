"""`segstudio predict`: masks for image files with a model, in any format that masks are exported in."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.cli.output import ProgressLine, out_folder
from segstudio.core.channels import fits, without_alpha, words
from segstudio.core.classes import ClassEntry, ClassTable
from segstudio.core.codes import NOTHING
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo, unmeasured
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import EXPORTS, ExportFormat, export_format
from segstudio.io.masks.names import names_of
from segstudio.models.card import Card
from segstudio.worker.client import Reader

if TYPE_CHECKING:
    from segstudio.learning.predict import Predictor

Shares = NDArray[np.float16]
"""Probabilities (classes, slices, rows, columns)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--model", required=True, metavar="M", help="a .safetensors model")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--tile", type=int, default=0, help="side of a window in pixels")
    parser.add_argument("--overlap", type=float, default=0.25, help="share by which windows overlap, 0 to 0.9")
    parser.add_argument(
        "--probabilities",
        action="store_true",
        help="also probabilities: NAME.npy, float16 (classes, rows, columns); of dicom-seg NAME.prob.dcm, fractional",
    )
    parser.add_argument("--format", default="png", metavar="FORMAT", help=", ".join(row.id for row in EXPORTS))


def run(options: argparse.Namespace) -> int:
    from segstudio.learning.device import choose, use_cores
    from segstudio.learning.engine import Engine
    from segstudio.learning.predict import Predictor
    from segstudio.models.weights import load

    if not 0 <= options.overlap <= 0.9:
        raise UserError("The overlap must lie between 0 and 0.9.")
    row = export_format(options.format)
    use_cores()
    engine = Engine(Predictor(load(Path(options.model)), choose(options.device)))
    classes = class_table(engine.plain.network.card)
    folder = out_folder(options.output)
    progress = ProgressLine("predicting")
    subjects: list[Subject] = []
    left_out = 0
    with Reader() as reader, TemporaryDirectory() as scratch:
        for number, name in enumerate(names_of(options.files)):
            path = Path(options.files[number])
            info, pixels = reader.image(path)
            subject = Subject(name, name.stem, path, info, classes, _reads(scratch, number))
            if refusal := row.refusal(subject):
                raise refusal
            engine.count(info.nbytes // max(1, info.channels * np.dtype(info.dtype).itemsize))
            mask, shares = predict_volume(engine.predictor, info, pixels, options)
            np.save(Path(scratch, f"{number}.npy"), mask)
            if row.together:
                subjects.append(subject)
            elif why := _unwritten(row, subject, folder):  # such as nothing but background: the others are written
                progress.done(why)
                left_out += 1
            if shares is not None:
                _write_shares(subject, shares, folder, row.id)
            progress.show((number + 1) / len(options.files), path.name)
        if subjects:
            row.load()(subjects, folder)
    progress.done(f"{len(options.files)} predicted on {engine.plain.device.title}, in {folder}.")
    return 1 if left_out else 0


def _unwritten(row: ExportFormat, subject: Subject, folder: Path) -> str:
    """Write a mask; why it could not be, in a sentence, else ""."""
    try:
        row.load()([subject], folder)
    except UserError as error:
        return error.sentence
    return ""


def _reads(scratch: str, number: int) -> Callable[[Box], NDArray[np.uint8]]:
    """What reads a box of a mask that lies in the scratch folder: those of many images need no memory."""

    def read(box: Box) -> NDArray[np.uint8]:
        mask = np.load(Path(scratch, f"{number}.npy"), mmap_mode="r", allow_pickle=False)
        return np.array(mask[box.z, box.rows, box.columns])

    return read


def _write_shares(subject: Subject, shares: Shares, folder: Path, form: str) -> None:
    if form == "dicom-seg":
        from segstudio.io.masks.exports.dicom_seg import write_probabilities

        write_probabilities(subject, shares, folder / f"{subject.stem}.prob.dcm")
        return
    for z in range(shares.shape[1]):
        name = subject.stem if shares.shape[1] == 1 else f"{subject.stem}_z{z + 1:04d}"
        np.save(folder / f"{name}.npy", shares[:, z], allow_pickle=False)


def predict_volume(
    predictor: Predictor, info: ImageInfo, pixels: NDArray[np.generic], options: argparse.Namespace
) -> tuple[NDArray[np.uint8], Shares | None]:
    """The class map (slices, rows, columns) of an image, and its probabilities if they are asked for; 255 and 0 where
    nothing was measured.

    Raises UserError when the image does not have the channels the model was made for.
    """
    card = predictor.network.card
    seen, alpha = pixels, info.alpha
    if without_alpha(info.channels, info.alpha, card.channels):
        seen, info = np.delete(pixels, info.alpha or 0, axis=3), info.without_alpha()
    if not fits(info.channels, card.channels):
        raise UserError(f"The model was made for {words(card.channels)}, the image has {info.channels}.")
    from segstudio.learning.class_map import class_map

    mask = np.zeros(info.shape, np.uint8)
    shares = np.zeros((len(card.classes), *info.shape), np.float16) if options.probabilities else None
    for z in range(info.shape[0]):
        for (top, left, bottom, right), found in _blocks(predictor, info, seen[z], options):
            missing = unmeasured(pixels[z, top:bottom, left:right], info.nodata, alpha)
            mask[z, top:bottom, left:right] = np.where(missing, NOTHING, class_map(found, card.class_ids))
            if shares is not None:
                shares[:, z, top:bottom, left:right] = np.where(missing, 0, found)
    return mask, shares


def _blocks(
    predictor: Predictor, info: ImageInfo, pixels: NDArray[np.generic], options: argparse.Namespace
) -> Iterator[tuple[tuple[int, int, int, int], NDArray[np.floating]]]:
    from segstudio.learning.predict import predict

    note: Callable[[str], None] = ProgressLine("note").done
    for block in predict(predictor, pixels, info.ranges, tile=options.tile, overlap=options.overlap, note=note):
        yield block.box, block.probabilities


def class_table(card: Card) -> ClassTable:
    """A model's classes as a table."""
    return ClassTable(tuple(ClassEntry(i, *named) for i, named in zip(card.class_ids, card.classes, strict=True)))
