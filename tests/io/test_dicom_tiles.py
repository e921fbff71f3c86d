"""Whole slides in DICOM: tiles become one picture, whole and by window."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage

from segstudio.core.geometry import Box
from segstudio.errors import UserError
from segstudio.io.dicom.folder import representatives
from segstudio.io.reading import open_image, probe
from segstudio.io.windowed.image import open_windowed

TILE = (16, 24)


def slide(path: Path, size: tuple[int, int], pixels: bytes, frames: int, **more: object) -> FileDataset:
    """A grey slide without its pixels' places: as few attributes as readers need."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = VLWholeSlideMicroscopyImageStorage, "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset(path.name, {}, file_meta=meta, preamble=bytes(128))
    made.Modality, made.SeriesInstanceUID, made.ImageType = "SM", "1.2.4", ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    made.Rows, made.Columns, made.SamplesPerPixel, made.PhotometricInterpretation = *TILE, 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation, made.NumberOfFrames, made.PixelData = 7, 0, frames, pixels
    made.TotalPixelMatrixRows, made.TotalPixelMatrixColumns = size
    made.DimensionOrganizationType = "TILED_FULL"
    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.0005, 0.00025], 0.01
    shared.PixelMeasuresSequence = [measures]
    made.SharedFunctionalGroupsSequence = [shared]
    for name, value in more.items():
        setattr(made, name, value)
    return made


def cut(picture: np.ndarray) -> list[np.ndarray]:
    """Its tiles along the rows, then down; what a tile has beyond the picture repeats its edge."""
    tall, wide = TILE
    rows, columns = picture.shape[:2]
    room = [(0, -rows % tall), (0, -columns % wide), *[(0, 0)] * (picture.ndim - 2)]
    padded = np.pad(picture, room, "edge")
    return [
        padded[top : top + tall, left : left + wide]
        for top in range(0, padded.shape[0], tall)
        for left in range(0, padded.shape[1], wide)
    ]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(1, 255, shape).astype(np.uint8)


def by_window(path: Path, box: Box) -> np.ndarray:
    file = open_windowed(path, 2**20)
    assert file is not None
    try:
        return file.read(box.z, 0, box)
    finally:
        file.close()


def test_tiles_in_order_are_optical_paths_then_planes_then_rows(tmp_path: Path) -> None:
    pictures = noise(2, 3, 40, 60)  # (optical paths, focal planes, rows, columns)
    tiles = [tile for path in pictures for plane in path for tile in cut(plane)]
    data = b"".join(tile.tobytes() for tile in tiles)
    path = tmp_path / "a.dcm"
    slide(path, (40, 60), data, len(tiles), NumberOfOpticalPaths=2, TotalPixelMatrixFocalPlanes=3).save_as(path)
    reading = open_image(path)
    assert reading.info.shape == (3, 40, 60) and reading.info.channel_names == ("channel 1", "channel 2")
    assert reading.info.spacing == (0.01, 0.0005, 0.00025) and probe(path).shape == (3, 40, 60)
    np.testing.assert_array_equal(reading.pixels, pictures.transpose(1, 2, 3, 0))
    np.testing.assert_array_equal(by_window(path, Box(2, 5, 20, 33, 60)), reading.pixels[2, 5:33, 20:60])


def test_tiles_that_say_where_they_lie_and_what_lies_nowhere_is_empty(tmp_path: Path) -> None:
    tiles = noise(3, *TILE)
    groups = []
    for top, left in ((25, 37), (1, 1), (25, 1)):  # counted from 1; nothing at the top right
        place, group = Dataset(), Dataset()
        place.RowPositionInTotalImagePixelMatrix, place.ColumnPositionInTotalImagePixelMatrix = top, left
        group.PlanePositionSlideSequence = [place]
        groups.append(group)
    path = tmp_path / "a.dcm"
    slide(path, (40, 60), tiles.tobytes(), 3, DimensionOrganizationType="TILED_SPARSE",
          PerFrameFunctionalGroupsSequence=groups).save_as(path)  # fmt: skip
    wanted = np.zeros((40, 60), np.uint8)
    wanted[24:40, 36:60], wanted[0:16, 0:24], wanted[24:40, 0:24] = tiles
    np.testing.assert_array_equal(open_image(path).pixels[0, ..., 0], wanted)
    np.testing.assert_array_equal(by_window(path, Box(0, 10, 10, 40, 50))[..., 0], wanted[10:40, 10:50])


def jpeg_slide(path: Path, picture: np.ndarray, **more: object) -> None:
    frames = []
    for tile in cut(picture):
        buffer = io.BytesIO()
        Image.fromarray(tile).save(buffer, "JPEG", quality=98, subsampling="4:2:2")
        frames.append(buffer.getvalue())
    made = slide(path, picture.shape[:2], encapsulate(frames), len(frames), SamplesPerPixel=3, PlanarConfiguration=0,
                 PhotometricInterpretation="YBR_FULL_422", **more)  # fmt: skip
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    made.save_as(path)


def smooth(rows: int, columns: int) -> np.ndarray:
    """A colour ramp: JPEG keeps it nearly as it is."""
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float64)
    return np.stack((40 + 150 * down / rows, 60 + 120 * across / columns, 0 * down + 90), 2).astype(np.uint8)


def test_jpeg_tiles_are_shown_in_red_green_and_blue_and_smaller_copies_are_levels(tmp_path: Path) -> None:
    whole, half, label = smooth(90, 130), smooth(45, 65), smooth(45, 65)
    jpeg_slide(tmp_path / "c.dcm", whole)
    jpeg_slide(tmp_path / "a.dcm", half)
    jpeg_slide(tmp_path / "b.dcm", label, ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"])
    pixels = open_image(tmp_path / "c.dcm").pixels[0]
    assert np.abs(pixels.astype(int) - whole).max() < 12
    file = open_windowed(tmp_path / "c.dcm", 2**20)
    assert file is not None
    assert file.factors == (1, 2)
    np.testing.assert_array_equal(file.read(0, 0, Box(0, 7, 9, 90, 130)), pixels[7:, 9:])
    assert np.abs(file.read(0, 1, Box(0, 0, 0, 45, 65)).astype(int) - half).max() < 12
    file.close()
    kept, series = representatives(sorted(tmp_path.iterdir()))
    assert [path.name for path in kept] == ["b.dcm", "c.dcm"] and len(series) == 2


def lies() -> Sequence[tuple[str, dict[str, object]]]:
    beyond, group = Dataset(), Dataset()
    beyond.RowPositionInTotalImagePixelMatrix, beyond.ColumnPositionInTotalImagePixelMatrix = 500, 1
    group.PlanePositionSlideSequence = [beyond]
    return (
        ("tiles do not make", {"TotalPixelMatrixRows": 4000}),
        ("tiles do not make", {"NumberOfFrames": 3}),
        ("tiles do not make", {"PerFrameFunctionalGroupsSequence": [group] * 4,
                               "DimensionOrganizationType": "TILED_SPARSE"}),
        ("Its header says", {"TotalPixelMatrixColumns": 2**31}),
        ("damaged", {"PerFrameFunctionalGroupsSequence": [Dataset()] * 4, "DimensionOrganizationType": "TILED_SPARSE"}),
        ("", {"PixelData": b"short"}),
    )  # fmt: skip


@pytest.mark.parametrize(("said", "lie"), lies())
@pytest.mark.parametrize("how", [open_image, open_windowed])
def test_slides_that_lie_are_refused(
    tmp_path: Path, said: str, lie: dict[str, object], how: Callable[..., object]
) -> None:
    path = tmp_path / "a.dcm"
    slide(path, (32, 48), noise(4, *TILE).tobytes(), 4, **lie).save_as(path)
    if not said and how is open_windowed:  # what is cut off shows when it is read
        how, said = lambda path, _: by_window(path, Box(0, 0, 0, 32, 48)), ""
    with pytest.raises((UserError, OSError, ValueError)) as caught:
        how(path, 2**20)
    assert said in str(getattr(caught.value, "sentence", caught.value))


def test_slides_of_the_data_are_those_of_highdicom(shared_data: Path) -> None:
    import highdicom

    files = sorted((shared_data / "dicom_seg_sm_highdicom").glob("sm_image*.dcm"))
    assert len(files) == 8
    for path in files:
        wanted = highdicom.imread(path).get_total_pixel_matrix(apply_icc_profile=False, apply_palette_color_lut=False)
        reading = open_image(path)
        assert reading.info.shape == (1, 50, 50) and reading.info.spacing == (0.01, 0.000499, 0.000499)
        np.testing.assert_array_equal(np.squeeze(reading.pixels[0]), wanted, err_msg=path.name)
        np.testing.assert_array_equal(by_window(path, Box(0, 3, 7, 41, 50)), reading.pixels[0, 3:41, 7:])
