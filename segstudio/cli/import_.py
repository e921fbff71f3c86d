"""`segstudio import`: masks that another program made, into a project."""

from __future__ import annotations

import argparse
from pathlib import Path

from segstudio.errors import UserError
from segstudio.io.masks.importing import apply, format_of
from segstudio.io.masks.imports.table import IMPORTS
from segstudio.project.store import Store
from segstudio.worker.client import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument("masks", metavar="FILE", help="a file, or a folder with a file for each image")
    parser.add_argument("--format", default="", choices=["", *(row.id for row in IMPORTS)], help="default: as it looks")
    parser.add_argument("--image", default="", metavar="NAME", help="only for this image of the project")
    parser.add_argument("--layer", default="", metavar="NAME", help="into a new layer of this name (default: layer 1)")


def run(options: argparse.Namespace) -> int:
    path = Path(options.masks).absolute()
    if not path.exists():
        raise UserError(f"There is no “{path.name}”.")
    form = options.format or format_of(path)
    store = Store.open(Path(options.project))
    count = 0
    try:
        document = store.load()
        store.attach(document)
        entries = [entry for entry in document.images.values() if options.image in ("", entry.name)]
        if not entries:
            raise UserError(f"The project has no image “{options.image}”.")
        if path.is_file() and form != "coco" and len(entries) > 1:
            fitting = [entry for entry in entries if Path(entry.name).stem.split(".")[0] == path.name.split(".")[0]]
            if len(fitting) != 1:
                raise UserError(f"It is not clear to which image “{path.name}” belongs.", hint="Name it with --image.")
            entries = fitting
        with Reader() as reader:
            for entry in entries:
                labels = reader.labels(path, form, entry.name, entry.info)
                if labels is not None:
                    layer = document.add_layer(entry.id, options.layer).id if options.layer else 1
                    count += apply(document, entry, labels, layer=layer, title=f"Import {path.name}") is not None
    finally:
        store.close()
    print(f"Masks of {count} image{'' if count == 1 else 's'} were imported.")
    return 0 if count else 1
