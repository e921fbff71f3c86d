"""`segstudio baseline`: masks for image files with a classical method."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from segstudio.classical.registry import METHODS, find, parse_setting
from segstudio.classical.registry import run as run_method
from segstudio.cli.output import ProgressLine, out_folder
from segstudio.core.classes import ClassTable
from segstudio.io.masks.mask_file import write_indexed_png
from segstudio.io.masks.names import names_of
from segstudio.worker.client import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", metavar="METHOD", help=", ".join(METHODS))
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="an option of the method")
    parser.add_argument("--channel", type=int, default=None, help="use one channel (0 is the first)")


def run(options: argparse.Namespace) -> int:
    method = find(options.method)
    settings = dict(parse_setting(text) for text in options.set)
    folder = out_folder(options.output)
    classes = ClassTable()
    for number in range(1, 6):
        classes.add(f"Class {number}")
    progress = ProgressLine(method.title)
    with Reader() as reader:
        for number, image in enumerate(names_of(options.files)):
            path = Path(options.files[number])
            info, pixels = reader.image(path)
            for z in range(info.shape[0]):
                stem = image.stem if info.shape[0] == 1 else f"{image.stem}_z{z + 1:04d}"
                mask = run_method(method.id, np.asarray(pixels[z]), settings, channel=options.channel)
                write_indexed_png(folder / f"{stem}.png", mask, classes)
            progress.show((number + 1) / len(options.files), path.name)
    for image in names_of(options.files):
        if image.stem != Path(image.path).stem:
            print(f"  {image} is {image.stem}…")
    progress.done(f"{len(options.files)} segmented with {method.title}, in {folder}.")
    return 0
