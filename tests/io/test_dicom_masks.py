"""Masks as DICOM objects: written of every real series, read wherever they say that they lie."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.sr.codedict import codes

from segstudio.core.classes import ClassTable
from segstudio.errors import UserError
from segstudio.io.masks.exports.dicom_seg import write_probabilities
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.imports.table import import_format
from segstudio.io.reading import probe
from tests.io.dicom_files import DX, TYPE_2, dataset, enhanced, noise, placed, series, write

ROWS, COLUMNS = 14, 17


def subject(image: Path, mask: NDArray[np.uint8], names: tuple[str, ...] = ("Liver", "Airway")) -> Subject:
    table = ClassTable()
    for name in names:
        table.add(name)
    info = probe(image)
    assert info.shape == mask.shape
    return Subject(image.name, image.stem, image, info, table, lambda box: mask[box.z, box.rows, box.columns])


def exported(form: str, image: Path, mask: NDArray[np.uint8], folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (path,) = export_format(form).load()([subject(image, mask)], folder)
    return path


def imported(form: str, path: Path, image: Path) -> Labels:
    found = import_format(form).read(path, image.name, probe(image), image)
    assert found is not None
    return found


@contextmanager
def refused(words: str) -> Iterator[None]:
    with pytest.raises(UserError) as caught:
        yield
    assert words in caught.value.sentence


def objects(slices: int = 4, rows: int = ROWS, columns: int = COLUMNS) -> NDArray[np.uint8]:
    mask = np.zeros((slices, rows, columns), np.uint8)
    mask[0, 2:9, 3:9], mask[0, 4:6, 5:7] = 1, 0
    mask[-1, 8, 12], mask[slices // 2, 10:12, 4:15] = 2, 2
    return mask


def volume(slices: int = 4) -> NDArray[np.uint16]:
    return noise(slices, ROWS, COLUMNS)


HEIGHTS = {"even": (0, 3, 6, 9), "a gap": (0, 3, 9, 12), "two gaps": (-7, 0, 3, 50), "uneven": (0, 3, 7, 11.5)}


@pytest.mark.parametrize("form", ["dicom-seg", "rtstruct"])
@pytest.mark.parametrize("heights", HEIGHTS.values(), ids=HEIGHTS)
@pytest.mark.parametrize("many", [False, True], ids=["files", "frames"])
def test_masks_lie_at_the_heights_of_their_slices(form: str, heights: Any, many: bool, tmp_path: Path) -> None:
    mask = objects()
    # frames lie in the file against the order along the body
    image = enhanced(tmp_path / "e.dcm", volume(), heights[::-1]) if many else series(tmp_path / "s", volume(), heights)
    path = exported(form, image, mask, tmp_path / "out")
    made = dcmread(path)
    if form == "rtstruct":
        found = {float(one.ContourData[2]) for roi in made.ROIContourSequence for one in roi.ContourSequence}
    else:
        found = {
            float(one.PlanePositionSequence[0].ImagePositionPatient[2]) for one in made.PerFrameFunctionalGroupsSequence
        }
    assert found == {float(height) for z, height in enumerate(heights) if mask[z].any()}
    np.testing.assert_array_equal(imported(form, path, image).mask, mask)


def test_a_nifti_of_slices_with_a_gap_is_refused_with_that_reason(tmp_path: Path) -> None:
    refusal = export_format("nifti").refusal(subject(series(tmp_path, volume(), HEIGHTS["a gap"]), objects()))
    assert refusal is not None


LACKING: dict[str, Any] = {name: {name: None} for name in (*TYPE_2, "FrameOfReferenceUID", "PatientName", "PatientID")}
LACKING |= {
    "nothing": {},
    "all that may be empty": dict.fromkeys((*TYPE_2, "FrameOfReferenceUID")),
    "a slice thickness": {"SliceThickness": None},
    "a valid time": {"StudyTime": "14:04:38", "StudyDate": "1995.06.26"},
    "a manufacturer": {"Manufacturer": None},
    "a study number": {"SeriesNumber": None, "InstanceNumber": None},
}


@pytest.mark.parametrize("name", LACKING)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_segmentations_are_written_of_series_that_lack(name: str, tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume(), **LACKING[name])
    for form in ("dicom-seg", "rtstruct", "dicom-seg-deidentified"):
        path = exported(form, image, objects(), tmp_path / form)
        if form != "dicom-seg-deidentified":
            np.testing.assert_array_equal(imported(form, path, image).mask, objects())


REFUSED: dict[str, Any] = {
    "studies": lambda z: {"StudyInstanceUID": f"1.2.3.{z}"},
    "frames of reference": lambda z: {"FrameOfReferenceUID": f"1.2.3.{z}"},
    "SOP Instance UID": lambda z: {"SOPInstanceUID": "" if z == 2 else f"1.2.{z}"},
    "Study Instance UID": lambda z: {"StudyInstanceUID": None},
    "Series Instance UID": lambda z: {"SeriesInstanceUID": None},
}


@pytest.mark.parametrize("words", REFUSED)
@pytest.mark.parametrize("form", ["dicom-seg", "rtstruct"])
def test_what_the_standard_needs_and_a_series_lacks_is_named(words: str, form: str, tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume(), each=REFUSED[words])
    with pytest.raises(UserError) as caught:
        exported(form, image, objects(), tmp_path / "out")
    assert words in caught.value.why and "damaged" not in caught.value.sentence


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_segmentations_are_written_of_enhanced_objects(frames: int, each: bool, modality: str, tmp_path: Path) -> None:
    image = enhanced(tmp_path / "e.dcm", volume(frames), [5.0 * z for z in range(frames)], modality=modality,
                     measures_each=each)  # fmt: skip
    for form in ("dicom-seg", "rtstruct"):
        path = exported(form, image, objects(frames), tmp_path / form)
        np.testing.assert_array_equal(imported(form, path, image).mask, objects(frames))


def test_a_series_whose_files_went_is_refused_not_written_shifted(tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    ready = subject(image, objects())
    (tmp_path / "s" / "s003.dcm").unlink()
    with refused("3 slices of it now"):
        export_format("dicom-seg").load()([ready], tmp_path)


def test_frames_without_a_place_are_refused_and_a_single_picture_is_written(tmp_path: Path) -> None:
    cine = write(tmp_path / "us.dcm", dataset(volume(), NumberOfFrames=4, modality="US"))
    with refused("does not say where"):
        exported("dicom-seg", cine, objects(), tmp_path)
    one = write(tmp_path / "dx.dcm", dataset(volume(1)[0], kind=DX, modality="DX", ImagerPixelSpacing=[0.1, 0.1]))
    path = exported("dicom-seg", one, objects(1), tmp_path)
    np.testing.assert_array_equal(imported("dicom-seg", path, one).mask, objects(1))
    with refused("contours are drawn"):
        exported("rtstruct", one, objects(1), tmp_path)


# --- segmentations of other programs ----------------------------------------------------------------------------------


def described(number: int, label: str = "") -> Any:
    kinds = highdicom.seg.SegmentAlgorithmTypeValues
    return highdicom.seg.SegmentDescription(
        number, label or f"region {number}", codes.SCT.Organ, codes.SCT.Liver, kinds.MANUAL
    )


def segmentation(sources: list[Any], values: NDArray[Any], kind: str, numbers: list[int], **more: Any) -> Any:
    return highdicom.seg.Segmentation(
        sources, values, kind, [described(number) for number in numbers], "1.2.3.50", 5, "1.2.3.51", 1, "a", "b", "c", "d",
        **more)  # fmt: skip


def files(image: Path) -> list[Any]:
    return [dcmread(path) for path in sorted(image.parent.iterdir())]


@pytest.mark.parametrize("top", [1, 2, 3, 64, 100, 127, 128, 200, 254, 255])
def test_shares_count_from_one_half_of_any_maximum(top: int, tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    shares = np.zeros((4, ROWS, COLUMNS), np.float32)
    shares.flat[: top + 1] = np.arange(top + 1) / top
    made = segmentation(
        files(image), shares if top > 1 else np.round(shares), "FRACTIONAL", [1], max_fractional_value=top
    )
    path = write(tmp_path / "f.dcm", made)
    stored = np.round(shares * top)
    np.testing.assert_array_equal(imported("dicom-seg", path, image).mask == 1, stored * 2 >= top)


def test_of_several_shares_the_largest_counts(tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    shares = np.zeros((4, ROWS, COLUMNS, 2), np.float32)
    shares[1, 2:6, 2:6] = (0.9, 0.6)
    shares[2, 2:6, 2:6] = (0.6, 0.9)
    shares[3, 2:6, 2:6] = (0.4, 0.4)
    path = write(tmp_path / "f.dcm", segmentation(files(image), shares, "FRACTIONAL", [1, 2]))
    mask = imported("dicom-seg", path, image).mask
    assert [set(np.unique(one)) for one in mask[1:]] == [{0, 1}, {0, 2}, {0}]


def test_our_own_probabilities_come_in_again(tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    ready = subject(image, objects())
    shares = np.random.default_rng(3).dirichlet((1, 1, 1), (4, ROWS, COLUMNS)).transpose(3, 0, 1, 2)
    path = write_probabilities(ready, shares, tmp_path / "p.dcm")
    mask = imported("dicom-seg", path, image).mask
    sure = shares.max(0) > 0.51
    np.testing.assert_array_equal(mask[sure], shares.argmax(0)[sure])
    assert not mask[shares[1:].max(0) < 0.49].any()


@pytest.mark.parametrize("kind", ["LABELMAP", "BINARY"])
@pytest.mark.parametrize("numbers", [(1, 2), (254, 3), (3, 255), (3, 256, 259), (17, 1035, 2035), (65535, 256)])
def test_segment_numbers_of_any_size_stay_apart(kind: str, numbers: tuple[int, ...], tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    labels = np.zeros((4, ROWS, COLUMNS), np.uint16)
    for row, number in enumerate(numbers):
        labels[1, row] = number
    if kind == "BINARY":  # numbered from 1 without holes
        labels, numbers = (
            np.searchsorted([0, *sorted(numbers)], labels).astype(np.uint16),
            tuple(range(1, len(numbers) + 1)),
        )
    path = write(tmp_path / "l.dcm", segmentation(files(image), labels, kind, sorted(numbers)))
    found = imported("dicom-seg", path, image)
    by_name = {one.name: found.mask == one.id for one in found.classes if (found.mask == one.id).any()}
    assert by_name.keys() == {f"region {number}" for number in numbers}
    for number in numbers:
        np.testing.assert_array_equal(by_name[f"region {number}"], labels == number)


def test_more_segments_than_a_project_has_classes_are_refused(tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    labels = np.arange(4 * ROWS * COLUMNS, dtype=np.uint16).reshape(4, ROWS, COLUMNS) % 256
    labels[0, 0, 1] = 0
    path = write(tmp_path / "l.dcm", segmentation(files(image), labels, "LABELMAP", list(range(1, 256))))
    with refused("255 segments"):
        imported("dicom-seg", path, image)


def relaid(made: Any, turn: Any, corner: tuple[float, float], axes: list[float], frames: NDArray[Any]) -> Any:
    """A segmentation with its frames stored another way: `turn` of the pixels, `corner` the mm to the new first one."""
    other = copy.deepcopy(made)
    for group in other.PerFrameFunctionalGroupsSequence:
        x, y, z = (float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient)
        group.PlanePositionSequence[0].ImagePositionPatient = [x + corner[0], y + corner[1], z]
    other.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = axes
    turned = np.stack([turn(one) for one in frames]).astype(np.uint8)
    other.Rows, other.Columns = turned.shape[1:]
    raw = np.packbits(turned.ravel(), bitorder="little").tobytes()
    other.PixelData = raw + b"\0" * (len(raw) % 2)
    return other


FAR = ((COLUMNS - 1) * 0.8, (ROWS - 1) * 0.8)
WAYS: dict[str, Any] = {
    "as the image": (lambda one: one, (0, 0), [1, 0, 0, 0, 1, 0]),
    "both reversed": (lambda one: one[::-1, ::-1], FAR, [-1, 0, 0, 0, -1, 0]),
    "columns reversed": (lambda one: one[:, ::-1], (FAR[0], 0), [-1, 0, 0, 0, 1, 0]),
    "rows reversed": (lambda one: one[::-1], (0, FAR[1]), [1, 0, 0, 0, -1, 0]),
    "exchanged": (lambda one: one.T, (0, 0), [0, 1, 0, 1, 0, 0]),
    "turned": (lambda one: one.T[::-1], (FAR[0], 0), [0, 1, 0, -1, 0, 0]),
    "cut out": (lambda one: one[2:12, 3:16], (2.4, 1.6), [1, 0, 0, 0, 1, 0]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("heights", [HEIGHTS["even"], HEIGHTS["a gap"]], ids=["even", "a gap"])
def test_a_frame_lies_where_it_says_whichever_way_it_runs(way: str, heights: Any, tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume(), heights)
    mask = np.zeros((4, ROWS, COLUMNS), np.uint8)
    mask[1, 3:9, 4:9], mask[3, 10, 5:13] = 1, 1
    made = segmentation(files(image), mask, "BINARY", [1])
    frames = made.pixel_array.reshape(-1, ROWS, COLUMNS)
    path = write(tmp_path / "w.dcm", relaid(made, *WAYS[way], frames))
    np.testing.assert_array_equal(imported("dicom-seg", path, image).mask, mask)


def test_pixels_that_do_not_lie_on_the_images_are_refused(tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    made = segmentation(files(image), objects() > 0, "BINARY", [1])
    made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.5, 0.5]
    with refused("do not lie on the pixels"):
        imported("dicom-seg", write(tmp_path / "w.dcm", made), image)


@pytest.mark.parametrize("form", ["dicom-seg", "rtstruct"])
def test_masks_of_another_frame_of_reference_lie_on_the_slices_they_name(form: str, tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume())
    stranger = series(tmp_path / "t", volume(), series="1.2.3.77", FrameOfReferenceUID="1.2.3.78")
    path = exported(form, image, objects(), tmp_path / "out")
    made = dcmread(path)
    made.FrameOfReferenceUID = "1.2.3.4.5"
    for one in made.get("ReferencedFrameOfReferenceSequence", []):
        one.FrameOfReferenceUID = "1.2.3.4.5"
    made.save_as(path)
    np.testing.assert_array_equal(imported(form, path, image).mask, objects())
    with refused("another frame of reference"):
        imported(form, path, stranger)


def test_a_segmentation_of_a_radiograph_lies_on_the_image_it_names(tmp_path: Path) -> None:
    image = write(tmp_path / "dx.dcm", dataset(volume(1)[0], kind=DX, modality="DX"))
    other = write(tmp_path / "other.dcm", dataset(volume(1)[0], kind=DX, modality="DX", series="1.2.3.66"))
    path = write(tmp_path / "seg.dcm", segmentation([dcmread(image)], objects(1) == 1, "BINARY", [1]))
    np.testing.assert_array_equal(imported("dicom-seg", path, image).mask, objects(1) == 1)
    with refused("does not name"):
        imported("dicom-seg", path, other)


# --- structure sets ---------------------------------------------------------------------------------------------------


def drawn(image: Path, folder: Path, *contours: tuple[str, int, list[tuple[float, float]]]) -> Path:
    """A structure set of contours (kind, slice, (row, column) corners in pixels; whole numbers are centres)."""
    made = dcmread(exported("rtstruct", image, objects(), folder))
    kept = made.ROIContourSequence[0].ContourSequence[0]
    made.ROIContourSequence = made.ROIContourSequence[:1]
    made.ROIContourSequence[0].ContourSequence = []
    for kind, z, corners in contours:
        contour = copy.deepcopy(kept)
        points = [(-9 + 0.8 * column, -8 + 0.8 * row, 3.0 * z) for row, column in corners]
        contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
        contour.ContourData = [f"{value:.6g}" for point in points for value in point]
        made.ROIContourSequence[0].ContourSequence.append(contour)
    return write(folder / "drawn.dcm", made)


def box(top: float, left: float, bottom: float, right: float) -> list[tuple[float, float]]:
    return [(top, left), (top, right), (bottom, right), (bottom, left)]


def filled(*boxes: tuple[int, int, int, int, int]) -> NDArray[np.bool_]:
    """(slice, first row, first column, last row, last column) of each box."""
    mask = np.zeros((4, ROWS, COLUMNS), bool)
    for z, top, left, bottom, right in boxes:
        mask[z, top : bottom + 1, left : right + 1] = True
    return mask


CLOSED = "CLOSED_PLANAR"
CONTOURS: dict[str, Any] = {
    "along the sides": ([(CLOSED, 1, box(4.5, 3.5, 9.5, 8.5))], filled((1, 5, 4, 9, 8))),
    "through the centres": ([(CLOSED, 1, box(5, 4, 9, 8))], filled((1, 5, 4, 9, 8))),
    "through the centres, the other way round": ([(CLOSED, 1, box(5, 4, 9, 8)[::-1])], filled((1, 5, 4, 9, 8))),
    "a line there and back": ([(CLOSED, 1, [(5, 4), (5, 8), (5, 8), (5, 4)])], filled((1, 5, 4, 5, 8))),
    "a line of two points": ([(CLOSED, 1, [(5, 4), (9, 4)])], filled((1, 5, 4, 9, 4))),
    "a single pixel": ([(CLOSED, 1, [(5, 4)])], filled((1, 5, 4, 5, 4))),
    "a point": ([("POINT", 2, [(5, 4)])], filled((2, 5, 4, 5, 4))),
    "a point beside the centre": ([("POINT", 2, [(5.3, 3.8)])], filled((2, 5, 4, 5, 4))),
    "at the border of the image": ([(CLOSED, 0, box(0, 0, 3, 3))], filled((0, 0, 0, 3, 3))),
    "over the border of the image": ([(CLOSED, 0, box(-5, -5, 3, 3))], filled((0, 0, 0, 3, 3))),
    "beside the image": ([(CLOSED, 0, box(0, 0, 3, 3)), (CLOSED, 9, box(5, 5, 8, 8))], filled((0, 0, 0, 3, 3))),
    "two objects": ([(CLOSED, 1, box(1, 1, 3, 3)), (CLOSED, 1, box(6, 6, 9, 9))], filled((1, 1, 1, 3, 3), (1, 6, 6, 9, 9))),
    "an open line has no area": ([("OPEN_PLANAR", 1, box(5, 4, 9, 8)), (CLOSED, 2, box(1, 1, 2, 2))], filled((2, 1, 1, 2, 2))),
    "a hole": ([(CLOSED, 1, box(1.5, 1.5, 9.5, 9.5)), (CLOSED, 1, box(3.5, 3.5, 6.5, 6.5))],
               filled((1, 2, 2, 9, 9)) & ~filled((1, 4, 4, 6, 6))),
    "a keyhole": ([(CLOSED, 1, [(1.5, 1.5), (1.5, 9.5), (9.5, 9.5), (9.5, 1.5), (1.5, 1.5), (3.5, 3.5), (6.5, 3.5),
                                (6.5, 6.5), (3.5, 6.5), (3.5, 3.5)])],
                  filled((1, 2, 2, 9, 9)) & ~filled((1, 4, 4, 6, 6))),
    "a slanted line": ([(CLOSED, 1, [(2, 2), (6, 6), (2, 2)])], np.pad(np.eye(5, dtype=bool)[None], ((1, 2), (2, 7), (2, 10)))),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTOURS)
@pytest.mark.parametrize("heights", [HEIGHTS["even"], (0, 3, 6, 50)], ids=["even", "a gap"])
def test_contours_hold_the_pixels_they_run_around_and_through(name: str, heights: Any, tmp_path: Path) -> None:
    contours, want = CONTOURS[name]
    image = series(tmp_path / "s", volume(), heights)
    found = imported("rtstruct", drawn(image, tmp_path / "out", *contours), image)
    np.testing.assert_array_equal(found.mask == 1, want)


@pytest.mark.parametrize("encoding", ["implicit", "explicit", "bytes"])
def test_outlines_of_any_length_come_whole(encoding: str, tmp_path: Path) -> None:
    image = series(tmp_path / "s", noise(2, 120, 128))
    mask = np.zeros((2, 120, 128), np.uint8)
    mask[1] = np.random.default_rng(5).random((120, 128)) < 0.75
    path = exported("rtstruct", image, mask, tmp_path / "out")
    made = dcmread(path)
    contours = [one for roi in made.ROIContourSequence for one in roi.ContourSequence]
    texts = ["\\".join(str(value) for value in one.ContourData) for one in contours]
    assert max(map(len, texts)) > 65_534 and {one["ContourData"].VR for one in contours} == {"DS"}
    if encoding != "implicit":
        if encoding == "bytes":
            for one, text in zip(contours, texts, strict=True):
                del one.ContourData
                one.add_new(0x30060050, "UN", text.encode() + b" " * (len(text) % 2))
        made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        with pytest.warns(UserWarning, match="64 kByte") if encoding == "explicit" else nullcontext():
            made.save_as(path, implicit_vr=False, little_endian=True)
    np.testing.assert_array_equal(imported("rtstruct", path, image).mask, mask)


def test_structure_sets_say_of_which_slices_they_are(tmp_path: Path) -> None:
    image = series(tmp_path / "s", volume(), HEIGHTS["a gap"], each=lambda z: placed(HEIGHTS["a gap"][z]))
    made = dcmread(exported("rtstruct", image, objects(), tmp_path / "out"))
    known = {one.SOPInstanceUID: float(one.ImagePositionPatient[2]) for one in files(image)}
    for roi in made.ROIContourSequence:
        for contour in roi.ContourSequence:
            assert float(contour.ContourData[2]) == known[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
