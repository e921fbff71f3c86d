"""`segstudio export`: a project's masks as indexed PNG."""

from __future__ import annotations

import argparse
from pathlib import Path

from segstudio.cli.output import out_folder
from segstudio.io.export import export_masks
from segstudio.project.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    parser.add_argument("--layer", type=int, default=1, help="number of the mask layer")


def run(options: argparse.Namespace) -> int:
    store = Store.open(Path(options.project), read_only=True)
    try:
        written = export_masks(store.load(), out_folder(options.output), layer=options.layer)
    finally:
        store.close()
    print(f"{len(written)} mask{'s' if len(written) > 1 else ''} written to {options.output}.")
    return 0
