"""`segstudio demo`: the sample project."""

from __future__ import annotations

import argparse

from segstudio.cli.window import open_window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offscreen", metavar="PNG", help="render the window without a display, save it and end")


def run(options: argparse.Namespace) -> int:
    return open_window([], sample=True, offscreen=options.offscreen)
