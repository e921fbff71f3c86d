"""Every file of the data that is no trap: opened, with the size and the values that another library finds."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.errors import UserError
from segstudio.io.formats import sniff
from segstudio.io.reading import open_image, probe

NOT_IMAGES = {
    ".csv", ".json", ".geojson", ".xml", ".md", ".txt", ".h5", ".seg", ".mnc", ".img", ".tga", ".psd", ".pgm",
    ".pcx", ".ico", ".sgi", ".bin",
}  # fmt: skip
"""Files that are no images, and images of formats that SegStudio does not open (docs/formats.md)."""

REFUSED = {
    # DICOM objects without pixels
    "nested_priv_SQ.dcm", "priv_SQ.dcm", "reportsi.dcm", "reportsi_with_empty_number_tags.dcm", "rtplan.dcm",
    "rtstruct.dcm", "test-SR.dcm", "sm_annotations.dcm", "sr_document.dcm", "sr_document_with_multiple_groups.dcm",
    # complex numbers
    "complex.nii.gz", "sar_hh.tif", "sar_vv.tif", "gray.c8.tif", "gray.c16.tif",
}  # fmt: skip
LARGE = 50_000_000
"""Pixels above which only the header is read here."""


def corpus(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "hostile" not in path.parts and path.suffix.lower() not in NOT_IMAGES
    ]


def test_every_image_of_the_data_opens_or_is_known_to_be_refused(shared_data: Path) -> None:
    opened: Counter[str] = Counter()
    wrong: list[str] = []
    for path in corpus(shared_data):
        try:
            info = probe(path)
        except UserError as error:
            assert error.what and error.why and error.hint, path
            if path.name not in REFUSED:
                wrong.append(f"{path}: {error.sentence}")
            continue
        opened[info.format.split()[0]] += 1
        if problem := compare(path, info.shape, info.dtype):
            wrong.append(f"{path}: {problem}")
    assert not wrong, "\n".join(wrong[:20])
    assert opened["PNG"] > 1500 and opened["TIFF"] > 150 and opened["DICOM"] > 120 and opened["NIfTI"] > 12


def compare(path: Path, shape: tuple[int, int, int], dtype: str) -> str:
    """What another library says otherwise of a picture's size, "" where it agrees or there is none."""
    kind = sniff(path).id
    if kind in ("png", "jpeg", "bmp", "webp", "gif"):
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore")
            size = picture.size[::-1]
            turned = kind == "jpeg" and picture.getexif().get(274, 1) in (5, 6, 7, 8)
        wanted = size[::-1] if turned else size
        return "" if shape[1:] == wanted else f"{shape} but Pillow says {wanted}"
    if kind == "dicom":
        import pydicom

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        tiled = "TotalPixelMatrixRows" in header and header.Modality != "SEG"
        sides = ("TotalPixelMatrixRows", "TotalPixelMatrixColumns") if tiled else ("Rows", "Columns")
        wanted = int(header[sides[0]].value), int(header[sides[1]].value)
        return "" if shape[1:] == wanted else f"{shape} but pydicom says {wanted}"
    if kind == "nifti":
        import nibabel

        stored = nibabel.load(path).shape[:3]
        return "" if sorted(shape) == sorted((*stored, 1, 1)[:3]) else f"{shape} but nibabel says {stored}"
    return ""


@pytest.mark.parametrize("folder", ["dicom_pydicom", "dicom_transfer_syntaxes", "nifti_misc", "brain_mr_nrrd",
                                    "geotiff_rasterio", "spacenet_solaris", "wsi_ome"])  # fmt: skip
def test_pixels_are_what_the_header_promised(shared_data: Path, folder: str) -> None:
    for path in corpus(shared_data / folder):
        if path.name in REFUSED:
            with pytest.raises(UserError):
                open_image(path)
            continue
        header = probe(path)
        if np.prod(header.shape) > LARGE:
            continue
        reading = open_image(path)
        assert reading.pixels.shape == (*reading.info.shape, reading.info.channels), path
        assert str(reading.pixels.dtype) == reading.info.dtype == header.dtype and reading.info.shape == header.shape, (
            path
        )
        assert (reading.info.spacing, reading.info.grid) == (header.spacing, header.grid), path


def test_values_of_dicom_are_those_of_simpleitk(shared_data: Path) -> None:
    import SimpleITK as sitk

    for name in ("CTImage.dcm", "CTImage.dcm_RLELosslessTransferSyntax_1.2.840.10008.1.2.5.dcm",
                 "CTImage.dcm_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm",
                 "CTImage.dcm_JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm"):  # fmt: skip
        path = shared_data / "dicom_transfer_syntaxes" / name
        reading = open_image(path)
        wanted = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        np.testing.assert_array_equal(reading.pixels[..., 0], wanted, err_msg=name)  # Hounsfield units
        assert reading.info.window == (-160.0, 240.0)


def test_high_means_dark_is_turned_over_and_padding_is_known(shared_data: Path) -> None:
    import pydicom

    path = shared_data / "dicom_seg_sm_highdicom" / "dx_image.dcm"
    stored = pydicom.dcmread(path)
    reading = open_image(path)
    np.testing.assert_array_equal(reading.pixels[0, ..., 0], 2**stored.BitsStored - 1 - stored.pixel_array)
    assert any("MONOCHROME1" in note for note in reading.info.notes)


def test_each_file_of_a_series_opens_all_of_it_and_a_folder_gives_one_image(shared_data: Path) -> None:
    from segstudio.io.dicom.folder import representatives

    for folder, count in (("ct_totalseg_dicom/series", 20), ("dicom_mr_series", 17), ("dicom_seg_dcmqi/ct-3slice", 3)):
        files = sorted((shared_data / folder).iterdir())
        assert len(files) == count
        assert representatives(files)[0] == files[:1]
        assert probe(files[0]).shape == probe(files[-1]).shape and probe(files[0]).shape[0] == count
    many = sorted(path for path in (shared_data / "dicom_pydicom").iterdir() if path.is_file())
    kept, series = representatives(many)
    assert sum(one.files for one in series) <= len(many) and all(one.first in kept and one.title for one in series)
    covered = sum(max(1, probe(path).shape[0]) if path.name not in REFUSED else 1 for path in kept)
    assert len(kept) > 40 and covered >= len(many)  # no file is lost


def test_mixed_series_in_one_folder_stay_apart(shared_data: Path, tmp_path: Path) -> None:
    import shutil

    from segstudio.io.dicom.folder import representatives

    for source, start in (("dicom_mr_series", "a"), ("dicom_seg_dcmqi/ct-3slice", "b")):
        for path in (shared_data / source).iterdir():
            shutil.copy(path, tmp_path / f"{start}{path.name}")
    kept, _ = representatives(sorted(tmp_path.iterdir()))
    assert [path.name[0] for path in kept] == ["a", "b"]
    assert [probe(path).shape[0] for path in kept] == [17, 3]
