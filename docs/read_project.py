"""Read every mask of a SegStudio project without SegStudio, with nothing but numpy and zstandard.

python read_project.py PROJECT OUT writes, for each mask layer, `OUT/<image id>-<layer id>.npy`: class per
pixel as uint8 (slices, rows, columns), 255 where nothing is known; and the classes and images as
`OUT/classes.json` and `OUT/images.json`.

The format is described in project-format.md. Close the project first: what its window has not moved from the
log into the file yet would be missing.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import zstandard

TILE = 256
NOTHING = 255
UNSURE = 5
PLANES = {"annotation": np.uint16, "prediction": np.uint8, "uncertainty": np.uint8}


def read_masks(project: Path) -> dict[tuple[int, int], np.ndarray[Any, Any]]:
    """The shown mask of each (image id, layer id): the annotation where it is set, else the prediction."""
    masks = {}
    for place, planes in read_planes(project).items():
        codes, mask = planes["annotation"], planes["prediction"].copy()
        said = codes != 0
        mask[said] = (codes & 0xFF)[said]
        mask[codes >> 8 == UNSURE] = NOTHING
        masks[place] = mask
    return masks


def read_planes(project: Path) -> dict[tuple[int, int], dict[str, np.ndarray[Any, Any]]]:
    """All three planes of each (image id, layer id), as (slices, rows, columns). Damaged tiles stay empty."""
    database = connect(project)
    planes = {}
    for image, layer, info in database.execute(
        "SELECT layer.image, layer.id, image.info FROM layer JOIN image ON image.id = layer.image WHERE NOT removed"
    ):
        shape = json.loads(info)["shape"]
        planes[image, layer] = {
            name: np.full(shape, NOTHING if name == "prediction" else 0, dtype) for name, dtype in PLANES.items()
        }
    for image, layer, plane, z, ty, tx, frame, version, checksum in database.execute("SELECT * FROM tile"):
        if (image, layer) not in planes:
            continue  # of an image that was taken out of the project
        row = f"{image} {layer} {plane} {z} {ty} {tx} {version} "
        try:
            if crc32(frame, crc32(row.encode())) != checksum:
                raise ValueError("checksum")
            raw = zstandard.ZstdDecompressor().decompress(frame, max_output_size=2 * TILE * TILE)
            tile = np.frombuffer(raw, PLANES[plane]).reshape(TILE, TILE)
        except (ValueError, zstandard.ZstdError):
            sys.stderr.write(f"damaged tile: {row}\n")
            continue
        target = planes[image, layer][plane][z, ty * TILE : (ty + 1) * TILE, tx * TILE : (tx + 1) * TILE]
        target[:] = tile[: target.shape[0], : target.shape[1]]
    database.close()
    return planes


def connect(project: Path) -> sqlite3.Connection:
    """A read-only connection to the project's file."""
    file = project / "project.segstudio" if project.is_dir() else project
    return sqlite3.connect(file.resolve().as_uri() + "?mode=ro", uri=True)


def main() -> None:
    project, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for (image, layer), mask in read_masks(project).items():
        np.save(out / f"{image}-{layer}.npy", mask)
    database = connect(project)
    classes = {
        number: {"name": name, "color": color}
        for number, name, color in database.execute("SELECT id, name, color FROM class")
    }
    images = dict(database.execute("SELECT id, path FROM image WHERE NOT removed"))
    database.close()
    (out / "classes.json").write_text(json.dumps(classes, indent=1, ensure_ascii=False), encoding="utf-8")
    (out / "images.json").write_text(json.dumps(images, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
