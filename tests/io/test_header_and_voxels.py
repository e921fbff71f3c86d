"""NIfTI and ANALYZE in two files: NAME.hdr says what the voxels of NAME.img mean."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from segstudio.errors import UserError
from segstudio.io.formats import named_like_an_image
from segstudio.io.masks.pairs import image_files
from segstudio.io.reading import open_image, probe
from segstudio.project.paths import content_digest

VOXELS = np.random.default_rng(2).integers(0, 900, (7, 6, 5)).astype(np.int16)
AFFINE = np.array([[-2.0, 0, 0, 10], [0, 3, 0, -20], [0, 0, 4, 30], [0, 0, 0, 1]])


def test_a_pair_is_what_the_single_file_is(tmp_path: Path) -> None:
    for made, name in ((nibabel.Nifti1Pair, "a.hdr"), (nibabel.Nifti2Pair, "c.hdr"), (nibabel.Nifti1Image, "b.nii")):
        nibabel.save(made(VOXELS, AFFINE), tmp_path / name)
    first, second, single = (open_image(tmp_path / name) for name in ("a.hdr", "c.hdr", "b.nii"))
    for pair in (first, second):
        np.testing.assert_array_equal(pair.pixels, single.pixels)
        assert pair.info == single.info
    assert [path.name for path in image_files(tmp_path)] == ["a.hdr", "b.nii", "c.hdr"]


def test_analyze_has_spacing_and_no_position(tmp_path: Path) -> None:
    image = nibabel.AnalyzeImage(VOXELS, np.diag((2.0, 3.0, 4.0, 1.0)))
    nibabel.save(image, tmp_path / "a.hdr")
    reading = open_image(tmp_path / "a.hdr")
    assert reading.info.format == "ANALYZE" and reading.info.spacing == (4.0, 3.0, 2.0) and reading.info.grid is None
    np.testing.assert_array_equal(reading.pixels[..., 0], VOXELS.transpose(2, 1, 0))


def test_a_half_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Pair(VOXELS, AFFINE), tmp_path / "a.hdr")
    assert "Open “a.hdr”" in refusal(tmp_path / "a.img")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "a.img").rename(elsewhere / "a.img")
    assert "“a.img”, are missing" in refusal(tmp_path / "a.hdr")
    (tmp_path / "a.img").symlink_to(elsewhere / "a.img")
    assert "outside its own folder" in refusal(tmp_path / "a.hdr")


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        probe(path)
    return caught.value.sentence


def test_headers_of_other_programs_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "scene.hdr").write_text("ENVI\nsamples = 4\nlines = 4\n")
    assert not named_like_an_image(tmp_path / "scene.hdr") and image_files(tmp_path) == []


def test_equal_headers_of_different_voxels_are_two_images(tmp_path: Path) -> None:
    for name, voxels in (("a.hdr", VOXELS), ("b.hdr", VOXELS + 1)):
        nibabel.save(nibabel.Nifti1Pair(voxels, AFFINE), tmp_path / name)
    assert (tmp_path / "a.hdr").read_bytes() == (tmp_path / "b.hdr").read_bytes()
    assert content_digest(tmp_path / "a.hdr") != content_digest(tmp_path / "b.hdr")


def test_the_pair_of_the_data_is_nibabels(shared_data: Path) -> None:
    path = shared_data / "nifti_misc" / "ras.hdr"
    wanted = nibabel.load(path)
    info = open_image(path).info
    assert info.grid is not None and sorted(info.shape) == sorted(wanted.shape)
    np.testing.assert_allclose(sorted(info.spacing or ()), sorted(wanted.header.get_zooms()), rtol=1e-5)
