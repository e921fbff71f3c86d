"""Co-registered files as the channels of one image, with names, place and values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from segstudio.errors import UserError
from segstudio.io.combining import combine
from segstudio.io.reading import BUDGET, open_image
from segstudio.worker.client import Reader


def nifti(path: Path, values: np.ndarray, shift: float = 0.0) -> Path:
    import nibabel

    affine = np.array([[-2.0, 0, 0, 10 + shift], [0, 1.5, 0, -20], [0, 0, 4, 7], [0, 0, 0, 1]])
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


def test_volumes_of_one_patient_keep_their_place_their_names_and_their_values(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    t1 = nifti(tmp_path / "T1.nii.gz", random.integers(0, 900, (20, 30, 8)).astype(np.int16))
    flair = nifti(tmp_path / "FLAIR.nii.gz", random.random((20, 30, 8)).astype(np.float32))
    with Reader() as reader:
        written = reader.combine([t1, flair], tmp_path / "out")
    assert written.name == "T1+FLAIR.nrrd" and [path.name for path in written.parent.iterdir()] == [written.name]
    found, first, second = open_image(written), open_image(t1), open_image(flair)
    assert found.info.channel_names == ("T1", "FLAIR") and found.info.shape == first.info.shape
    np.testing.assert_array_equal(found.pixels[..., 0], first.pixels[..., 0])
    np.testing.assert_array_equal(found.pixels[..., 1], second.pixels[..., 0])
    np.testing.assert_allclose(found.info.grid.matrix, first.info.grid.matrix, atol=1e-5)
    assert found.info.spacing == pytest.approx(first.info.spacing)


def test_bands_of_a_map_keep_its_coordinates(shared_data: Path, tmp_path: Path) -> None:
    import rasterio

    colour = shared_data / "geotiff_rasterio/RGB.byte.tif"
    with rasterio.open(colour) as source:
        profile = source.profile | {"count": 1, "dtype": "uint16"}
        with rasterio.open(tmp_path / "nir.tif", "w", **profile) as file:
            file.write(source.read(1).astype(np.uint16) * 100, 1)
    found = open_image(combine([colour, tmp_path / "nir.tif"], tmp_path / "out", BUDGET))
    assert found.info.channel_names == ("RGB red", "RGB green", "RGB blue", "nir")
    own = open_image(colour)
    assert found.pixels.dtype == np.uint16 and found.info.grid.crs
    np.testing.assert_array_equal(found.pixels[..., :3], own.pixels[..., :3])
    np.testing.assert_array_equal(found.pixels[..., 3], own.pixels[..., 0].astype(np.uint16) * 100)
    np.testing.assert_allclose(found.info.grid.matrix, own.info.grid.matrix)


def test_plain_pictures_and_stacks_are_combined_too(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for name in ("dapi", "gfp & <co>"):
        Image.fromarray(random.integers(0, 255, (40, 50), dtype=np.uint8)).save(tmp_path / f"{name}.png")
        tifffile.imwrite(tmp_path / f"{name}.tif", random.integers(0, 255, (5, 40, 50), dtype=np.uint8))
    flat = open_image(combine([tmp_path / "dapi.png", tmp_path / "gfp & <co>.png"], tmp_path / "a", BUDGET))
    assert flat.info.shape == (1, 40, 50) and flat.info.channel_names == ("dapi", "gfp & <co>")
    assert flat.info.grid is None
    deep = open_image(combine([tmp_path / "dapi.tif", tmp_path / "gfp & <co>.tif"], tmp_path / "b", BUDGET))
    assert deep.info.shape == (5, 40, 50) and deep.info.channel_names == ("dapi", "gfp & <co>")
    assert deep.info.grid is None, "no place is made up"
    np.testing.assert_array_equal(deep.pixels[..., 1], tifffile.imread(tmp_path / "gfp & <co>.tif"))


def test_what_does_not_lie_on_one_grid_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    values = np.zeros((20, 30, 8), np.int16)
    here, there = nifti(tmp_path / "a.nii.gz", values), nifti(tmp_path / "b.nii.gz", values, shift=3)
    small = nifti(tmp_path / "c.nii.gz", values[:10])
    for other, why in ((there, "another place"), (small, "pixels")):
        with pytest.raises(UserError, match="does not fit") as error:
            combine([here, other], tmp_path / "out", BUDGET)
        assert why in error.value.why
    with pytest.raises(UserError, match="Two images"):
        combine([here], tmp_path / "out", BUDGET)
    with pytest.raises(UserError, match="too large"):
        combine([here, here], tmp_path / "out", 15_000)
    assert not (tmp_path / "out").exists()
