"""Where masks lie: for other programs on the very places where they were painted, and the same bits back.

Images are made at random: turned, mirrored, sheared, in other units, of other types and slopes. Nothing here asks our
own readers where a voxel lies: nibabel and SimpleITK do.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.masks.importing import format_of
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.imports.table import import_format
from segstudio.io.reading import open_image, probe

UNITS = {"mm": 1.0, "micron": 1e-3, "meter": 1e3, "unknown": 1.0}
CODES = ((1, 1), (2, 1), (1, 0), (0, 1), (4, 2), (0, 0))
RAS = np.array([-1.0, -1.0, 1.0])
"""From NIfTI's world to that of DICOM and ITK."""

TRIES = settings(max_examples=40, deadline=None)


@st.composite
def matrices(draw: st.DrawFn, *, shear: bool) -> NDArray[np.float64]:
    """4 x 4, voxels to mm: a turn, mirrored and exchanged axes, spacing, an offset, and perhaps a shear."""
    number = st.floats(-1, 1).map(lambda v: round(v, 3))
    raw = np.array([[draw(number) for _ in range(3)] for _ in range(3)]) * draw(st.sampled_from([0.0, 0.05, 1.0]))
    turn, _ = np.linalg.qr(raw + np.eye(3) * 0.37)
    axes = draw(st.permutations(range(3)))
    signs = np.array([draw(st.sampled_from([-1.0, 1.0])) for _ in range(3)])
    spacing = np.array([draw(st.sampled_from([0.1, 0.7, 1.0, 3.0, 7.5])) for _ in range(3)])
    out = np.eye(4)
    out[:3, :3] = turn[:, axes] * signs * spacing
    if shear:
        out[:3, 2] += out[:3, 1] / spacing[1] * spacing[2] * draw(st.sampled_from([-0.5, 0.2, 0.4]))
    out[:3, 3] = [draw(st.integers(-300, 300)) for _ in range(3)]
    return out


@st.composite
def masks(draw: st.DrawFn, top: int, dtype: str) -> NDArray[np.generic]:
    """Labels (i, j, k) from 0 to `top` with holes, objects of one voxel and empty slices; at least one object."""
    shape = tuple(draw(st.integers(2, 6)) for _ in range(3))
    out = np.zeros(shape, dtype)
    for number in draw(st.lists(st.integers(1, top), min_size=1, max_size=4, unique=True)):
        corner = [draw(st.integers(0, side - 1)) for side in shape]
        size = [draw(st.integers(1, 3)) for _ in shape]
        out[tuple(slice(at, at + more) for at, more in zip(corner, size, strict=True))] = number
    out[tuple(draw(st.integers(0, side - 1)) for side in shape)] = 0
    if not out.any():
        out[0, 0, 0] = 1
    return out


def stored(shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    return np.random.default_rng(sum(shape)).integers(0, 100, shape).astype(dtype)


def nifti(path: Path, values: NDArray[np.generic], matrix: NDArray[np.float64], unit: str, codes: tuple[int, int],
          slope: float = 1.0) -> Path:  # fmt: skip
    """A NIfTI file whose matrix is in mm whatever its unit."""
    inside = matrix.copy()
    inside[:3] /= UNITS[unit]
    image = nibabel.Nifti1Image(values, inside)
    image.set_qform(inside, codes[1])
    image.set_sform(inside, codes[0])
    image.header.set_xyzt_units(unit)
    image.header.set_slope_inter(slope, 0 if slope == 1 else -3)
    nibabel.save(image, path)
    return path


def subject_of(path: Path, labels: NDArray[np.generic] | None = None) -> tuple[Subject, NDArray[np.uint8]]:
    """An image with a mask of its own in the shape that we show it in."""
    info = probe(path)
    mask = np.zeros(info.shape, np.uint8)
    flat = np.arange(mask.size)
    mask.reshape(-1)[flat % 5 == 1] = 1
    mask.reshape(-1)[flat % 7 == 3] = 2
    table = ClassTable()
    table.add("one")
    table.add("two")

    def read(box: Box) -> NDArray[np.uint8]:
        return mask[box.z, box.rows, box.columns]

    return Subject(path.name, "out", path, info, table, read), mask


def taken(path: Path, info: ImageInfo) -> Labels:
    found = import_format(format_of(path)).load()(path, "image", info)
    assert found is not None
    return found


def in_lps(path: Path) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """Voxels (i, j, k) and their matrix to LPS in mm, by nibabel."""
    image = nibabel.load(path)
    matrix = image.affine.copy()
    matrix[:3] *= UNITS[image.header.get_xyzt_units()[0]]
    matrix[:3] *= RAS[:, None]
    values = np.asarray(image.dataobj)
    return values.reshape((*values.shape, 1)[:3]), matrix


def check_same_places(info: ImageInfo, mask: NDArray[np.uint8], path: Path) -> None:
    """Every pixel of ours, at its place in the world, is that voxel of the file, within a hundredth of a mm."""
    values, matrix = in_lps(path)
    assert info.grid is not None
    ours = np.stack(np.meshgrid(*(np.arange(side) for side in mask.shape), indexing="ij"), -1).reshape(-1, 3)
    world = np.concatenate([ours[:, ::-1], np.ones((len(ours), 1))], 1) @ info.grid.matrix.T
    index = world @ np.linalg.inv(matrix).T
    whole = np.rint(index[:, :3]).astype(int)
    apart = np.concatenate([whole, np.ones((len(whole), 1))], 1) @ matrix.T - world
    assert np.abs(apart).max() < 0.01
    np.testing.assert_array_equal(values[tuple(whole.T)], mask.reshape(-1))


@TRIES
@given(matrices(shear=False), st.sampled_from(list(UNITS)), st.sampled_from(CODES), st.data())
def test_a_label_map_of_a_nifti_image_lies_on_its_voxels(
    matrix: NDArray[np.float64], unit: str, codes: tuple[int, int], data: st.DataObject
) -> None:
    dtype, slope = data.draw(st.sampled_from([("int16", 1.0), ("uint8", 0.5), ("float32", 1.0), ("int32", 2.0)]))
    shape = tuple(data.draw(st.integers(2, 6)) for _ in range(3))
    with TemporaryDirectory() as place:
        path = nifti(Path(place) / "image.nii.gz", stored(shape, dtype), matrix, unit, codes, slope)
        subject, mask = subject_of(path)
        (file,) = export_format("nifti").load()([subject], Path(place))
        image, made = nibabel.load(path), nibabel.load(file)
        assert made.shape == image.shape
        for name in ("pixdim", "sform_code", "qform_code", "srow_x", "srow_y", "srow_z", "qoffset_x", "quatern_b"):
            mine, wanted = made.header[name], image.header[name]
            np.testing.assert_array_equal(
                mine[:4] if name == "pixdim" else mine, wanted[:4] if name == "pixdim" else wanted
            )
        if any(codes):
            check_same_places(subject.info, mask, file)
            one, other = (SimpleITK.ReadImage(str(which)) for which in (path, file))
            np.testing.assert_array_equal(one.GetOrigin(), other.GetOrigin())
            np.testing.assert_array_equal(one.GetDirection(), other.GetDirection())
            np.testing.assert_array_equal(one.GetSpacing(), other.GetSpacing())
        np.testing.assert_array_equal(taken(file, subject.info).mask, mask)


@TRIES
@given(matrices(shear=True), st.sampled_from(["mm", "micron"]), st.tuples(*[st.integers(2, 6)] * 3))
def test_a_sheared_image_keeps_its_places_in_the_sform_and_in_3d_slicers_files(
    matrix: NDArray[np.float64], unit: str, shape: tuple[int, int, int]
) -> None:
    with TemporaryDirectory() as place:
        path = nifti(Path(place) / "image.nii", stored(shape, "int16"), matrix, unit, (1, 0))
        subject, mask = subject_of(path)
        (file,) = export_format("nifti").load()([subject], Path(place))
        check_same_places(subject.info, mask, file)
        assert int(nibabel.load(file).header["qform_code"]) == 0
        np.testing.assert_array_equal(taken(file, subject.info).mask, mask)
        path.unlink()  # without the image's own file the grid alone is left
        (file,) = export_format("nifti").load()([subject], Path(place))
        check_same_places(subject.info, mask, file)
        assert int(nibabel.load(file).header["qform_code"]) == 0
        check_slicer(subject, mask, Path(place))


@TRIES
@given(matrices(shear=False), st.sampled_from([".nrrd", ".mha", ".nii.gz"]), st.tuples(*[st.integers(2, 6)] * 3))
def test_a_segmentation_for_3d_slicer_lies_where_simpleitk_sees_the_image(
    matrix: NDArray[np.float64], suffix: str, shape: tuple[int, int, int]
) -> None:
    with TemporaryDirectory() as place:
        path = itk(Path(place) / f"image{suffix}", stored(shape, "int16"), matrix)
        subject, mask = subject_of(path)
        seen = SimpleITK.ReadImage(str(path))
        assert subject.info.grid is not None
        pixels = open_image(path).pixels[..., 0]
        for z, row, column in ((0, 0, 0), tuple(side - 1 for side in mask.shape), (0, mask.shape[1] - 1, 0)):
            index = seen.TransformPhysicalPointToIndex(subject.info.grid.world(z, row, column))
            assert seen.GetPixel(*(int(i) for i in index)) == pixels[z, row, column]
        check_slicer(subject, mask, Path(place))


def itk(path: Path, values: NDArray[np.generic], matrix: NDArray[np.float64]) -> Path:
    """A file of SimpleITK with voxels (i, j, k) at `matrix` in LPS."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    steps = np.linalg.norm(matrix[:3, :3], axis=0)
    image.SetSpacing([float(v) for v in steps])
    image.SetDirection([float(v) for v in (matrix[:3, :3] / steps).ravel()])
    image.SetOrigin([float(v) for v in matrix[:3, 3]])
    SimpleITK.WriteImage(image, str(path))
    return path


def check_slicer(subject: Subject, mask: NDArray[np.uint8], place: Path) -> None:
    (file,) = export_format("seg-nrrd").load()([subject], place)
    seen = SimpleITK.ReadImage(str(file))
    assert subject.info.grid is not None
    for z, row, column in np.ndindex(mask.shape):
        world = subject.info.grid.world(z, row, column)
        index = seen.TransformPhysicalPointToIndex(world)
        assert np.abs(np.array(seen.TransformIndexToPhysicalPoint(index)) - world).max() < 0.01
        assert seen.GetPixel(*(int(i) for i in index)) == mask[z, row, column]
    found = taken(file, subject.info)
    np.testing.assert_array_equal(found.mask, mask)
    assert {one.name for one in found.classes} >= {"one", "two"}


@TRIES
@given(masks(65_535, "uint16"), matrices(shear=False), st.sampled_from([".nii.gz", ".nrrd", ".mha"]))
def test_labels_of_other_programs_arrive_where_they_are_whatever_their_numbers(
    labels: NDArray[np.generic], matrix: NDArray[np.float64], suffix: str
) -> None:
    with TemporaryDirectory() as place:
        image = itk(Path(place) / "image.nrrd", stored(labels.shape, "int16"), matrix)
        file = itk(Path(place) / f"labels{suffix}", labels, matrix)
        info = probe(image)
        found = taken(file, info)
        names = {one.id: one.name for one in found.classes}
        objects = sorted({int(number) for number in np.unique(labels)} - {0})
        seen = SimpleITK.ReadImage(str(file))
        assert info.grid is not None
        for z, row, column in np.ndindex(found.mask.shape):
            index = seen.TransformPhysicalPointToIndex(info.grid.world(z, row, column))
            number, got = seen.GetPixel(*(int(i) for i in index)), int(found.mask[z, row, column])
            if objects == [255] or objects == [65_535]:
                assert got == (number > 0)
            elif number == 255 and objects[-1] == 255:
                assert got == 255
            else:
                assert (names[got] or str(got)) == str(number)


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 1), (1, 9, 11)])
def test_one_slice_is_a_volume_too(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = nifti(tmp_path / "flat.nii.gz", stored(shape, "int16"), np.diag([2.0, 2.0, 5.0, 1.0]), "mm", (1, 1))
    subject, mask = subject_of(path)
    (file,) = export_format("nifti").load()([subject], tmp_path)
    assert nibabel.load(file).shape == shape
    check_same_places(subject.info, mask, file)
    np.testing.assert_array_equal(taken(file, subject.info).mask, mask)


def test_a_label_map_without_a_place_has_the_voxels_of_the_images_own_file(tmp_path: Path) -> None:
    matrix = np.diag([-1.0, 1.0, -2.0, 1.0])
    values = stored((4, 5, 6), "int16")
    image = nifti(tmp_path / "image.nii", values, matrix, "mm", (1, 1))
    labels = nifti(tmp_path / "labels.nii", (values > 50).astype(np.uint8), matrix, "mm", (0, 0))
    shown = open_image(image)
    found = import_format("nifti").load()(labels, str(image), shown.info)
    assert found is not None
    np.testing.assert_array_equal(found.mask, shown.pixels[..., 0] > 50)
