"""Masks come in as class ids and go out as indexed PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFilter

from segstudio.core.classes import ClassTable
from segstudio.errors import UserError
from segstudio.io.masks.mask_file import NOTHING_COLOR, read_mask, write_indexed_png


def _disk() -> np.ndarray:
    rows, columns = np.mgrid[:64, :64]
    return ((rows - 30) ** 2 + (columns - 34) ** 2 < 400).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "gif", "tif", "bmp"])
@pytest.mark.parametrize("high", [1, 255, 90])
def test_two_values_are_two_classes_in_every_format(tmp_path: Path, suffix: str, high: int):
    path = tmp_path / f"mask.{suffix}"
    Image.fromarray(_disk() * np.uint8(high)).save(path)
    np.testing.assert_array_equal(read_mask(path), _disk())
    np.testing.assert_array_equal(read_mask(path, invert=True), 1 - _disk())


def test_one_bit_and_16_bit_masks_are_read(tmp_path: Path):
    Image.fromarray(_disk() * np.uint8(255)).convert("1").save(tmp_path / "one.png")
    tifffile.imwrite(tmp_path / "deep.tif", _disk().astype(np.uint16) * 65_535)
    np.testing.assert_array_equal(read_mask(tmp_path / "one.png"), _disk())
    np.testing.assert_array_equal(read_mask(tmp_path / "deep.tif"), _disk())


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_soft_edges_are_cut_at_the_middle(tmp_path: Path, suffix: str):
    soft = Image.fromarray(_disk() * np.uint8(255)).filter(ImageFilter.BoxBlur(1))
    soft.save(tmp_path / f"soft.{suffix}")
    assert (read_mask(tmp_path / f"soft.{suffix}") != _disk()).mean() < 0.01


def test_two_classes_and_nothing_known(tmp_path: Path) -> None:
    ids = np.array([[0, 1, 1], [255, 0, 255]], np.uint8)
    Image.fromarray(ids).save(tmp_path / "known.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "known.png"), ids)


@pytest.mark.parametrize(("value", "wanted"), [(0, 0), (1, 1), (255, 1)])
def test_a_mask_of_one_value_is_empty_or_full(tmp_path: Path, value: int, wanted: int):
    Image.new("L", (5, 4), value).save(tmp_path / "mask.png")
    assert (read_mask(tmp_path / "mask.png") == wanted).all()


def test_palette_masks_are_read_by_index_and_not_by_colour(tmp_path: Path):
    ids = np.array([[0, 1, 2], [2, 255, 0]], np.uint8)
    image = Image.fromarray(ids)
    image.putpalette([7, 7, 7, 7, 7, 7, 200, 0, 0] + 759 * [9])
    image.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", classes=3), ids)


def test_colours_are_mapped_to_classes_and_others_to_nothing(tmp_path: Path):
    colors = np.array([[[0, 0, 0], [255, 0, 0]], [[0, 0, 255], [1, 2, 3]]], np.uint8)
    Image.fromarray(colors).save(tmp_path / "mask.png")
    found = read_mask(tmp_path / "mask.png", classes=3, colors={(0, 0, 0): 0, (255, 0, 0): 1, (0, 0, 255): 2})
    np.testing.assert_array_equal(found, [[0, 1], [2, 255]])


@pytest.mark.parametrize(("values", "classes", "words"), [
    (np.array([[0, 1, 7]], np.uint8), 3, "holds the values 7"),
    (np.array([[0, 1, 2, 3]], np.uint8), 2, "4 different values up to 3"),
    (np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8), 2, "colour picture"),
])  # fmt: skip
def test_files_that_are_no_mask_of_the_classes_are_refused(
    tmp_path: Path, values: np.ndarray, classes: int, words: str
):
    Image.fromarray(values).save(tmp_path / "mask.png")
    with pytest.raises(UserError) as caught:
        read_mask(tmp_path / "mask.png", classes=classes)
    assert words in caught.value.sentence


def test_stacks_and_missing_numbers_are_no_masks(tmp_path: Path):
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((3, 8, 8), np.uint8), photometric="minisblack")
    tifffile.imwrite(tmp_path / "nan.tif", np.full((8, 8), np.nan, np.float32))
    for name, words in (("stack.tif", "3 slices"), ("nan.tif", "not numbers")):
        with pytest.raises(UserError) as caught:
            read_mask(tmp_path / name)
        assert words in caught.value.sentence


def test_harmful_files_are_refused_as_masks_too(hostile: Path, refused: tuple[str, str]):
    with pytest.raises(UserError) as caught:
        read_mask(hostile / refused[0])
    assert refused[1] in caught.value.why


def test_real_masks_have_the_values_of_their_data_sets(shared_data: Path):
    em = sorted((shared_data / "isbi2012_em" / "train" / "label").glob("*.png"))[0]
    assert set(np.unique(read_mask(em))) == {0, 1}
    vessels = sorted((shared_data / "drive" / "training" / "1st_manual").glob("*.gif"))[0]
    assert 0.05 < read_mask(vessels).mean() < 0.2
    road = sorted((shared_data / "camvid" / "valannot").glob("*.png"))[0]
    with Image.open(road) as image:
        np.testing.assert_array_equal(read_mask(road, classes=12), np.asarray(image))


def test_written_masks_read_back_by_us_and_by_pillow_with_class_colours(tmp_path: Path):
    classes = ClassTable()
    classes.add("Cell", "#ff8000")
    ids = np.array([[0, 1, 1], [255, 0, 200]], np.uint8)
    write_indexed_png(tmp_path / "a.png", ids, classes)
    write_indexed_png(tmp_path / "b.png", ids, classes)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", classes=254), ids)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        assert not image.info
        np.testing.assert_array_equal(np.asarray(image), ids)
        shown = np.asarray(image.convert("RGB"))
    assert tuple(shown[0, 1]) == (255, 128, 0)
    assert tuple(shown[1, 0]) == NOTHING_COLOR
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]
