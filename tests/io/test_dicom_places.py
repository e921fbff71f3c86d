"""DICOM masks lie for highdicom and SimpleITK where they were painted, and come back bit by bit: images made at random."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import highdicom
import numpy as np
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import dcmread

from segstudio.core.classes import ClassTable
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.masks.imports.table import import_format
from segstudio.io.reading import probe
from tests.io.dicom_files import dataset, noise, write

TRIES = settings(max_examples=25, deadline=None)


@st.composite
def planes(draw: st.DrawFn) -> dict[str, Any]:
    """Oblique axes, spacing, the places of the slices (perhaps with a gap), and how the files are ordered."""
    number = st.floats(-1, 1).map(lambda value: round(value, 3))
    raw = np.array([[draw(number) for _ in range(3)] for _ in range(3)]) * draw(st.sampled_from([0.0, 0.1, 1.0]))
    turn, _ = np.linalg.qr(raw + np.eye(3) * 0.4)
    turn = turn[:, draw(st.permutations(range(3)))]
    right, down = turn[:, 0] * draw(st.sampled_from([-1, 1])), turn[:, 1]
    spacing = [draw(st.sampled_from([0.3, 0.8, 1.25])) for _ in range(2)]
    count, between = draw(st.integers(1, 6)), draw(st.sampled_from([0.7, 2.5, 5.0]))
    steps = np.arange(count) + (np.arange(count) > draw(st.integers(0, 9)))
    corner = np.array([draw(st.integers(-200, 200)) for _ in range(3)])
    origins = corner + np.outer(steps * between, np.cross(right, down))
    return {"axes": np.round([*right, *down], 6), "spacing": spacing, "origins": np.round(origins, 4), "between": between,
            "order": draw(st.permutations(range(count)))}  # fmt: skip


@st.composite
def masks(draw: st.DrawFn, slices: int) -> NDArray[np.uint8]:
    """Labels of three classes with holes, objects of one pixel and empty slices."""
    rows, columns = draw(st.integers(3, 9)), draw(st.integers(3, 9))
    out = np.zeros((slices, rows, columns), np.uint8)
    for number in (1, 2, 3)[: draw(st.integers(1, 3))]:
        z, top, left = (draw(st.integers(0, side - 1)) for side in out.shape)
        out[z, top : top + draw(st.integers(1, 6)), left : left + draw(st.integers(1, 6))] = number
    out[tuple(draw(st.integers(0, side - 1)) for side in out.shape)] = 0
    if not out.any():
        out[0, 0, 0] = 1
    return out


def image(folder: Path, places: dict[str, Any], shape: tuple[int, ...]) -> Path:
    values = noise(*shape)
    for z, number in enumerate(places["order"]):
        made = dataset(values[z], number=number + 1, ImageOrientationPatient=list(places["axes"]), PixelSpacing=places["spacing"],
                       ImagePositionPatient=[f"{value:.4f}" for value in places["origins"][z]], SliceThickness=places["between"])  # fmt: skip
        write(folder / f"i{number}.dcm", made)
    return folder / "i0.dcm"


def exported(form: str, first: Path, mask: NDArray[np.uint8], folder: Path) -> Path:
    table, info = ClassTable(), probe(first)
    for name in ("one", "two", "three"):
        table.add(name)
    subject = Subject("i0", "i0", first, info, table, lambda box: mask[box.z, box.rows, box.columns])
    (path,) = export_format(form).load()([subject], folder)
    back = import_format(form).read(path, "i0", info, first)
    assert back is not None
    names = {one.id: one.name for one in back.classes}
    ids = np.array([0, *(["one", "two", "three"].index(names[n]) + 1 for n in range(1, len(names) + 1))], np.uint8)
    np.testing.assert_array_equal(ids[back.mask], mask)
    return path


def world(places: dict[str, Any], z: Any, row: Any, column: Any) -> NDArray[np.float64]:
    """Where pixels lie, by the standard's own equation (PS3.3 C.7.6.2.1.1)."""
    right, down = places["axes"][:3], places["axes"][3:]
    return (
        places["origins"][z]
        + np.outer(column, right) * places["spacing"][1]
        + np.outer(row, down) * places["spacing"][0]
    )


def spots(places: NDArray[np.float64]) -> NDArray[np.float64]:
    return places[np.lexsort(np.round(places, 2).T)]


@TRIES
@given(st.data())
def test_segmentations_lie_for_highdicom_where_they_were_painted(data: st.DataObject) -> None:
    places = data.draw(planes())
    mask = data.draw(masks(len(places["origins"])))
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = exported("dicom-seg", image(folder / "s", places, mask.shape), mask, folder)
        made = highdicom.seg.segread(path)
        frames = made.pixel_array.reshape(-1, *mask.shape[1:])
        for segment in made.SegmentSequence:
            found = []
            for frame, group in zip(frames, made.PerFrameFunctionalGroupsSequence, strict=True):
                shared = made.SharedFunctionalGroupsSequence[0]
                owner = group if "SegmentIdentificationSequence" in group else shared
                if owner.SegmentIdentificationSequence[0].ReferencedSegmentNumber != segment.SegmentNumber:
                    continue
                to_world = highdicom.spatial.PixelToReferenceTransformer(
                    [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient],
                    [float(v) for v in shared.PlaneOrientationSequence[0].ImageOrientationPatient],
                    [float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing],
                )
                row, column = np.nonzero(frame)
                found.append(to_world(np.column_stack((column, row))))
            number = ["one", "two", "three"].index(segment.SegmentLabel) + 1
            want = world(places, *np.nonzero(mask == number))
            np.testing.assert_allclose(spots(np.concatenate(found)), spots(want), atol=0.01)


@TRIES
@given(st.data())
def test_contours_lie_in_their_slices_and_hold_the_painted_centres(data: st.DataObject) -> None:
    places = data.draw(planes())
    mask = data.draw(masks(len(places["origins"])))
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = exported("rtstruct", image(folder / "s", places, mask.shape), mask, folder)
        made = dcmread(path)
        files = {dcmread(one).SOPInstanceUID: one for one in (folder / "s").iterdir()}
        right, down = places["axes"][:3], places["axes"][3:]
        area = dict.fromkeys((1, 2, 3), 0.0)
        for roi, told in zip(made.ROIContourSequence, made.StructureSetROISequence, strict=True):
            for contour in roi.ContourSequence:
                own = SimpleITK.ReadImage(str(files[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]))
                corners = np.array(contour.ContourData, float).reshape(-1, 3) - np.array(own.GetOrigin())
                assert np.abs(corners @ np.cross(right, down)).max() < 0.01, "in the plane of the slice that it names"
                x, y = corners @ right / own.GetSpacing()[0], corners @ down / own.GetSpacing()[1]
                assert max(np.abs(side - 0.5 - np.round(side - 0.5)).max() for side in (x, y)) < 0.01, (
                    "along sides of pixels"
                )
                number = ["one", "two", "three"].index(told.ROIName) + 1
                area[number] += abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
        for number, found in area.items():
            assert abs(found - (mask == number).sum()) < 0.05, "as many pixels as were painted"
