"""Rescaled values: the type that holds them, and what other libraries make of the same header."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK

from segstudio.io.reading import open_image, probe
from segstudio.io.scaling import rescaled, scaled_type


@pytest.mark.parametrize(("stored", "slope", "inter", "wanted"), [
    ("uint8", 1, 0, "uint8"),
    ("uint8", 2, 0, "uint16"),
    ("uint8", 1, -1024, "int16"),
    ("int16", 1, -1024, "int32"),
    ("int16", -1, 0, "int32"),
    ("uint16", 0.25, -3, "float32"),
    ("int32", 0.1, 0, "float64"),
    ("int64", 4, 0, "float64"),
    ("float32", 2, 1, "float32"),
    ("float64", 0.5, 0, "float64"),
])  # fmt: skip
def test_the_type_holds_every_value_that_can_be_stored(stored: str, slope: float, inter: float, wanted: str) -> None:
    found = scaled_type(np.dtype(stored), float(slope), float(inter))
    assert found == wanted
    if stored[0] in "iu" and stored != "int64":
        ends = np.array([np.iinfo(stored).min, np.iinfo(stored).max], stored)
        np.testing.assert_allclose(
            rescaled(ends, slope, inter, found).astype(float), ends.astype(float) * slope + inter, rtol=1e-6
        )


@pytest.mark.parametrize(
    "slope", [(0.5, 0.0), (-2.0, 7.0), (1.0, -1024.0), (1 / 255, 0.0), (0.0, 5.0), (float("nan"), 3.0)]
)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
def test_nifti_values_are_those_of_nibabel_and_of_simpleitk(
    tmp_path: Path, slope: tuple[float, float], dtype: str
) -> None:
    values = (np.arange(60).reshape(3, 4, 5) * 4).astype(dtype)
    raw = bytearray(nibabel.Nifti1Image(values, np.diag([1.0, 1, 3, 1])).to_bytes())
    raw[112:120] = struct.pack("<ff", *slope)
    path = tmp_path / "a.nii"
    path.write_bytes(bytes(raw))
    found, wanted = open_image(path), nibabel.load(path).get_fdata()
    np.testing.assert_allclose(np.sort(found.pixels.ravel()), np.sort(wanted.ravel()), rtol=1e-6)
    other = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    added = 0.0 if slope[0] else slope[1]  # ITK takes a slope of 0 or NaN for 1, and adds the intercept all the same
    added = slope[1] if np.isnan(slope[0]) else added
    np.testing.assert_allclose(np.sort(other.ravel()), np.sort(wanted.ravel()) + added, rtol=1e-5)
    assert found.info.dtype == probe(path).dtype == str(found.pixels.dtype)
    assert nibabel.load(path).header.get_slope_inter() == (None, None)  # why it is not asked
    assert (str(found.pixels.dtype) == dtype) == (slope[0] in (0.0,) or np.isnan(slope[0]) or dtype == "float32")


def test_scales_in_headers_that_simpleitk_ignores_are_ignored_by_us_too(tmp_path: Path) -> None:
    values = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    for name, before, more in (("a.mha", b"ElementType", b"ElementToIntensityFunctionSlope = 2\n"),
                               ("a.nrrd", b"encoding:", b"old min: 0\nold max: 1000\n")):  # fmt: skip
        path = tmp_path / name
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path))
        path.write_bytes(path.read_bytes().replace(before, more + before, 1))
        seen = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
        np.testing.assert_array_equal(seen, values)
        np.testing.assert_array_equal(np.sort(open_image(path).pixels.ravel()), np.sort(values.ravel()))
