"""`segstudio import`: masks that another program made, into a project."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from segstudio.core.document import ImageEntry
from segstudio.errors import UserError
from segstudio.io.masks.importing import apply, format_of
from segstudio.io.masks.imports.table import IMPORTS, import_format
from segstudio.io.masks.names import ImageName, names_of
from segstudio.io.masks.tally import report
from segstudio.project.paths import found_path
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
    count, without = 0, []
    try:
        document = store.load()
        store.attach(document)
        chosen = wanted(list(document.images.values()), path, form, options.image)
        with Reader() as reader:
            for entry, name in chosen:
                labels = reader.labels(path, form, name, entry.info, found_path(entry.path, store.folder))
                if labels is None:
                    without.append(str(name))
                    continue
                layer = document.add_layer(entry.id, options.layer).id if options.layer else 1
                count += apply(document, entry, labels, layer=layer, title=f"Import {path.name}") is not None
                print(f"{name}: {report(labels)}")
    finally:
        store.close()
    if without:
        print(f"“{path.name}” holds no masks for {', '.join(without)}.", file=sys.stderr)
    print(f"Masks of {count} image{'' if count == 1 else 's'} were imported.")
    return 0 if count else 1


def wanted(entries: list[ImageEntry], path: Path, form: str, image: str) -> list[tuple[ImageEntry, ImageName]]:
    """The images that the masks may be of, with their names. Raises UserError where that cannot be told."""
    named = list(zip(entries, names_of([entry.path for entry in entries]), strict=True))
    if image:
        named = [(entry, name) for entry, name in named if image in (name, entry.path)] or [
            (entry, name) for entry, name in named if image == entry.name
        ]
        if not named:
            raise UserError(f"The project has no image “{image}”.")
        if len(named) > 1:
            raise UserError(f"The project has {len(named)} images “{image}”.", hint=f"Name one “{named[0][1]}”.")
    if path.is_file() and not import_format(form).many and len(named) > 1:
        begin = path.name.split(".")[0].lower()
        fitting = [one for one in named if begin in {stem.split(".")[0].lower() for stem in one[1].stems}]
        if len(fitting) != 1:
            raise UserError(f"It is not clear to which image “{path.name}” belongs.", hint="Name it with --image.")
        return fitting
    return named
