"""`segstudio info`: what is in image files."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from segstudio.core.image import ImageInfo
from segstudio.core.upright import directions, letter
from segstudio.errors import UserError
from segstudio.worker.client import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object for each file")


def run(options: argparse.Namespace) -> int:
    failed = 0
    with Reader(seconds=20) as reader:
        for name in options.files:
            try:
                info, _ = reader.image(Path(name))
            except UserError as error:
                failed += 1
                print(f"segstudio: {error.sentence}", file=sys.stderr)
                continue
            said = {"file": name, **info.to_json(), "orientation": orientation(info)}
            print(json.dumps(said) if options.json else describe(name, info))
    return 1 if failed else 0


def orientation(info: ImageInfo) -> str:
    """The sides of the patient that columns, rows and slices run to, such as "LPS"; "" where that is unknown."""
    if info.grid is None or info.grid.frame != "patient":
        return ""
    slices, rows, columns = directions(info.grid, 0)
    return "".join(map(letter, (columns, rows, slices)))


def describe(name: str, info: ImageInfo) -> str:
    """A few lines about an image; sizes are width x height."""
    slices, rows, columns = info.shape
    size = f"{columns} x {rows} pixels" + (f", {slices} slices" if slices > 1 else "")
    ranges = ", ".join(
        f"{channel} {low:g}..{high:g}" for channel, (low, high) in zip(info.channel_names, info.ranges, strict=False)
    )
    lines = [name, f"  {info.format}, {size}, {info.channels} channel{'s' if info.channels > 1 else ''}, {info.dtype}"]
    if ranges:
        lines.append(f"  values (0.5 % to 99.5 %, after rescaling): {ranges} {info.value_unit}".rstrip())
    if info.spacing:
        apart = f", slices {info.spacing[0]:g} {info.unit} apart" if slices > 1 else ""
        lines.append(f"  pixel size {info.spacing[2]:g} x {info.spacing[1]:g} {info.unit}{apart}")
    if letters := orientation(info):
        lines.append("  in a patient (LPS, mm): columns run to {}, rows to {}, slices to {}".format(*letters))
    if info.grid is not None and info.grid.frame == "map":
        west, north, _ = info.grid.world(0, -0.5, -0.5)
        system = info.grid.system or "not named"
        lines.append(f"  coordinate system {system}, upper left corner {west:.10g}, {north:.10g}")
    return "\n".join(lines + [f"  {note}" for note in info.notes])
