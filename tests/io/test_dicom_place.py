"""Which DICOM files make one stack, where it lies in the patient, how large its pixels are, and what opens at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from segstudio.errors import UserError
from segstudio.io.dicom.folder import representatives
from segstudio.io.formats import sniff
from segstudio.io.reading import open_image, probe
from tests.io.dicom_files import CT, DX, ENHANCED, MR, US, dataset, enhanced, item, noise, placed, series, write


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize("each", [False, True], ids=["measures of all", "measures of each frame"])
def test_an_enhanced_object_lies_where_its_groups_say(frames: int, modality: str, each: bool, tmp_path: Path) -> None:
    path = enhanced(tmp_path / "e.dcm", noise(frames, 5, 6), [5.0 * z for z in range(frames)], modality=modality,
                    measures_each=each)  # fmt: skip
    info = probe(path)
    assert info.spacing == (5 if frames > 1 else 3, 0.7, 0.9) and info.grid is not None
    assert info.grid.world(frames - 1, 0, 2) == pytest.approx((-18.2, -16, 5 * (frames - 1)))


def test_frames_of_different_pixel_sizes_have_no_common_place(tmp_path: Path) -> None:
    path = enhanced(tmp_path / "e.dcm", noise(2, 5, 6), [0, 5], measures_each=True)
    made = dcmread(path)
    made.PerFrameFunctionalGroupsSequence[1].PixelMeasuresSequence[0].PixelSpacing = [2, 2]
    info = probe(write(path, made))
    assert info.grid is None and any("side by side" in note for note in info.notes)


def region(delta: float, units: int = 3, kind: int = 1) -> Dataset:
    return item(RegionSpatialFormat=kind, PhysicalUnitsXDirection=units, PhysicalUnitsYDirection=units,
                PhysicalDeltaX=delta, PhysicalDeltaY=-delta)  # fmt: skip


SIZES: dict[str, tuple[dict[str, Any], tuple[float, float] | None, str]] = {
    # elements, size of a pixel in mm, a word of the note
    "one ultrasound region": ({"SequenceOfUltrasoundRegions": [region(0.02)]}, (0.2, 0.2), ""),
    "a region beside a Doppler": ({"SequenceOfUltrasoundRegions": [region(0.5, 4, 3), region(0.01)]}, (0.1, 0.1), ""),
    "two alike": ({"SequenceOfUltrasoundRegions": [region(0.02), region(0.02)]}, (0.2, 0.2), ""),
    "two sizes": ({"SequenceOfUltrasoundRegions": [region(0.02), region(0.03)]}, None, "different pixel sizes"),
    "no lengths": ({"SequenceOfUltrasoundRegions": [region(0.02, 4)]}, None, ""),
    "the detector": ({"ImagerPixelSpacing": [0.2, 0.3]}, (0.2, 0.3), "detector"),
    "the detector, magnified": (
        {"ImagerPixelSpacing": [0.2, 0.3], "EstimatedRadiographicMagnificationFactor": "1.25"}, (0.16, 0.24), "1.25"),
    "the detector, by its distances": (
        {"ImagerPixelSpacing": [0.2, 0.2], "DistanceSourceToDetector": "1000", "DistanceSourceToPatient": "800"},
        (0.16, 0.16), "1.25"),
    "calibrated": (
        {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.15, 0.15], "PixelSpacingCalibrationType": "GEOMETRY"},
        (0.15, 0.15), ""),
    "the detector's twice": ({"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "detector"),
    "an aspect": ({"PixelAspectRatio": ["2", "1"]}, None, "2 high to 1 wide"),
    "a square aspect": ({"PixelAspectRatio": ["1", "1"]}, None, ""),
    "a scanner": ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1), ""),
    "nothing": ({}, None, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_pixel_sizes_are_found_wherever_dicom_keeps_them(name: str, tmp_path: Path) -> None:
    elements, size, word = SIZES[name]
    kind, modality = (US, "US") if "Ultrasound" in str(elements.keys()) else (DX, "DX")
    info = probe(write(tmp_path / "x.dcm", dataset(noise(6, 7), kind=kind, modality=modality, **elements)))
    assert (
        info.spacing is None if size is None else info.spacing is not None and info.spacing[1:] == pytest.approx(size)
    )
    notes = [note for note in info.notes if "patient" not in note]
    assert any(word in note for note in notes) if word else not notes


PHASES: dict[str, Any] = {
    # elements of position z in phase p; "" where nothing but the numbers tells
    "temporal index": lambda z, p: {"TemporalPositionIdentifier": p + 1},
    "trigger time": lambda z, p: {"TriggerTime": f"{40 * p}"},
    "trigger time that wanders": lambda z, p: {"TriggerTime": f"{41 * p + z}"},
    "trigger delay": lambda z, p: {"NominalCardiacTriggerDelayTime": 40.0 * p},
    "content time": lambda z, p: {"ContentTime": f"10150{p}"},
    "content time of each file": lambda z, p: {"ContentTime": f"1015{p}{z}"},
    "acquisition time": lambda z, p: {"AcquisitionTime": f"1015{p}0.25"},
    "acquisition date and time": lambda z, p: {"AcquisitionDateTime": f"202001011015{p}0"},
    "frame reference time": lambda z, p: {"FrameReferenceTime": f"{1000 * p + 17 * z}"},
    "b-value": lambda z, p: {"DiffusionBValue": 500.0 * p},
    "gradient": lambda z, p: {"DiffusionBValue": 500.0, "DiffusionGradientOrientation": [1.0 * p, 0.0, 1.0]},
    "echo time": lambda z, p: {"EchoTime": f"{2.3 * (p + 1):g}"},
    "echo number": lambda z, p: {"EchoNumbers": f"{p + 1}"},
    "acquisition": lambda z, p: {"AcquisitionNumber": f"{p + 1}"},
    "inversion time": lambda z, p: {"InversionTime": f"{100 * (p + 1)}"},
    "image type": lambda z, p: {"ImageType": ["ORIGINAL", "PRIMARY", "MRIP"[p]]},
    "numbers alone": lambda z, p: {},
}


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("order", ["phase by phase", "place by place"])
def test_a_stack_is_of_one_phase_whatever_tells_phases_apart(name: str, order: str, tmp_path: Path) -> None:
    places = [(z, p) for z in range(4) for p in range(3)]
    for number, (z, p) in enumerate(sorted(places, key=lambda one: one[::-1]) if order[:5] == "phase" else places, 1):
        made = dataset(np.full((5, 6), 100 * p + z, np.uint16), number=number, kind=MR, modality="MR", **placed(3.0 * z),
                       **PHASES[name](z, p))  # fmt: skip
        write(tmp_path / f"i{number:03}.dcm", made)
    seen = {tuple(open_image(path).pixels[:, 0, 0, 0].tolist()) for path in tmp_path.iterdir()}
    assert seen == {tuple(100 * p + z for z in range(4)) for p in range(3)}
    assert len(representatives(sorted(tmp_path.iterdir()))[1]) == 3, "a stack for each phase"


def test_a_copied_file_is_no_slice_of_its_own(tmp_path: Path) -> None:
    values = noise(4, 5, 6)
    series(tmp_path, values)
    for path in sorted(tmp_path.iterdir())[:3]:
        shutil.copy(path, tmp_path / f"copy of {path.name}")
    for path in sorted(tmp_path.iterdir()):
        np.testing.assert_array_equal(open_image(path).pixels[..., 0], values)
    kept, found = representatives(sorted(tmp_path.iterdir()))
    assert [one.files for one in found] == [4] and len(kept) == 1


def test_slices_that_a_broken_writer_gave_one_uid_stay_slices(tmp_path: Path) -> None:
    values = noise(4, 5, 6)
    first = series(tmp_path, values, each=lambda z: {"SOPInstanceUID": "1.2.3.4.5"})
    np.testing.assert_array_equal(open_image(first).pixels[..., 0], values)


def test_slices_with_a_gap_are_all_shown_and_the_gap_is_told(tmp_path: Path) -> None:
    info = probe(series(tmp_path, noise(5, 5, 6), heights=[0, 3, 6, 12, 15]))
    assert info.shape[0] == 5 and info.grid is None and any("missing" in note for note in info.notes)


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("little", [True, False])
def test_files_without_preamble_and_meta_information_open(implicit: bool, little: bool, tmp_path: Path) -> None:
    if implicit and not little:
        pytest.skip("there is no such encoding")
    values = noise(3, 5, 6)
    series(tmp_path / "whole", values)
    for path in sorted((tmp_path / "whole").iterdir()):
        bare = Dataset()
        bare.update({element.tag: element for element in dcmread(path) if element.tag.group != 2})
        (tmp_path / "bare").mkdir(exist_ok=True)
        bare.save_as(
            tmp_path / "bare" / path.stem, implicit_vr=implicit, little_endian=little, enforce_file_format=False
        )
    got = open_image(tmp_path / "bare" / "s001")
    if little:
        np.testing.assert_array_equal(got.pixels[..., 0], values)
    assert got.info.shape == (3, 5, 6) and got.info.grid is not None


@pytest.mark.parametrize("start", [b"\x08\0\x05\0" + bytes(20), b"\x08\0" * 300, b"\x08\0\x05\0CS" + b"\xff" * 300])
def test_what_only_begins_a_little_like_dicom_is_none(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(start)
    with pytest.raises(UserError):
        open_image(path)


def test_dicom_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    for name in ("x.png", "x.txt", "IM00001", "1.2.3.4.5", "x"):
        assert sniff(write(tmp_path / name, dataset(noise(4, 4)))).id == "dicom"


ENCODERS: dict[str, tuple[str, Any]] = {
    "JPEG lossless": ("1.2.840.10008.1.2.4.57", imagecodecs.ljpeg_encode),
    "JPEG lossless SV1": ("1.2.840.10008.1.2.4.70", lambda values: imagecodecs.ljpeg_encode(values)),
    "HTJ2K lossless": ("1.2.840.10008.1.2.4.201", imagecodecs.htj2k_encode),
    "HTJ2K RPCL": ("1.2.840.10008.1.2.4.202", imagecodecs.htj2k_encode),
    "JPEG 2000": ("1.2.840.10008.1.2.4.90", lambda values: imagecodecs.jpeg2k_encode(values, reversible=True, codecformat="j2k")),
    "JPEG-LS": ("1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(
    ("dtype", "bits"), [(np.uint8, 8), (np.uint16, 12), (np.uint16, 16), (np.int16, 16), (np.int16, 12)]
)
def test_lossless_packing_gives_the_stored_numbers_back(name: str, dtype: Any, bits: int, tmp_path: Path) -> None:
    syntax, encode = ENCODERS[name]
    signed = dtype == np.int16
    values = noise(
        3, 20, 24, low=-(2 ** (bits - 1)) if signed else 0, high=2 ** (bits - 1) if signed else 2**bits, dtype=dtype
    )
    made = dataset(values, stored=bits, NumberOfFrames=3)
    if signed and name in ("JPEG 2000", "JPEG-LS") and bits == 12:
        pytest.skip("these encoders write the precision of the type, not that of the stored bits")
    plain = signed and "HTJ2K" not in name
    made.PixelData = encapsulate([encode((one.view(np.uint16) & (2**bits - 1)) if plain else one) for one in values])
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    made.file_meta.TransferSyntaxUID = UID(syntax)
    np.testing.assert_array_equal(open_image(write(tmp_path / "x.dcm", made)).pixels[..., 0], values)


def test_twelve_bits_of_lossy_jpeg_come_near(tmp_path: Path, shared_data: Path) -> None:
    lossy, plain = (open_image(shared_data / "dicom_nema_wg04" / f"MR1_{kind}.dcm").pixels for kind in ("JPLY", "UNC"))
    assert np.abs(lossy.astype(int) - plain).mean() < 12


def test_damage_is_told_as_what_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "x.dcm", dataset(noise(40, 40), **placed(0)))
    data = path.read_bytes()
    at = data.index(b"\xe0\x7f\x10\0")
    for name, part, word in (
        ("header.dcm", data[: at - 40], "ends before its pixels"),
        ("pixels.dcm", data[:-900], "missing"),
    ):
        (tmp_path / name).write_bytes(part)
        with pytest.raises(UserError) as caught:
            open_image(tmp_path / name)
        assert word in caught.value.why, name
    made = dcmread(path)
    made.PixelData, made.file_meta.TransferSyntaxUID = (
        encapsulate([b"\xff\xd8" + bytes(50)]),
        UID("1.2.840.10008.1.2.4.70"),
    )
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    with pytest.raises(UserError) as caught:
        open_image(write(tmp_path / "packed.dcm", made))
    assert "JPEG Lossless" in caught.value.why and "damaged" in caught.value.why


def test_a_secondary_picture_in_the_folder_is_no_slice(tmp_path: Path) -> None:
    first = series(tmp_path, noise(3, 5, 6))
    color = dataset(noise(5, 6, 3, dtype=np.uint8).reshape(5, 18)[:, :6], number=9, kind=CT, **placed(9))
    color.PhotometricInterpretation = "MONOCHROME1"
    write(tmp_path / "z.dcm", color)
    assert probe(first).shape[0] == 3 and ENHANCED["CT"] != CT
