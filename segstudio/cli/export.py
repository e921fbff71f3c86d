"""`segstudio export`: a project's masks in the format of another program."""

from __future__ import annotations

import argparse
from pathlib import Path

from segstudio.cli.output import out_folder
from segstudio.io.masks.exporting import prepare
from segstudio.io.masks.exports.table import EXPORTS
from segstudio.io.reading import guard
from segstudio.project.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--format", default="png", choices=[row.id for row in EXPORTS], help="of the masks")
    parser.add_argument("--layer", type=int, default=1, help="number of the mask layer")


def run(options: argparse.Namespace) -> int:
    project = Path(options.project)
    store = Store.open(project, read_only=True)
    try:
        ready = prepare(
            store.load(), layer=options.layer, form=options.format, path_of=lambda entry: project / entry.path
        )
        folder = out_folder(options.output)
        with guard(folder, doing="written"):
            written = ready.write(folder)
    finally:
        store.close()
    print(ready.summary(written, folder))
    for name, stem in ready.renamed():
        print(f"  {name} is {stem}…")
    return 0
