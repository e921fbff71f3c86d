"""Plain folders for `segstudio simulate` from the data sets of development: SET/images and SET/masks.

    python scripts/make_simulation_sets.py /work/shared/data sets

Masks become class ids in a PNG, 255 where nothing is known (outside DRIVE's field of view, CamVid's unlabelled
pixels, Dubai's grey). The classes of each set are printed as what to pass to --classes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.io.masks.mask_file import read_mask

Mask = NDArray[np.uint8]
Pair = tuple[str, Path, Mask]
"""Name, image file and class ids."""

DUBAI = {(60, 16, 152): 0, (132, 41, 246): 1, (110, 193, 228): 2, (254, 221, 58): 3, (226, 169, 41): 4}
CAMVID = np.full(256, 255, np.uint8)
"""CamVid's 12 numbers to other, road, building, sky, tree."""
CAMVID[:11] = 0
CAMVID[[3, 1, 0, 5]] = 1, 2, 3, 4


def isbi(root: Path) -> Iterator[Pair]:
    for path in sorted((root / "isbi2012_em/train/image").glob("*.png")):
        label = grey(root / "isbi2012_em/train/label" / path.name)
        yield path.stem, path, np.asarray(label < 128, np.uint8)


def dsb(root: Path) -> Iterator[Pair]:
    for folder in sorted(p for p in (root / "dsb2018_nuclei").iterdir() if p.is_dir()):
        image = next((folder / "images").glob("*.png"))
        merged = np.max([grey(path) for path in sorted((folder / "masks").glob("*.png"))], axis=0)
        yield folder.name[:12], image, np.asarray(merged > 127, np.uint8)


def drive(root: Path) -> Iterator[Pair]:
    for path in sorted((root / "drive").glob("*/images/*.tif")):
        number = path.name[:2]
        vessel = grey(next((path.parents[1] / "1st_manual").glob(f"{number}_*")))
        field = grey(next((path.parents[1] / "mask").glob(f"{number}_*")))
        yield number, path, np.where(field > 127, vessel > 127, 255).astype(np.uint8)


def dubai(root: Path) -> Iterator[Pair]:
    for path in sorted((root / "dubai_aerial").glob("*/images/*.jpg")):
        mask = read_mask(path.parents[1] / "masks" / f"{path.stem}.png", colors=DUBAI)
        yield f"{path.parents[1].name.replace(' ', '')}_{path.stem}", path, mask


def camvid(root: Path) -> Iterator[Pair]:
    for part in ("train", "val", "test"):
        for path in sorted((root / "camvid" / part).glob("*.png")):
            yield path.stem, path, CAMVID[grey(root / "camvid" / f"{part}annot" / path.name)]


def epfl(root: Path) -> Iterator[Pair]:
    for path in sorted((root / "epfl_roads/training/images").glob("*.png")):
        label = grey(root / "epfl_roads/training/groundtruth" / path.name)
        yield path.stem, path, np.asarray(label > 127, np.uint8)


SETS: dict[str, tuple[Callable[[Path], Iterator[Pair]], str]] = {
    "isbi2012_em": (isbi, "cell,membrane"),
    "dsb2018_nuclei": (dsb, "background,nucleus"),
    "drive": (drive, "background,vessel"),
    "dubai_aerial": (dubai, "building,land,road,vegetation,water"),
    "camvid": (camvid, "other,road,building,sky,tree"),
    "epfl_roads": (epfl, "background,road"),
}


def grey(path: Path) -> Mask:
    with Image.open(path) as image:
        return np.asarray(image.convert("L") if image.mode != "L" else image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder with the data sets")
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    for name, (pairs, classes) in SETS.items():
        folders = options.output / name / "images", options.output / name / "masks"
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for count, (stem, image, mask) in enumerate(pairs(options.root), 1):  # noqa: B007
            with Image.open(image) as opened:
                picture = opened if opened.mode == "L" else opened.convert("RGB")  # without nuclei's empty alpha
                if picture.size != mask.shape[::-1]:
                    raise SystemExit(f"{image} and its mask differ in size")
                picture.save(folders[0] / f"{stem}.png")
            Image.fromarray(mask).save(folders[1] / f"{stem}.png")
        print(f"{name}: {count} images, --classes {classes}")


if __name__ == "__main__":
    main()
