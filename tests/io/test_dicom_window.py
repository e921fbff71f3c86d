"""The windows a DICOM file offers reach the menu as they are meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from segstudio.core.image import ImageInfo
from segstudio.io.dicom.window import windows_of
from segstudio.io.reading import probe


def lut(first: int, values: np.ndarray, name: str = "") -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(values), first, 16])
    item.add_new("LUTData", "OW", values.astype(np.uint16).tobytes())
    if name:
        item.LUTExplanation = name
    return item


def test_all_windows_come_with_their_names_in_their_order() -> None:
    header = Dataset()
    header.WindowCenter, header.WindowWidth = [40, 300, 7], [300, 1500, 0]
    header.WindowCenterWidthExplanation = ["SOFT", "BONE"]
    assert windows_of(header) == (("SOFT", -110.0, 190.0), ("BONE", -450.0, 1050.0)), "a width of 0 is none"
    header.WindowCenterWidthExplanation = "SOFT"
    assert windows_of(header)[1] == ("", -450.0, 1050.0)


@pytest.mark.parametrize("falling", [False, True])
def test_a_table_is_shown_as_the_window_of_its_slope(falling: bool) -> None:
    header = Dataset()
    ramp = np.concatenate([np.zeros(100), np.linspace(0, 4095, 200), np.full(212, 4095)])
    header.VOILUTSequence = [lut(-50, ramp[::-1] if falling else ramp, "NORMAL")]
    ((name, low, high),) = windows_of(header)
    start = 162 if falling else 50
    assert name == "NORMAL" and abs(low - start) < 8 and abs(high - start - 200) < 8


def test_damaged_tables_and_flat_ones_are_left_out() -> None:
    header = Dataset()
    header.VOILUTSequence = [lut(0, np.zeros(16)), lut(0, np.zeros(0)), Dataset()]
    assert windows_of(header) == ()


def test_the_files_windows_pass_through_the_project(shared_data: Path) -> None:
    path = next((shared_data / "ct_totalseg_dicom" / "series").iterdir())
    info = probe(path)
    assert info.windows == (("WINDOW1", -110.0, 190.0), ("WINDOW2", -450.0, 1050.0)) and info.window == (-110.0, 190.0)
    assert ImageInfo.from_json(info.to_json()).windows == info.windows
