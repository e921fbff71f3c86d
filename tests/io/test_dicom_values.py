"""The values of DICOM images are those that the file means, frame by frame: pydicom and highdicom are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels import apply_modality_lut

from segstudio.cli.info import describe
from segstudio.core.image import unmeasured
from segstudio.io.reading import Reading, open_image, probe
from tests.io.dicom_files import DX, PET, dataset, enhanced, item, noise, placed, rescale, series, write


def opened(path: Path) -> Reading:
    """An image whose header alone promises what its pixels keep."""
    reading, header = open_image(path), probe(path)
    assert (header.dtype, header.nodata, header.window) == (
        reading.info.dtype,
        reading.info.nodata,
        reading.info.window,
    )
    return reading


def missing(reading: Reading) -> NDArray[np.bool_]:
    return np.stack([unmeasured(one, reading.info.nodata) for one in reading.pixels])


SLOPES = {
    "one slope": ((2.0,) * 4, (-1000,) * 4),
    "whole slopes": ((1, 2, 40, 3), (0, -5, 7, 0)),
    "a blank slice first": ((1.0, 0.37, 12.5, 900.1), (0, 0, 0, 0)),
    "fractions last": ((3, 1, 1, 0.004), (0, 0, 0, 0)),
    "intercepts alone": ((1, 1, 1, 1), (0, -1024, -1024, 30_000)),
    "falling": ((-1, -2, 0.5, 1), (100, 0, 0, 0)),
}


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.uint8])
def test_each_slice_of_a_series_has_the_values_of_its_own_rescale(name: str, dtype: Any, tmp_path: Path) -> None:
    slopes, intercepts = (np.array(values, float) for values in SLOPES[name])
    info = np.iinfo(dtype)
    stored = noise(4, 6, 7, low=info.min, high=info.max + 1, dtype=dtype)
    series(tmp_path, stored, each=lambda z: {"RescaleSlope": f"{slopes[z]:g}", "RescaleIntercept": f"{intercepts[z]:g}"},
           kind=PET, modality="PT")  # fmt: skip
    truth = stored * slopes[:, None, None] + intercepts[:, None, None]
    readings = [opened(path) for path in sorted(tmp_path.iterdir())]
    for reading in readings:
        np.testing.assert_allclose(reading.pixels[..., 0], truth, rtol=1e-6)
        assert reading.info == readings[0].info, "whichever file opens it"
    assert np.issubdtype(readings[0].pixels.dtype, np.integer) == all(slope.is_integer() for slope in slopes)


def test_slices_without_a_rescale_stand_beside_those_with_one(tmp_path: Path) -> None:
    stored = noise(3, 5, 5, high=60_000)
    first = series(
        tmp_path, stored, each=lambda z: {} if z == 1 else {"RescaleSlope": "1", "RescaleIntercept": "-1024"}
    )
    np.testing.assert_array_equal(opened(first).pixels[..., 0], stored - np.array([1024.0, 0, 1024])[:, None, None])


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
@pytest.mark.parametrize("reverse", [False, True], ids=["feet first", "head first"])
@pytest.mark.parametrize("apart", [False, True], ids=["shared", "each frame"])
def test_frames_of_an_enhanced_object_have_highdicoms_values(
    modality: str, reverse: bool, apart: bool, tmp_path: Path
) -> None:
    stored, slopes = noise(5, 6, 7, high=4000), (0.25, 1.0, 3.5, 2.0, 0.125)
    heights = [3.0 * z for z in range(5)]
    path = enhanced(tmp_path / "e.dcm", stored, heights[::-1] if reverse else heights, modality=modality,
                    **({"each": lambda z: rescale(slopes[z], -7)} if apart else {"shared": rescale(2, -1024)}))  # fmt: skip
    told = highdicom.imread(path).get_frames(apply_modality_transform=True)
    reading = opened(path)
    np.testing.assert_allclose(reading.pixels[..., 0], told[::-1] if reverse else told, rtol=1e-6)
    assert reading.info.grid is not None and reading.info.grid.world(0, 0, 0) == (-20, -16, 0)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_display_window_is_that_of_the_frame_shown_first(reverse: bool, tmp_path: Path) -> None:
    def window(frame: int) -> dict[str, Any]:
        return {"FrameVOILUTSequence": [item(WindowCenter=f"{100 * frame + 50}", WindowWidth="20")]}

    path = enhanced(tmp_path / "e.dcm", noise(3, 4, 4), [9, 6, 3] if reverse else [3, 6, 9], each=window)
    middle = 250 if reverse else 50
    assert opened(path).info.window == (middle - 10, middle + 10)


def test_the_display_window_of_a_series_is_that_of_its_first_slice(tmp_path: Path) -> None:
    series(tmp_path, noise(3, 4, 4), each=lambda z: {"WindowCenter": f"{z}00", "WindowWidth": "10"})
    assert {opened(path).info.window for path in tmp_path.iterdir()} == {(-5.0, 5.0)}


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.uint8])
@pytest.mark.parametrize("first", [-300, 0, 40])
def test_a_modality_lut_gives_what_its_table_says(bits: int, dtype: Any, first: int, tmp_path: Path) -> None:
    if first < 0 and dtype != np.int16:
        first = 3
    table = np.linspace(0, 2**bits - 1, 500).astype(np.uint16)
    lut = item(ModalityLUTType="US")
    lut.add_new("LUTDescriptor", "SS" if dtype == np.int16 else "US", [len(table), first, bits])
    lut.add_new("LUTData", "US", table.tolist())
    info = np.iinfo(dtype)
    stored = noise(9, 8, low=max(info.min, -900), high=min(info.max, 900), dtype=dtype)
    path = write(tmp_path / "l.dcm", dataset(stored, ModalityLUTSequence=[lut], **placed(0)))
    want = table[np.clip(stored.astype(int) - first, 0, 499)]
    if bits != 12:
        made = dcmread(path)
        np.testing.assert_array_equal(apply_modality_lut(made.pixel_array.astype(np.int32), made), want)
    np.testing.assert_array_equal(opened(path).pixels[0, ..., 0], want)


def test_a_dose_is_scaled_to_grays(tmp_path: Path) -> None:
    stored = noise(3, 4, 5, dtype=np.uint16)
    made = dataset(stored, kind="1.2.840.10008.5.1.4.1.1.481.2", modality="RTDOSE", NumberOfFrames=3,
                   DoseGridScaling="0.0035", GridFrameOffsetVector=[0, 2.5, 5], **placed(10))  # fmt: skip
    reading = opened(write(tmp_path / "d.dcm", made))
    np.testing.assert_allclose(reading.pixels[..., 0], stored * 0.0035, rtol=1e-6)
    assert reading.info.grid is not None and reading.info.grid.world(2, 0, 0) == (-9, -8, 15)


PADDINGS = {
    # stored type, bits stored, elements, which stored numbers are padding
    "a value": (np.uint16, 12, {"PixelPaddingValue": 4095}, lambda v: v == 4095),
    "the lowest value": (np.uint16, 12, {"PixelPaddingValue": 0}, lambda v: v == 0),
    "a range": (np.uint16, 12, {"PixelPaddingValue": 4095, "PixelPaddingRangeLimit": 4000}, lambda v: v >= 4000),
    "a range from below": (np.uint16, 16, {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 9}, lambda v: v <= 9),
    "a signed value": (np.int16, 16, {"PixelPaddingValue": -2000}, lambda v: v == -2000),
    "a signed range": (np.int16, 16, {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1990}, lambda v: v <= -1990),
    "a rescaled value": (np.int16, 16, {"PixelPaddingValue": -2000, "RescaleSlope": "1", "RescaleIntercept": "-24"},
                         lambda v: v == -2000),
    "a fraction": (np.uint16, 16, {"PixelPaddingValue": 7, "RescaleSlope": "0.37", "RescaleIntercept": "1.5"},
                   lambda v: v == 7),
}  # fmt: skip


@pytest.mark.parametrize("name", PADDINGS)
@pytest.mark.parametrize("dark", [False, True], ids=["MONOCHROME2", "MONOCHROME1"])
def test_exactly_what_is_padding_is_not_measured(name: str, dark: bool, tmp_path: Path) -> None:
    dtype, bits, elements, padding = PADDINGS[name]
    low = -2000 if np.dtype(dtype).kind == "i" else 0
    stored = noise(40, 50, low=low, high=low + 4096, dtype=dtype)
    stored[:4], stored[4:8], stored[8, :9] = low, low + 4095, [low + one for one in range(9)]
    kind = {"PhotometricInterpretation": "MONOCHROME1"} if dark else {}
    path = write(tmp_path / "p.dcm", dataset(stored, stored=bits, kind=DX, modality="DX", **elements, **kind))
    assert padding(stored).any()
    np.testing.assert_array_equal(missing(opened(path))[0], padding(stored))


@pytest.mark.parametrize("dark", [False, True])
def test_padding_stays_apart_where_slices_or_tables_give_others_its_value(dark: bool, tmp_path: Path) -> None:
    stored = noise(3, 20, 20, low=0, high=10)
    kind = {"PhotometricInterpretation": "MONOCHROME1"} if dark else {}
    first = series(tmp_path / "slopes", stored, each=lambda z: {"RescaleSlope": f"{z + 1}", "RescaleIntercept": "0"},
                   PixelPaddingValue=6, **kind)  # fmt: skip
    np.testing.assert_array_equal(missing(opened(first)), stored == 6)
    first = series(tmp_path / "values", stored, each=lambda z: {"PixelPaddingValue": z}, **kind)
    np.testing.assert_array_equal(missing(opened(first)), stored == np.arange(3)[:, None, None])
    lut = item(ModalityLUTType="US")
    lut.add_new("LUTDescriptor", "US", [4, 3, 16])
    lut.add_new("LUTData", "US", [0, 5, 5, 65535])
    path = write(tmp_path / "lut" / "l.dcm", dataset(stored[0], ModalityLUTSequence=[lut], PixelPaddingValue=4, **kind))
    np.testing.assert_array_equal(missing(opened(path))[0], stored[0] == 4)


def test_padding_that_is_written_without_its_sign_is_known(tmp_path: Path) -> None:
    stored = noise(10, 10, low=-2000, high=-1990, dtype=np.int16)
    made = dataset(stored, **placed(0))
    made.add_new("PixelPaddingValue", "US", 63536)
    np.testing.assert_array_equal(missing(opened(write(tmp_path / "p.dcm", made)))[0], stored == -2000)


def test_high_means_dark_is_turned_over_after_the_rescale_in_every_slice(tmp_path: Path) -> None:
    stored = noise(2, 5, 6, high=4096)
    first = series(tmp_path, stored, each=lambda z: {"RescaleSlope": f"{z + 1}", "RescaleIntercept": "-100"}, stored=12,
                   PhotometricInterpretation="MONOCHROME1", WindowCenter="200", WindowWidth="100")  # fmt: skip
    values = stored * np.array([1, 2])[:, None, None] - 100.0
    reading = opened(first)
    np.testing.assert_array_equal(reading.pixels[..., 0], -100 + 4095 * 2 - 100 - values)
    assert reading.info.window == (7990 - 250, 7990 - 150)


UNITS: dict[str, tuple[dict[str, Any], str]] = {
    "a CT with a rescale": ({"RescaleSlope": "1", "RescaleIntercept": "-1024"}, "HU"),
    "a CT without": ({}, ""),
    "its type": ({"RescaleSlope": "1", "RescaleIntercept": "0", "RescaleType": "HU"}, "HU"),
    "unspecified": ({"RescaleSlope": "2", "RescaleIntercept": "0", "RescaleType": "US"}, ""),
    "a PET": ({"Modality": "PT", "Units": "BQML", "RescaleSlope": "2", "RescaleIntercept": "0"}, "Bq/mL"),
    "a dose": ({"Modality": "RTDOSE", "DoseUnits": "GY", "DoseGridScaling": "0.1"}, "Gy"),
    "its own": ({"RescaleSlope": "1", "RescaleIntercept": "0", "RescaleType": "ED"}, "ED"),
}


@pytest.mark.parametrize("name", UNITS)
def test_values_have_the_unit_that_the_file_says(name: str, tmp_path: Path) -> None:
    elements, unit = UNITS[name]
    info = opened(write(tmp_path / "u.dcm", dataset(noise(4, 5), **placed(0), **elements))).info
    assert info.value_unit == unit and type(info).from_json(info.to_json()) == info


def test_the_command_tells_unit_range_and_how_it_lies(tmp_path: Path) -> None:
    path = series(tmp_path, noise(3, 5, 6), RescaleSlope="1", RescaleIntercept="-1024")
    text = describe(str(path), open_image(path).info)
    for words in (
        "6 x 5 pixels, 3 slices",
        "HU",
        "columns run to L, rows to P, slices to S",
        "slices 3 mm apart",
        "series of 3",
    ):
        assert words in text
