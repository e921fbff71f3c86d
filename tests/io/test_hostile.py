"""Damaged and malicious files end in one clear sentence, never in a crash, a hang or a leak."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from segstudio.errors import UserError
from segstudio.io.reading import open_image, probe

SWEEP = """
import sys, time
from pathlib import Path
from segstudio.io import limits
limits.apply(2 * 2**30, 60)
from segstudio.errors import UserError
from segstudio.io.reading import open_image
slowest, name, opened, refused = 0.0, "", 0, 0
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if path.is_file():
        start = time.perf_counter()
        try:
            reading = open_image(path)
            assert reading.pixels.ndim == 4 and reading.pixels.shape[:3] == reading.info.shape, path
            assert all(low < high for low, high in reading.info.ranges), path
            opened += 1
        except UserError as error:
            assert error.what and error.why and error.hint, path
            refused += 1
        if time.perf_counter() - start > slowest:
            slowest, name = time.perf_counter() - start, path.name
print(opened, refused, f"{slowest:.2f}", name)
"""


def test_each_harmful_file_is_refused_at_once_with_its_own_sentence(hostile: Path, refused: tuple[str, str]):
    name, words = refused
    start = time.perf_counter()
    with pytest.raises(UserError) as caught:
        open_image(hostile / name)
    assert name in caught.value.what
    assert words in caught.value.why
    assert caught.value.hint
    assert str(hostile) not in caught.value.sentence
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ["huge.png", "huge.tif", "text.png", "folder", "missing.png", "wide_tile.tif"])
def test_a_header_alone_is_enough_to_refuse(hostile: Path, name: str):
    with pytest.raises(UserError):
        probe(hostile / name)


def test_real_hostile_files_end_in_a_refusal_or_an_image_within_two_gigabytes(shared_data: Path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SWEEP, str(shared_data / "hostile")],
        capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[2],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    opened, refused, slowest, name = done.stdout.split()
    assert int(opened) > 10
    assert int(refused) > 50
    assert float(slowest) < 10, name
    assert done.stderr == ""


def test_directories_in_a_circle_end(tmp_path: Path):
    path = tmp_path / "loop.tif"
    tifffile.imwrite(path, np.zeros((16, 16), np.uint8), metadata=None)
    data = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (tags,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * tags, start)
    path.write_bytes(data)
    assert open_image(path).pixels.shape == (1, 16, 16, 1)


def test_files_named_by_ome_metadata_are_not_opened(tmp_path: Path):
    folder = tmp_path / "inside"
    folder.mkdir()
    tifffile.imwrite(tmp_path / "secret.tif", np.full((16, 16), 77, np.uint8), metadata=None)
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="16" SizeY="16" SizeZ="2" SizeC="1" SizeT="1">'
        '<TiffData FirstZ="0" IFD="0" PlaneCount="1"/><TiffData FirstZ="1" IFD="0" PlaneCount="1">'
        '<UUID FileName="../secret.tif">urn:uuid:1</UUID></TiffData></Pixels></Image></OME>'
    )
    path = folder / "image.ome.tif"
    tifffile.imwrite(path, np.ones((16, 16), np.uint8), description=xml, metadata=None)
    try:
        assert not (open_image(path).pixels == 77).any()
    except UserError as error:
        assert "secret" not in error.sentence


def test_a_genuine_image_of_144_megapixels_opens(tmp_path: Path):
    path = tmp_path / "large.png"
    Image.new("1", (12_000, 12_000), 1).save(path)
    reading = open_image(path)
    assert reading.pixels.shape == (1, 12_000, 12_000, 1)
    assert reading.pixels.dtype == np.uint8
    assert reading.pixels.min() == 255
    assert Image.MAX_IMAGE_PIXELS is not None


def test_the_budget_decides_what_is_too_large(tmp_path: Path):
    path = tmp_path / "image.png"
    Image.new("RGB", (100, 100)).save(path)
    assert open_image(path, 30_000).pixels.size == 30_000
    with pytest.raises(UserError, match="too large"):
        open_image(path, 29_999)
