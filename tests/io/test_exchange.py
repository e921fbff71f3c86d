"""Masks out and in again: every format gives back what was written, and other programs find it where it was painted."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.codes import NOTHING
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import EXPORTS, export_format
from segstudio.io.masks.importing import apply, format_of
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.imports.table import IMPORTS, import_format
from segstudio.io.reading import open_image, probe

EXACT = {
    "ome-zarr",
    "yolo",
    "cityscapes",
    "rtstruct",
    "labelme",
    "png",
    "voc",
    "tiff",
    "geotiff",
    "nifti",
    "seg-nrrd",
    "dicom-seg",
    "coco",
}
POLYGONS = {"geojson", "gpkg"}
NO_BACKGROUND = {"geojson", "gpkg"}
"""Formats that say nothing of the background: it comes back as nothing known."""

SOURCES = {
    "png": "drive", "tiff": "volume", "geotiff": "map", "geojson": "map", "gpkg": "map", "nifti": "volume",
    "seg-nrrd": "volume", "dicom-seg": "series", "coco": "map", "csv": "map", "voc": "drive", "labelme": "map", "yolo": "drive",
    "cityscapes": "drive", "ome-zarr": "volume", "rtstruct": "series",
}  # fmt: skip
FILES = {
    "map": "spacenet_solaris/sample_geotiff.tif",
    "volume": "ct_mr_totalseg_nifti/example_ct_sm.nii.gz",
    "series": "dicom_mr_series/IMG0003.dcm",
    "drive": "geotiff_rasterio/RGB.byte.tif",
}


def classes() -> ClassTable:
    table = ClassTable()
    table.add("Kidney", "#e45756")
    table.add("Größe “2”", "#2f9bff")
    return table


def hard_mask(shape: tuple[int, int, int], seed: int = 0) -> NDArray[np.uint8]:
    """Holes, objects that touch by a side and by a corner, lines of one pixel, single pixels, the image's border."""
    slices, rows, columns = shape
    mask = np.zeros(shape, np.uint8)
    z = slices // 2
    mask[z, 5:25, 5:30] = 1
    mask[z, 10:18, 12:20] = 0  # a hole ...
    mask[z, 12:15, 14:17] = 2  # ... with an island
    mask[z, 25:35, 10:22] = 2  # touches by a side
    mask[z, 35:40, 22:27] = 1  # touches by a corner
    mask[z, 45, 3 : columns - 3] = 1
    mask[z, 47 : rows - 1, 4] = 2
    mask[z, 0, 0] = mask[z, rows - 1, columns - 1] = 1
    random = np.random.default_rng(seed)
    mask[z, 50 : rows - 2, 30:50][random.random(mask[z, 50 : rows - 2, 30:50].shape) < 0.2] = 2
    return mask


@pytest.fixture
def subject_of(shared_data: Path) -> Callable[..., tuple[Subject, NDArray[np.uint8]]]:
    """The subject of a kind of source file, and its mask."""

    def make(kind: str, mask: NDArray[np.uint8] | None = None) -> tuple[Subject, NDArray[np.uint8]]:
        path = shared_data / FILES[kind]
        info = probe(path)
        own = hard_mask(info.shape) if mask is None else mask

        def read(box: Box) -> NDArray[np.uint8]:
            return own[box.z, box.rows, box.columns]

        return Subject(path.name, "out", path, info, classes(), read), own

    return make


def read_back(form: str, written: list[Path], subject: Subject) -> Labels:
    place = written[0].parents[1] if form == "voc" else written[0]
    if form == "cityscapes":
        place = next(path for path in written if path.name.endswith("_polygons.json"))
    if form == "voc":
        place.joinpath("SegmentationClass", "out.png").rename(
            place / "SegmentationClass" / f"{Path(subject.name).stem}.png"
        )
    found = import_format(form).load()(place, subject.name, subject.info)
    assert found is not None
    return found


def ids_of(found: Labels, table: ClassTable) -> NDArray[np.uint8]:
    """The labels with the class ids of `table`, by name."""
    by_name = {one.name: one.id for one in table}
    numbers = np.arange(256, dtype=np.uint8)
    for one in found.classes:
        numbers[one.id] = by_name[one.name] if one.name else one.id
    return numbers[found.mask]


def test_every_format_is_tried_here() -> None:
    assert set(SOURCES) == {row.id for row in EXPORTS} - {"dicom-seg-deidentified"}
    assert {row.id for row in IMPORTS} - {"metaimage", "npy"} == set(SOURCES) - {"csv"}


def check_round_trip(
    form: str, mask: NDArray[np.uint8] | None, subject_of: Callable[..., object], folder: Path
) -> None:
    """The same bits come back; from polygons nearly the same."""
    subject, mask = subject_of(SOURCES[form], mask)  # type: ignore[misc]
    written = export_format(form).load()([subject], folder)
    assert all(path.exists() for path in written)
    left = [path for path in folder.rglob("*") if path.is_file() and written[0] not in path.parents]
    assert sorted(left) == sorted(path for path in written if path.is_file())  # nothing half is left
    back = ids_of(read_back(form, written, subject), subject.classes)
    if form in NO_BACKGROUND:
        back = np.where(back == NOTHING, 0, back)
    if form not in POLYGONS:
        np.testing.assert_array_equal(back, mask)
        return
    for class_id in set(np.unique(mask)) - {0}:
        both, either = ((back == class_id) & (mask == class_id)).sum(), ((back == class_id) | (mask == class_id)).sum()
        assert both / either > 0.99


@pytest.mark.parametrize("form", sorted(EXACT | POLYGONS))
def test_what_is_written_comes_back(form: str, subject_of: Callable[..., object], tmp_path: Path) -> None:
    check_round_trip(form, None, subject_of, tmp_path)


@pytest.mark.parametrize("form", ["png", "tiff", "geotiff"])
def test_what_nobody_knows_stays_unknown(form: str, subject_of: Callable[..., object], tmp_path: Path) -> None:
    mask = hard_mask(probe_shape(subject_of, "map"))
    mask[:, 60:80, 60:80] = NOTHING
    subject, mask = subject_of("map", mask)  # type: ignore[misc]
    written = export_format(form).load()([subject], tmp_path)
    np.testing.assert_array_equal(read_back(form, written, subject).mask, mask)


def probe_shape(subject_of: Callable[..., object], kind: str) -> tuple[int, int, int]:
    subject, _ = subject_of(kind)  # type: ignore[misc]
    shape: tuple[int, int, int] = subject.info.shape
    return shape


def test_folders_of_many_images_are_told_and_read_by_name(subject_of: Callable[..., object], tmp_path: Path) -> None:
    one, mask = subject_of("drive")  # type: ignore[misc]
    stem = Path(one.name).stem
    two = replace(one, name="other.tif", stem="other", read=lambda box: 3 - mask[0][box.rows, box.columns].clip(1, 2))
    for form in ("yolo", "cityscapes", "labelme", "png"):
        folder = tmp_path / form
        folder.mkdir()
        written = export_format(form).load()([replace(one, stem=stem), two], folder)
        assert all(path.is_file() for path in written) and format_of(folder) == form
        found = import_format(form).load()(folder, one.name, one.info)
        assert found is not None
        np.testing.assert_array_equal(ids_of(found, one.classes), mask)
        assert import_format(form).load()(folder, "third.png", one.info) is None


@pytest.mark.parametrize("form", ["dicom-seg", "rtstruct"])
def test_dicom_objects_are_told_apart_by_their_modality(
    form: str, subject_of: Callable[..., object], tmp_path: Path
) -> None:
    subject, _ = subject_of("series")  # type: ignore[misc]
    assert format_of(export_format(form).load()([subject], tmp_path)[0]) == form


def test_contours_lie_where_the_pixels_lie_in_the_patient(subject_of: Callable[..., object], tmp_path: Path) -> None:
    import pydicom
    from shapely.geometry import Polygon

    shape = probe_shape(subject_of, "series")
    mask = np.zeros(shape, np.uint8)
    at = (shape[0] // 3, 31, 17)
    mask[at] = 1
    subject, _ = subject_of("series", mask)  # type: ignore[misc]
    found = pydicom.dcmread(export_format("rtstruct").load()([subject], tmp_path)[0])
    (contour,) = found.ROIContourSequence[0].ContourSequence
    points = np.array(contour.ContourData, float).reshape(-1, 3)
    np.testing.assert_allclose(points.mean(axis=0), subject.info.grid.world(*at), atol=1e-4)
    _, tall, wide = subject.info.grid.spacing
    sides = points @ np.linalg.svd(points - points.mean(axis=0))[2].T[:, :2]
    assert Polygon(sides).area == pytest.approx(tall * wide, rel=1e-4)
    images = {pydicom.dcmread(path).SOPInstanceUID: path for path in subject.source.parent.glob("*.dcm")}
    image = pydicom.dcmread(images[contour.ContourImageSequence[0].ReferencedSOPInstanceUID])
    plane = np.cross(image.ImageOrientationPatient[:3], image.ImageOrientationPatient[3:])
    assert abs((points - image.ImagePositionPatient) @ plane).max() < 1e-3, "the contour lies in the image it names"


def test_contours_within_contours_are_holes_and_foreign_ones_are_refused(
    subject_of: Callable[..., object], tmp_path: Path
) -> None:
    import pydicom

    mask = np.zeros(probe_shape(subject_of, "series"), np.uint8)
    mask[3, 10:30, 10:30] = 1
    subject, _ = subject_of("series", mask)  # type: ignore[misc]
    path = export_format("rtstruct").load()([subject], tmp_path)[0]
    found = pydicom.dcmread(path)
    contours = found.ROIContourSequence[0].ContourSequence
    hole = copy.deepcopy(contours[0])
    points = np.array(hole.ContourData, float).reshape(-1, 3)
    middle = points.mean(axis=0)
    hole.ContourData = [f"{v:.6f}" for v in (middle + (points - middle) / 2).ravel()]
    contours.append(hole)
    found.save_as(path)
    mask[3, 15:25, 15:25] = 0
    np.testing.assert_array_equal(import_format("rtstruct").load()(path, subject.name, subject.info).mask, mask)
    found.FrameOfReferenceUID = found.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3"
    found.save_as(path)
    with pytest.raises(UserError, match="does not fit"):
        import_format("rtstruct").load()(path, subject.name, subject.info)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
@pytest.mark.parametrize("form", ["dicom-seg", "dicom-seg-deidentified", "rtstruct"])
def test_debians_dicom_validator_finds_no_error_of_ours(
    form: str, subject_of: Callable[..., object], tmp_path: Path
) -> None:
    subject, _ = subject_of("series")  # type: ignore[misc]
    path = export_format(form).load()([subject], tmp_path)[0]
    errors = [line for line in _validated(path) if line.startswith("Error")]
    own = {line for line in _validated(subject.source) if line.startswith("Error")}
    assert [line for line in errors if line not in own] == []


def _validated(path: Path) -> list[str]:
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, check=False, encoding="utf-8", errors="replace")
    return (said.stdout + said.stderr).splitlines()


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="gdalinfo and ogrinfo (Debian: gdal-bin) are not installed")
@pytest.mark.parametrize("form", ["geotiff", "geojson", "gpkg"])
def test_gdals_own_programs_accept_the_file(form: str, subject_of: Callable[..., object], tmp_path: Path) -> None:
    subject, _ = subject_of("map")  # type: ignore[misc]
    path = export_format(form).load()([subject], tmp_path)[0]
    program = ["gdalinfo", "-checksum"] if form == "geotiff" else ["ogrinfo", "-ro", "-al", "-so"]
    clean = {key: value for key, value in os.environ.items() if key not in ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA")}
    said = subprocess.run([*program, str(path)], capture_output=True, check=False, encoding="utf-8", env=clean)
    assert said.returncode == 0 and "ERROR" not in said.stderr, said.stderr
    assert ("Band 1" if form == "geotiff" else "Geometry: Polygon") in said.stdout


# --- the same place in the world, by other programs ----------------------------------------------------------


def one_voxel(shape: tuple[int, int, int], at: tuple[int, int, int]) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    mask[at] = 1
    return mask


@pytest.mark.parametrize("kind", ["volume", "series"])
def test_a_voxel_is_where_nibabel_and_simpleitk_find_it(
    kind: str, subject_of: Callable[..., object], tmp_path: Path
) -> None:
    import nibabel
    import SimpleITK as sitk

    shape = probe_shape(subject_of, kind)
    at = (shape[0] // 3, 31, 17)
    subject, _ = subject_of(kind, one_voxel(shape, at))  # type: ignore[misc]
    world = np.array(subject.info.grid.world(*at))
    nifti = nibabel.load(export_format("nifti").load()([subject], tmp_path)[0])
    index = np.argwhere(np.asarray(nifti.dataobj) == 1)
    assert len(index) == 1
    found = (nifti.affine @ (*index[0], 1))[:3] * (-1, -1, 1)  # RAS to LPS
    np.testing.assert_allclose(found, world, atol=1e-3)
    slicer = sitk.ReadImage(str(export_format("seg-nrrd").load()([subject], tmp_path)[0]))
    place = np.argwhere(sitk.GetArrayFromImage(slicer) == 1)[0][::-1]
    np.testing.assert_allclose(slicer.TransformIndexToPhysicalPoint([int(v) for v in place]), world, atol=1e-3)
    assert slicer.GetMetaData("Segment0_Name") == "Kidney" and slicer.GetMetaData("Segment0_LabelValue") == "1"


def test_the_label_map_lies_on_the_very_grid_of_its_nifti_file(
    subject_of: Callable[..., object], tmp_path: Path
) -> None:
    import nibabel

    subject, _ = subject_of("volume")  # type: ignore[misc]
    source = nibabel.load(subject.source)
    written = nibabel.load(export_format("nifti").load()([subject], tmp_path)[0])
    np.testing.assert_allclose(written.affine, source.affine, atol=1e-5)
    assert written.shape == source.shape


def test_the_image_shows_the_voxels_where_the_file_has_them(shared_data: Path) -> None:
    import nibabel
    import SimpleITK as sitk

    for name in ("ct_mr_totalseg_nifti/example_ct_sm.nii.gz", "nifti_misc/standard.nii.gz", "nifti_misc/anatomical.nii",
                 "brain_mr_nrrd/brain1_image.nrrd", "nifti_misc/mha.mha"):  # fmt: skip
        reading = open_image(shared_data / name)
        assert reading.info.grid is not None
        random = np.random.default_rng(1)
        for _ in range(20):
            at = tuple(int(random.integers(0, side)) for side in reading.info.shape)
            world = np.array(reading.info.grid.world(*at))
            if ".nii" in name:
                image = nibabel.load(shared_data / name)
                index = np.rint(np.linalg.inv(image.affine) @ (*(world * (-1, -1, 1)), 1)).astype(int)[:3]
                value = np.asarray(image.dataobj)[tuple(index)]
            else:
                volume = sitk.ReadImage(str(shared_data / name))
                value = volume[volume.TransformPhysicalPointToIndex([float(v) for v in world])]
            assert reading.pixels[at][0] == value


def test_a_series_is_the_volume_that_simpleitk_reads(shared_data: Path) -> None:
    import SimpleITK as sitk

    reading = open_image(shared_data / "dicom_mr_series/IMG0009.dcm")
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(shared_data / "dicom_mr_series"))
    volume = sitk.ReadImage(names)
    assert reading.info.shape == volume.GetSize()[::-1]
    np.testing.assert_allclose(reading.info.spacing, volume.GetSpacing()[::-1], rtol=1e-4)
    values = sitk.GetArrayFromImage(volume)
    first = np.array(volume.TransformIndexToPhysicalPoint((5, 7, 0)))
    assert reading.info.grid is not None
    z = 0 if np.abs(np.array(reading.info.grid.world(0, 7, 5)) - first).max() < 0.01 else values.shape[0] - 1
    np.testing.assert_allclose(reading.info.grid.world(z, 7, 5), first, atol=0.01)
    np.testing.assert_array_equal(reading.pixels[..., 0], values if z == 0 else values[::-1])


def test_a_segmentation_refers_to_its_series_and_lies_on_it(subject_of: Callable[..., object], tmp_path: Path) -> None:
    import highdicom as hd

    shape = probe_shape(subject_of, "series")
    at = (3, 40, 21)
    subject, _ = subject_of("series", one_voxel(shape, at))  # type: ignore[misc]
    found = hd.seg.segread(export_format("dicom-seg").load()([subject], tmp_path)[0])
    frames = found.pixel_array.reshape(-1, *shape[1:])
    assert len(frames) == 1 and np.argwhere(frames[0]).tolist() == [[40, 21]]
    origin = np.array(found.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient, float)
    np.testing.assert_allclose(origin, subject.info.grid.world(3, 0, 0), atol=0.01)
    assert found.FrameOfReferenceUID == subject.info.grid.reference
    assert found.get_segment_description(1).segment_label == "Kidney"


def test_a_pixel_is_where_rasterio_and_gdals_vectors_find_it(subject_of: Callable[..., object], tmp_path: Path) -> None:
    import pyogrio
    import rasterio
    import shapely
    from rasterio.warp import transform

    shape = probe_shape(subject_of, "map")
    subject, _ = subject_of("map", one_voxel(shape, (0, 123, 456)))  # type: ignore[misc]
    x, y, _ = subject.info.grid.world(0, 123, 456)
    with (
        rasterio.open(subject.source) as source,
        rasterio.open(export_format("geotiff").load()([subject], tmp_path)[0]) as written,
    ):
        assert written.crs == source.crs and written.transform == source.transform and written.nodata == 255
        row, column = written.index(x, y)
        assert (row, column) == (123, 456) and written.read(1)[row, column] == 1
        assert written.profile["tiled"] and written.colormap(1)[1] == (0xE4, 0x57, 0x56, 255)
        longitude, latitude = transform(source.crs, "EPSG:4326", [x], [y])
    path = export_format("geojson").load()([subject], tmp_path)[0]
    feature = json.loads(path.read_text())["features"][0]
    outline = shapely.geometry.shape(feature["geometry"])
    assert outline.contains(shapely.Point(longitude[0], latitude[0])) and outline.exterior.is_ccw
    assert feature["properties"] == {"class_id": 1, "class": "Kidney", "color": "#e45756"}
    meta, _, geometry, _ = pyogrio.raw.read(export_format("gpkg").load()([subject], tmp_path)[0])
    assert rasterio.crs.CRS.from_user_input(meta["crs"]) == rasterio.open(subject.source).crs
    assert shapely.from_wkb(geometry[0]).contains(shapely.Point(x, y))


def test_viewers_can_read_the_geotiff_from_afar(subject_of: Callable[..., object], tmp_path: Path) -> None:
    import rasterio
    from rio_cogeo import cog_validate

    subject, mask = subject_of("map")  # type: ignore[misc]
    path = export_format("geotiff").load()([subject], tmp_path)[0]
    valid, errors, warnings = cog_validate(path, quiet=True)
    assert valid and not errors and not warnings
    with rasterio.open(path) as found:
        assert found.overviews(1) == [2] and set(np.unique(found.read(1, out_shape=(1, 450, 450)))) <= set(
            np.unique(mask)
        )


def test_each_object_of_a_cityscapes_mask_has_an_id(subject_of: Callable[..., object], tmp_path: Path) -> None:
    from PIL import Image

    mask = np.zeros(probe_shape(subject_of, "drive"), np.uint8)
    mask[0, 5:9, 5:9] = mask[0, 9:12, 9:12] = mask[0, 20:30, 5:9] = 1  # the first two touch by a corner
    mask[0, 20:30, 9:12] = 2
    mask[0, 100:102] = NOTHING
    subject, _ = subject_of("drive", mask)  # type: ignore[misc]
    export_format("cityscapes").load()([subject], tmp_path)
    ids = np.asarray(Image.open(tmp_path / "gtFine" / "out_gtFine_instanceIds.png"))
    assert np.unique(ids).tolist() == [0, 1000, 1001, 1002, 2000]
    assert [int((ids == one).sum()) for one in (1000, 1001, 1002, 2000)] == [16, 9, 40, 30]


def real_masks(shared_data: Path) -> dict[str, NDArray[np.uint8]]:
    """Masks that people drew: vessels of one pixel, nuclei that touch, road scenes of many classes, (rows, columns)."""
    from PIL import Image

    def read(path: Path) -> NDArray[np.uint8]:
        with Image.open(path) as file:
            return np.asarray(file)

    vessels = read(sorted((shared_data / "drive/training/1st_manual").iterdir())[0])
    cell = min((shared_data / "dsb2018_nuclei").iterdir(), key=lambda path: -len(list((path / "masks").iterdir())))
    nuclei = sum(
        (read(path) > 0).astype(np.uint8) * np.uint8(number % 2 + 1)
        for number, path in enumerate(sorted((cell / "masks").iterdir()))
    )
    scene = read(sorted((shared_data / "camvid/trainannot").iterdir())[0])
    return {"vessels": (vessels > 0).astype(np.uint8), "nuclei": nuclei.clip(0, 2), "scene": scene % 3}


@pytest.mark.parametrize(
    "form", sorted((EXACT | POLYGONS) - {"nifti", "seg-nrrd", "dicom-seg", "rtstruct", "ome-zarr"})
)
@pytest.mark.parametrize("kind", ["vessels", "nuclei", "scene"])
def test_what_people_drew_comes_back(
    kind: str, form: str, subject_of: Callable[..., object], shared_data: Path, tmp_path: Path
) -> None:
    drawn = real_masks(shared_data)[kind]
    mask = np.zeros(probe_shape(subject_of, SOURCES[form]), np.uint8)
    rows, columns = min(mask.shape[1], drawn.shape[0]), min(mask.shape[2], drawn.shape[1])
    mask[0, :rows, :columns] = drawn[:rows, :columns]
    check_round_trip(form, mask, subject_of, tmp_path)


@pytest.mark.parametrize("form", ["nifti", "seg-nrrd", "dicom-seg", "rtstruct", "ome-zarr"])
@pytest.mark.parametrize("kind", ["vessels", "nuclei"])
def test_what_people_drew_comes_back_as_a_volume(
    kind: str, form: str, subject_of: Callable[..., object], shared_data: Path, tmp_path: Path
) -> None:
    drawn = real_masks(shared_data)[kind]
    mask = np.zeros(probe_shape(subject_of, SOURCES[form]), np.uint8)
    for z, plane in enumerate(mask):  # another part of the mask on every slice
        part = np.roll(drawn, -17 * z, axis=1)[: plane.shape[0], : plane.shape[1]]
        plane[: part.shape[0], : part.shape[1]] = part
    check_round_trip(form, mask, subject_of, tmp_path)


def test_pycocotools_accepts_the_file(subject_of: Callable[..., object], tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    subject, mask = subject_of("map")  # type: ignore[misc]
    path = export_format("coco").load()([subject], tmp_path)[0]
    found = COCO(path)
    assert [one["name"] for one in found.loadCats(found.getCatIds())] == ["Kidney", "Größe “2”"]
    total = sum(found.annToMask(one).sum() for one in found.loadAnns(found.getAnnIds(catIds=[2])))
    assert total == (mask == 2).sum()


def test_the_table_measures_in_the_images_units(subject_of: Callable[..., object], tmp_path: Path) -> None:
    import csv

    shape = probe_shape(subject_of, "map")
    mask = np.zeros(shape, np.uint8)
    mask[0, 10:20, 30:34] = 2
    subject, _ = subject_of("map", mask)  # type: ignore[misc]
    with export_format("csv").load()([subject], tmp_path)[0].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 and rows[0]["pixels"] == "40" and rows[0]["class"] == "Größe “2”"
    assert float(rows[0]["area"]) == pytest.approx(10.0) and rows[0]["unit"] == "m2"  # pixels of 0.5 m
    assert (rows[0]["centroid_row"], rows[0]["bottom"]) == ("14.50", "20")


# --- into a document ------------------------------------------------------------------------------------------


def test_an_import_is_one_undo_step_and_finds_classes_by_name(
    subject_of: Callable[..., object], tmp_path: Path
) -> None:
    subject, mask = subject_of("volume")  # type: ignore[misc]
    written = export_format("seg-nrrd").load()([subject], tmp_path)
    labels = read_back("seg-nrrd", written, subject)
    document = Document()
    document.classes.add("größe “2”", "#123456")  # of another id and case
    entry = document.add_image(subject.name, "digest", subject.info)
    edit = apply(document, entry, labels, layer=1, title="Import")
    assert edit is not None
    names = {one.name: one.id for one in document.classes}
    assert names == {"Background": 0, "größe “2”": 1, "Kidney": 2}
    z = mask.shape[0] // 2
    got = entry.layers[0].mask(Box.whole(subject.info.shape, z))
    np.testing.assert_array_equal(got, np.array([0, 2, 1], np.uint8)[mask[z]])
    assert apply(document, entry, labels, layer=1, title="Import") is None  # nothing new, no step
    document.undo()
    assert (entry.layers[0].mask(Box.whole(subject.info.shape, z)) == NOTHING).all()


def test_what_does_not_fit_is_refused(subject_of: Callable[..., object], tmp_path: Path) -> None:
    map_subject, _ = subject_of("map")  # type: ignore[misc]
    volume, _ = subject_of("volume")  # type: ignore[misc]
    png = export_format("png").load()([map_subject], tmp_path)[0]
    with pytest.raises(UserError, match="does not fit"):
        import_format("png").load()(png, "other.png", ImageInfo("PNG", (1, 5, 5), 1, ("grey",), "uint8"))
    with pytest.raises(UserError, match="on no map"):
        path = export_format("gpkg").load()([map_subject], tmp_path)[0]
        import_format("gpkg").load()(path, volume.name, volume.info)
    assert format_of(path) == "gpkg" and format_of(tmp_path) == "png"
    assert export_format("nifti").refusal(map_subject) is not None


def test_an_export_that_fails_leaves_nothing(subject_of: Callable[..., object], tmp_path: Path) -> None:
    subject, _ = subject_of("map")  # type: ignore[misc]

    def broken(box: Box) -> NDArray[np.uint8]:
        raise OSError("the disk is gone")

    lost = Subject(subject.name, "out", subject.source, subject.info, subject.classes, broken)
    for form in ("png", "tiff", "geotiff", "geojson", "coco", "csv"):
        with pytest.raises((UserError, OSError)):
            export_format(form).load()([lost], tmp_path)
    assert not list(tmp_path.iterdir())
