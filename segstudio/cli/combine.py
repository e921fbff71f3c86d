"""`segstudio combine`: co-registered images as the channels of one."""

from __future__ import annotations

import argparse
from pathlib import Path

from segstudio.cli.output import out_folder
from segstudio.worker.client import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="on the same grid, in the order of the channels")
    parser.add_argument("-o", "--output", required=True, metavar="DIR")


def run(options: argparse.Namespace) -> int:
    with Reader(seconds=120) as reader:
        written = reader.combine([Path(name) for name in options.images], out_folder(options.output))
    print(f"{written} written.")
    return 0
