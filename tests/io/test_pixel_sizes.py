"""How large the pixels of microscopy files are: what the file says, in its own units, and nothing made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

from segstudio.core.classes import ClassTable
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.reading import open_image, probe

MICROMETRES = {"nm": 1e-3, "µm": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
STACK = (3, 8, 10)


def sizes(info: ImageInfo) -> list[float] | None:
    """(slices, rows, columns) in micrometres."""
    return None if info.spacing is None else [float(f"{side * MICROMETRES[info.unit]:.6g}") for side in info.spacing]


def ome(folder: Path, axes: str = "ZYX", **metadata: Any) -> ImageInfo:
    shape = {"ZYX": STACK, "YX": STACK[1:], "TYX": STACK, "CYX": STACK, "CZYX": (2, *STACK)}[axes]
    tifffile.imwrite(folder / "a.ome.tif", np.zeros(shape, np.uint8), ome=True, metadata={"axes": axes, **metadata},
                     photometric="minisblack")  # fmt: skip
    return probe(folder / "a.ome.tif")


def size(z: Any, y: Any, x: Any, *units: str) -> dict[str, Any]:
    found = {f"PhysicalSize{axis}": value for axis, value in zip("ZYX", (z, y, x), strict=True) if value is not None}
    return found | {f"PhysicalSize{axis}Unit": unit for axis, unit in zip("ZYX", units, strict=False)}


@pytest.mark.parametrize(("metadata", "wanted"), [
    (size(0.4, 0.1625, 0.2), [0.4, 0.1625, 0.2]),
    (size(400, 162.5, 200, "nm", "nm", "nm"), [0.4, 0.1625, 0.2]),
    (size(4000, 0.0002, 0.00003, "Å", "mm", "cm"), [0.4, 0.2, 0.3]),
    (size(-0.4, 0.2, 0.2), [0.4, 0.2, 0.2]),
    (size(1, 1, 1, "m", "m", "m"), [1e6, 1e6, 1e6]),
    (size(0.0001, 0.001, 0.001, "inch", "inch", "inch"), [2.54, 25.4, 25.4]),
    (size(1, 1, 1, "pixel", "pixel", "pixel"), None),
    (size(1, 1, 1, "reference frame", "reference frame", "reference frame"), None),
    (size(1, 0, 0), None),
    (size(None, 0.3, 0.3), None),
    ({}, None),
])  # fmt: skip
def test_ome_xml_gives_each_axis_in_a_unit_of_its_own(
    tmp_path: Path, metadata: dict[str, Any], wanted: list[float] | None
) -> None:
    assert sizes(ome(tmp_path, **metadata)) == wanted


def test_one_plane_and_times_need_no_distance_of_slices(tmp_path: Path) -> None:
    for axes in ("YX", "TYX"):
        assert sizes(ome(tmp_path, axes, **size(None, 0.3, 0.2)))[1:] == [0.3, 0.2]  # type: ignore[index]


def test_a_stack_whose_distance_is_unknown_says_so(tmp_path: Path) -> None:
    assert any("no distance" in note for note in ome(tmp_path, **size(None, 0.3, 0.2)).notes)


def test_names_of_channels_are_those_of_the_file(tmp_path: Path) -> None:
    found = ome(tmp_path, "CZYX", Channel={"Name": ["DAPI", "GFP"]})
    assert (found.channel_names, found.shape) == (("DAPI", "GFP"), STACK)
    assert ome(tmp_path, "CYX", Channel={"Name": ["a", "", "c"]}).channel_names == ("a", "channel 2", "c")
    assert ome(tmp_path, "CZYX").channel_names == ("channel 1", "channel 2")


@pytest.mark.parametrize(("unit", "spacing", "wanted"), [
    ("um", 0.4, [0.4, 0.25, 0.25]),
    ("micron", 0.4, [0.4, 0.25, 0.25]),
    ("\\u00B5m", -0.4, [0.4, 0.25, 0.25]),
    ("nm", 400, [0.4, 0.00025, 0.00025]),
    ("mm", 0.4, [400, 250, 250]),
    ("inch", 0.1, [2540, 6350, 6350]),
    ("um", None, [1, 0.25, 0.25]),
    ("pixel", 1, None),
    ("pixels", 0.4, None),
    ("furlong", 1, None),
])  # fmt: skip
def test_imagej_says_pixels_per_unit(
    tmp_path: Path, unit: str, spacing: float | None, wanted: list[float] | None
) -> None:
    metadata = {"axes": "ZYX", "unit": unit} | ({} if spacing is None else {"spacing": spacing})
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(STACK, np.uint16), imagej=True, resolution=(4, 4), metadata=metadata)
    assert sizes(probe(tmp_path / "a.tif")) == wanted


@pytest.mark.parametrize(("description", "wanted"), [
    ("Aperio Image Library v11\n100x80|AppMag = 20|MPP = 0.4990|Left = 25.69", [0.499, 0.499]),
    ("Aperio Image Library v11\n100x80|AppMag = 20", None),
    ('<Attribute Name="DICOM_PIXEL_SPACING" PMSVR="IDoubleArray">"0.00025" "0.0005"</Attribute>', [0.25, 0.5]),
    ('<iScan Magnification="40" ScanRes="0.25" />', [0.25, 0.25]),
])  # fmt: skip
def test_slides_say_micrometres_per_pixel(tmp_path: Path, description: str, wanted: list[float] | None) -> None:
    tifffile.imwrite(tmp_path / "a.svs", np.zeros((8, 10, 3), np.uint8), description=description, metadata=None)
    found = sizes(probe(tmp_path / "a.svs"))
    assert (found and found[1:]) == wanted


def test_resolution_tags_know_nothing_of_z(tmp_path: Path) -> None:
    for values, wanted in ((np.zeros(STACK[1:], np.uint8), [100.0, 200.0]), (np.zeros(STACK, np.uint8), None)):
        tifffile.imwrite(tmp_path / "a.tif", values, resolution=(50, 100), resolutionunit="CENTIMETER", metadata=None,
                         photometric="minisblack")  # fmt: skip
        found = sizes(probe(tmp_path / "a.tif"))
        assert (found and found[1:]) == wanted
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(STACK[1:], np.uint8), resolution=(72, 72), resolutionunit="INCH")
    assert sizes(probe(tmp_path / "a.tif")) is None


def test_xml_that_could_do_harm_is_not_looked_at(tmp_path: Path) -> None:
    ome(tmp_path, "YX", **size(None, 0.3, 0.2))
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        text = str(file.ome_metadata)
    bomb = text.replace("<OME ", '<!DOCTYPE OME [<!ENTITY b "c">]><OME ', 1)
    assert bomb != text
    for said, wanted in ((text, [1, 0.3, 0.2]), (bomb, None)):
        tifffile.imwrite(
            tmp_path / "b.ome.tif", np.zeros(STACK[1:], np.uint8), description=said.encode(), metadata=None
        )
        assert sizes(open_image(tmp_path / "b.ome.tif").info) == wanted


# --- OME-Zarr ---------------------------------------------------------------------------------------------------------


def scale(*values: float) -> dict[str, Any]:
    return {"type": "scale", "scale": list(values)}


def shift(*values: float) -> dict[str, Any]:
    return {"type": "translation", "translation": list(values)}


def store(folder: Path, level: list[Any], whole: list[Any] = [], units: tuple[str, ...] = ("micrometer",) * 3,  # noqa: B006
          names: str = "zyx", version: str = "0.4", **more: Any) -> Path:  # fmt: skip
    """An image of one level; 0.5 and later keep their words in zarr.json."""
    old = version in ("0.3", "0.4")
    path = folder / "a.zarr"
    shape = tuple({"t": 2, "c": 2, "z": 3, "y": 8, "x": 10}[name] for name in names)
    group = zarr.open_group(str(path), mode="w", zarr_format=2 if old else 3)
    group.create_array("0", data=np.zeros(shape, np.uint8))
    space = [unit or None for unit in units]
    axes = [{"name": name, "type": {"t": "time", "c": "channel"}.get(name, "space")} for name in names]
    for axis, unit in zip(axes[-3:], space, strict=False):
        axis |= {"unit": unit} if unit else {}
    said = {"multiscales": [{"version": version, "axes": axes, "datasets": [
        {"path": "0", "coordinateTransformations": level}], "coordinateTransformations": whole, **more}]}  # fmt: skip
    if old:
        (path / ".zattrs").write_text(json.dumps(said))
    else:
        found = json.loads((path / "zarr.json").read_text())
        (path / "zarr.json").write_text(json.dumps(found | {"attributes": {"ome": {"version": version, **said}}}))
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize(("level", "whole", "units", "wanted"), [
    ([scale(0.5, 0.2, 0.3)], [], ("micrometer",) * 3, [0.5, 0.2, 0.3]),
    ([scale(1, 1, 1)], [scale(0.5, 0.2, 0.3)], ("micrometer",) * 3, [0.5, 0.2, 0.3]),
    ([scale(1, 2, 2), shift(3, 4, 5)], [scale(0.5, 0.1, 0.15)], ("micrometer",) * 3, [0.5, 0.2, 0.3]),
    ([scale(500, 0.2, 0.3)], [], ("nanometer", "micrometer", "micrometer"), [0.5, 0.2, 0.3]),
    ([scale(5000, 2000, 3000)], [], ("angstrom",) * 3, [0.5, 0.2, 0.3]),
    ([scale(1, 1, 1)], [], ("inch",) * 3, [25_400, 25_400, 25_400]),
    ([scale(1, 1, 1)], [], ("", "", ""), None),
    ([scale(1, 1, 1)], [], ("parsec",) * 3, None),
    ([scale(-0.5, 0.2, 0.3)], [], ("micrometer",) * 3, [0.5, 0.2, 0.3]),
])  # fmt: skip
def test_transformations_of_a_level_and_of_the_whole_multiply(
    tmp_path: Path, version: str, level: list[Any], whole: list[Any], units: tuple[str, ...], wanted: list[float] | None
) -> None:
    assert sizes(probe(store(tmp_path, level, whole, units, version=version))) == wanted


def test_channels_and_times_have_a_scale_of_their_own(tmp_path: Path) -> None:
    path = store(tmp_path, [scale(1, 1, 0.5, 0.2, 0.3)], [scale(60, 1, 1, 1, 1)], names="tczyx")
    assert sizes(probe(path)) == [0.5, 0.2, 0.3]


def test_transformations_that_are_not_understood_are_told_and_no_length_is_made_up(tmp_path: Path) -> None:
    for one in ({"type": "affine", "affine": [[1, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 1, 0]]}, {"type": "bijection"},
                {"type": "scale", "path": "factors"}):  # fmt: skip
        found = probe(store(tmp_path, [one]))
        assert found.spacing is None
        assert any("transformation" in note for note in found.notes)


def test_the_candidate_0_6_names_its_coordinate_systems(tmp_path: Path) -> None:
    axes = [
        {"name": name, "type": "space", "unit": unit}
        for name, unit in zip("zyx", ("nanometer", *["micrometer"] * 2), strict=True)
    ]
    more: dict[str, Any] = {"coordinateSystems": [{"name": "physical", "axes": axes}], "axes": None}
    level = {"type": "scale", "scale": [500, 0.2, 0.3], "input": "0", "output": "physical"}
    assert sizes(probe(store(tmp_path, [level], version="0.6", **more))) == [0.5, 0.2, 0.3]
    both = {
        "type": "sequence",
        "input": "0",
        "output": "physical",
        "transformations": [scale(1, 2, 2), scale(500, 0.1, 0.15), shift(0, 0, 1)],
    }
    assert sizes(probe(store(tmp_path, [both], version="0.6", **more))) == [0.5, 0.2, 0.3]
    assert sizes(probe(store(tmp_path, [{"type": "identity"}], version="0.6", **more))) == [0.001, 1, 1]


@pytest.mark.parametrize("name", ["0", "zooms"])
def test_a_root_of_series_opens_its_first_one(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root.zarr"
    zarr.open_group(str(root), mode="w", zarr_format=2)
    said: dict[str, Any] = {"bioformats2raw.layout": 3}
    store(root, [scale(0.5, 0.2, 0.3)]).rename(root / name)
    if name != "0":
        (root / "OME").mkdir()
        (root / "OME" / ".zattrs").write_text(json.dumps({"series": [name]}))
    (root / ".zattrs").write_text(json.dumps(said))
    found = open_image(root)
    assert (sizes(found.info), found.pixels.shape) == ([0.5, 0.2, 0.3], (3, 8, 10, 1))
    assert any("series" in note for note in found.info.notes)


def test_a_root_of_a_plate_says_what_it_is(tmp_path: Path) -> None:
    root = tmp_path / "plate.zarr"
    zarr.open_group(str(root), mode="w", zarr_format=2)
    (root / ".zattrs").write_text(json.dumps({"plate": {"wells": [{"path": "A/1"}]}}))
    with pytest.raises(UserError, match="could not be opened") as caught:
        probe(root)
    assert "plate" in caught.value.sentence


def test_a_mask_of_an_image_that_begins_elsewhere_lies_on_it(tmp_path: Path) -> None:
    path = store(tmp_path, [scale(1, 2, 2), shift(3, 4, 5)], [scale(0.5, 0.1, 0.1)])
    info = probe(path)
    table = ClassTable()
    table.add("cell")
    subject = Subject("a.zarr", "out", path, info, table, lambda box: np.ones((box.height, box.width), np.uint8))
    (made,) = export_format("ome-zarr").load()([subject], tmp_path)
    said = json.loads((made / "labels" / "masks" / ".zattrs").read_text())["multiscales"][0]
    first, second = said["datasets"][0]["coordinateTransformations"]
    np.testing.assert_allclose(first["scale"], [0.5, 0.2, 0.2])
    np.testing.assert_allclose(second["translation"], [1.5, 0.4, 0.5])
    assert {axis["unit"] for axis in said["axes"]} == {"micrometer"}
