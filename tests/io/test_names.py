"""Images of one name in several folders: their mask files, and the words about them, are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.document import Document
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exporting import prepare
from segstudio.io.masks.exports.table import EXPORTS
from segstudio.io.masks.imports.table import import_format
from segstudio.io.masks.names import ImageName, files_of, names_of

PICTURE = ImageInfo("PNG", (1, 40, 60), 1, ("grey",), "uint8")


@pytest.mark.parametrize(
    ("paths", "names", "stems"),
    [
        (["/d/a.png", "/d/b.png"], ["a.png", "b.png"], ["a", "b"]),
        (["/d/n/1.png", "/d/s/1.png"], ["n/1.png", "s/1.png"], ["n_1", "s_1"]),
        (["C:\\d\\n\\1.png", "C:\\d\\s\\1.png"], ["n/1.png", "s/1.png"], ["n_1", "s_1"]),
        (["/x/p/1.png", "/y/p/1.png"], ["x/p/1.png", "y/p/1.png"], ["x_p_1", "y_p_1"]),
        (["d/a.png", "d/a.tif"], ["a.png", "a.tif"], ["a_png", "a_tif"]),
        (["1.png", "n/1.png"], ["1.png", "n/1.png"], ["1", "n_1"]),
        (["d/A.png", "e/a.png"], ["d/A.png", "e/a.png"], ["d_A", "e_a"]),
    ],
)
def test_a_name_has_as_many_folders_as_tell_it_from_the_others(
    paths: list[str], names: list[str], stems: list[str]
) -> None:
    found = names_of(paths)
    assert [str(one) for one in found] == names
    assert [one.stem for one in found] == stems
    again = names_of(list(reversed(paths)))
    assert [str(one) for one in reversed(again)] == names, "the order of the images does not matter"


@pytest.mark.parametrize("paths", [["n_1.png", "n/1.png", "s/1.png"], ["a/1.png"] * 3, ["", "/", "."]])
def test_no_two_images_have_one_name_whatever_they_are_called(paths: list[str]) -> None:
    found = names_of(paths)
    assert len({one.lower() for one in found}) == len({one.stem.lower() for one in found}) == 3


def test_a_file_with_more_folders_in_its_name_is_found_and_one_that_may_be_anothers_is_not(tmp_path: Path) -> None:
    north, south = names_of(["/d/north/1.png", "/d/south/1.png"])
    for name in ("1.json", "south_1.json", "d_north_1.json"):
        (tmp_path / name).write_text("{}")
    assert [one.name for one in files_of(tmp_path, north, 1, (".json",))] == ["d_north_1.json"]
    assert [one.name for one in files_of(tmp_path, south, 1, (".json",))] == ["south_1.json"]
    (alone,) = names_of(["/e/north/1.png"])
    assert [one.name for one in files_of(tmp_path, alone, 1, (".json",))] == ["1.json"]
    assert north.shared_with("1.png") == 0 and north.shared_with("north/1.png") == 2
    assert ImageName.of("1.png").shared_with("any/1.png") == 1


def two_of_one_name(form: str) -> tuple[Document, list[np.ndarray]]:
    """Two images called 1.png, with a square of class 1 in the first and of class 2 in the second."""
    document, masks = Document(), []
    document.change_classes("Name", lambda table: [table.add(name) for name in ("cat", "dog") if len(table) < 3])
    for number, folder in enumerate(("north", "south")):
        entry = document.add_image(f"/d/{folder}/1.png", "", PICTURE)
        mask = np.zeros(PICTURE.shape, np.uint8)
        mask[0, 5 + 20 * number : 15 + 20 * number, 10:20] = number + 1
        writer = document.begin_edit(entry.id, 1, "Paint", tool="brush")
        writer.put(0, 0, 0, mask[0])
        document.finish_edit(writer)
        masks.append(mask)
    return document, masks


NOT_OF_PICTURES = {"csv", "dicom-seg", "dicom-seg-deidentified", "rtstruct"}
PICTURES = [row.id for row in EXPORTS if not row.frame and row.id not in NOT_OF_PICTURES]
"""Formats that hold masks of any picture."""


@pytest.mark.parametrize("form", PICTURES)
def test_what_is_written_of_two_images_of_one_name_is_found_again(form: str, tmp_path: Path) -> None:
    document, masks = two_of_one_name(form)
    ready = prepare(document, form=form)
    written = ready.write(tmp_path)
    assert len(set(written)) == len(written)
    assert dict(ready.renamed()) == {"north/1.png": "north_1", "south/1.png": "south_1"}
    if form == "ome-zarr":
        return
    place = tmp_path / "annotations.json" if form == "coco" else tmp_path
    for name, mask in zip(names_of(["/d/north/1.png", "/d/south/1.png"]), masks, strict=True):
        labels = import_format(form).load()(place, name, PICTURE)
        assert labels is not None, name
        titles = {one.id: one.name or ("", "cat", "dog")[one.id] for one in labels.classes if one.id}
        for number, title in enumerate(("cat", "dog"), 1):
            own = [value for value, known in titles.items() if known == title]
            assert np.array_equal(np.isin(labels.mask, own), mask == number), (name, title)


def test_an_export_says_which_images_it_wrote_and_which_not(tmp_path: Path) -> None:
    document, _ = two_of_one_name("png")
    document.add_image("/d/south/2.png", "", PICTURE)
    ready = prepare(document, form="png")
    text = ready.summary(ready.write(tmp_path), tmp_path)
    assert "2 files" in text and "for north/1.png, south/1.png." in text
    assert text.endswith("Not written: 2.png (there is no mask yet).")


def test_an_image_that_a_format_cannot_hold_does_not_keep_the_others_from_being_written(tmp_path: Path) -> None:
    from segstudio.core.grid import Grid

    document, _ = two_of_one_name("geotiff")
    place = Grid.of("map", np.diag([2.0, -2.0, 1, 1]))
    document.images[1].info = ImageInfo("TIFF", (1, 40, 60), 1, ("grey",), "uint8", grid=place)
    ready = prepare(document, form="geotiff")
    assert [path.name for path in ready.write(tmp_path)] == ["north_1.tif"]
    assert [name for name, _ in ready.left_out] == ["south/1.png"]
    document.images[1].info = PICTURE
    with pytest.raises(UserError, match="cannot be exported as GeoTIFF"):
        prepare(document, form="geotiff")
