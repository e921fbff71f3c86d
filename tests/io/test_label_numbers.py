"""Which class each number of a mask file is: alike in every format that holds numbers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
import tifffile
from PIL import Image

from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.importing import apply, format_of
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.imports.table import import_format
from segstudio.io.masks.mask_file import read_mask
from segstudio.io.masks.numbering import distinct, numbering
from segstudio.io.reading import probe

SHAPE = (12, 14)


def few_bits(path: Path, values: np.ndarray, bits: int) -> None:
    """A grey PNG with 1, 2 or 4 bits for each sample."""

    def chunk(kind: bytes, raw: bytes) -> bytes:
        return struct.pack(">I", len(raw)) + kind + raw + struct.pack(">I", zlib.crc32(kind + raw))

    lines = b"".join(
        b"\0" + np.packbits(np.unpackbits(row[:, None].astype(np.uint8), axis=1)[:, 8 - bits :].ravel()).tobytes()
        for row in values
    )
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    )


def as_nifti(path: Path, values: np.ndarray) -> None:
    nibabel.save(nibabel.Nifti1Image(values.T[:, :, None], np.diag([1.0, 1, 4, 1])), path)


def as_itk(path: Path, values: np.ndarray) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values[None]), str(path))


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {
    "mask.nii.gz": as_nifti,
    "mask.nrrd": as_itk,
    "mask.mha": as_itk,
    "mask.png": lambda path, values: Image.fromarray(values).save(path),
    "mask.tif": lambda path, values: tifffile.imwrite(path, values, photometric="minisblack"),
    "white.tif": lambda path, values: tifffile.imwrite(path, values, photometric="miniswhite"),
    "mask.npy": lambda path, values: np.save(path, values),
}
"""Files that hold the numbers of (rows, columns), whatever the format says of showing them."""


def labels_of(path: Path) -> Labels:
    """What the file says of an image of one slice that says nothing of a place."""
    info = ImageInfo("PNG", (1, *SHAPE), 1, ("grey",), "uint8")
    found = import_format(format_of(path)).load()(path, "mask.png", info)
    assert found is not None
    return found


def picture(*values: int, dtype: str = "uint8") -> np.ndarray:
    """0, with a row of each of these numbers."""
    out = np.zeros(SHAPE, dtype)
    for row, value in enumerate(values):
        out[2 * row] = value
    return out


def rows_of(found: Labels, count: int) -> list[int]:
    return [int(found.mask[0, 2 * row, 0]) for row in range(count)]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(("values", "dtype", "wanted"), [
    ((1, 2, 3), "uint8", [1, 2, 3]),
    ((3, 9, 254), "uint8", [3, 9, 254]),
    ((1, 255), "uint8", [1, 255]),
    ((255,), "uint8", [1]),
    ((65_535,), "uint16", [1]),
    ((7, 300), "uint16", [7, 1]),
    ((17, 1012, 2035), "uint16", [17, 1, 2]),
    ((255, 256, 65_535), "uint16", [1, 2, 3]),
    ((1, 255), "uint16", [1, 255]),
])  # fmt: skip
def test_numbers_mean_the_same_in_every_format(
    tmp_path: Path, name: str, values: tuple[int, ...], dtype: str, wanted: list[int]
) -> None:
    WRITERS[name](tmp_path / name, picture(*values, dtype=dtype))
    found = labels_of(tmp_path / name)
    assert rows_of(found, len(values)) == wanted
    assert found.mask[0, -1, 0] == 0
    names = {one.id: one.name for one in found.classes}
    assert all(
        names[new] == str(old) for old, new in zip(values, wanted, strict=True) if new != old and len(values) > 1
    )
    assert bool(found.notes) == (wanted != list(values) or 255 in wanted)


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd", "mask.mha", "mask.tif", "mask.npy"])
@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_signed_numbers_and_floats_are_ids_too_and_minus_one_is_not_labelled(
    tmp_path: Path, name: str, dtype: str
) -> None:
    WRITERS[name](tmp_path / name, picture(3, -1, dtype=dtype))
    assert rows_of(labels_of(tmp_path / name), 2) == [3, 255]


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd", "mask.mha", "mask.tif", "mask.npy"])
def test_fractions_and_negative_numbers_are_refused_for_what_they_are(tmp_path: Path, name: str) -> None:
    for values, word in ((picture(1, dtype="float32") * np.float32(0.4), "0.4"), (picture(-7, dtype="int16"), "-7")):
        WRITERS[name](tmp_path / name, values)
        with pytest.raises(UserError) as caught:
            labels_of(tmp_path / name)
        assert word in caught.value.sentence
        assert "colour" not in caught.value.sentence


def test_cells_beyond_254_are_objects_of_one_class_and_the_import_says_so(tmp_path: Path) -> None:
    cells = np.zeros(SHAPE[0] * SHAPE[1], np.uint32)
    cells[:160] = np.arange(1, 161)
    few = numbering(distinct(cells).tolist())
    assert few.of(cells).max() == 160
    many = np.arange(300, dtype=np.uint32) * 1000
    found = numbering(distinct(many).tolist())
    assert found.of(many).tolist() == [0] + [1] * 299
    assert "299" in found.note


def test_labels_of_a_full_run_keep_255_as_one_of_them() -> None:
    found = numbering([0, 2, 251, 252, 253, 254, 255])
    assert found.of(np.array([255, 254, 2])).tolist() == [1, 254, 2]
    assert found.names == {1: "255"}


def test_nothing_wraps_round_even_where_numbers_are_huge() -> None:
    values = np.array([0, 1, 2**31, 2**40, 2**63], np.uint64)
    assert numbering(distinct(values).tolist()).of(values).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_png_of_few_bits_holds_the_ids_that_are_stored(tmp_path: Path, bits: int) -> None:
    top = 2**bits - 1
    ids = picture(*range(1, min(top, 5) + 1), top)
    few_bits(tmp_path / "a.png", ids, bits)
    np.testing.assert_array_equal(labels_of(tmp_path / "a.png").mask[0], ids)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", classes=top + 1), ids)
    assert probe(tmp_path / "a.png").dtype == "uint8"


@pytest.mark.parametrize(("name", "write"), [
    ("byte.png", lambda path, mask: Image.fromarray(mask * np.uint8(255)).save(path)),
    ("bit.png", lambda path, mask: Image.fromarray(mask.astype(bool)).save(path)),
    ("colour.png", lambda path, mask: Image.fromarray(np.stack([mask * np.uint8(255)] * 3, -1)).save(path)),
    ("palette.png", lambda path, mask: Image.fromarray(mask * np.uint8(255)).convert("P").save(path)),
    ("bit.tif", lambda path, mask: Image.fromarray(mask.astype(bool)).save(path)),
    ("bool.tif", lambda path, mask: tifffile.imwrite(path, mask.astype(bool))),
    ("inverted.tif", lambda path, mask: tifffile.imwrite(path, mask * np.uint8(255), photometric="miniswhite")),
    ("byte.tif", lambda path, mask: tifffile.imwrite(path, mask * np.uint8(255))),
    ("float.tif", lambda path, mask: tifffile.imwrite(path, mask.astype(np.float32) * 255)),
    ("bool.npy", lambda path, mask: np.save(path, mask.astype(bool))),
    ("byte.npy", lambda path, mask: np.save(path, mask * np.uint8(255))),
])  # fmt: skip
def test_black_and_white_is_one_object_for_import_training_and_scores(
    tmp_path: Path, name: str, write: Callable[[Path, np.ndarray], None]
) -> None:
    mask = picture(1, 0, 1)
    write(tmp_path / name, mask)
    np.testing.assert_array_equal(labels_of(tmp_path / name).mask[0], mask)
    np.testing.assert_array_equal(read_mask(tmp_path / name), mask)
    np.testing.assert_array_equal(read_mask(tmp_path / name, classes=3, white=True), mask)


def test_a_palette_that_gives_255_a_colour_of_its_own_says_that_it_is_not_white(tmp_path: Path) -> None:
    made = Image.fromarray(picture(255), "L").copy()
    made.putpalette([0, 0, 0, 255, 0, 0, *([9] * 759), 64, 0, 64])
    made.save(tmp_path / "a.png")
    assert set(np.unique(labels_of(tmp_path / "a.png").mask)) == {0, 255}


def test_the_number_to_ignore_is_one_of_the_file(tmp_path: Path) -> None:
    for values, ignore, wanted in (
        (picture(255), 255, {0, 255}),
        (picture(128, 255), 128, {0, 1, 255}),
        (picture(1, 7), 7, {0, 1, 255}),
        (picture(1, 2), 2, {0, 1, 255}),
    ):
        Image.fromarray(values).save(tmp_path / "a.png")
        found = read_mask(tmp_path / "a.png", ignore=ignore)
        assert set(np.unique(found)) == wanted
        np.testing.assert_array_equal(found == 255, values == ignore)


def test_numbers_of_two_files_never_meet_in_one_class(tmp_path: Path) -> None:
    document = Document()
    info = ImageInfo("PNG", (1, *SHAPE), 1, ("grey",), "uint8")
    shown = []
    for name, values in (("a", (7, 300)), ("b", (1, 7)), ("c", (300, 1))):
        entry = document.add_image(f"{name}.png", "", info)
        np.save(tmp_path / "a.npy", picture(*values, dtype="uint16"))
        labels = labels_of(tmp_path / "a.npy")
        assert apply(document, entry, labels, layer=1, title="Import") is not None
        mask = entry.layers[0].mask(Box.whole(entry.info.shape, 0))
        shown.append([document.classes.name(int(mask[2 * row, 0])) for row in range(2)])
    assert shown == [["Class 7", "300"], ["1", "Class 7"], ["300", "1"]]


@pytest.mark.parametrize("pattern", ["vol_z{}.png", "vol_z{:04}.png", "vol-{}.png", "z{}.png", "vol_slice{:02}.tif"])
def test_masks_of_slices_come_in_the_order_of_their_numbers(tmp_path: Path, pattern: str) -> None:
    for z in range(11):
        Image.fromarray(picture(z + 1)).save(tmp_path / pattern.format(z + 1))
    info = ImageInfo("TIFF", (11, *SHAPE), 1, ("grey",), "uint8")
    found = import_format("png").load()(tmp_path, "vol.tif", info)
    assert found is not None
    assert found.mask[:, 0, 0].tolist() == list(range(1, 12))


def test_one_channel_for_each_class_keeps_them_apart(tmp_path: Path) -> None:
    parts = np.zeros((14, 12, 1, 3), np.uint8)
    for channel in range(3):
        parts[:, 2 * channel, 0, channel] = 1
    nibabel.save(nibabel.Nifti1Image(parts, np.diag([1.0, 1, 4, 1])), tmp_path / "parts.nii")
    assert rows_of(labels_of(tmp_path / "parts.nii"), 3) == [1, 2, 3]
    whole = np.concatenate([1 - parts.max(3, keepdims=True), parts], axis=3)
    nibabel.save(nibabel.Nifti1Image(whole, np.diag([1.0, 1, 4, 1])), tmp_path / "parts.nii")
    found = labels_of(tmp_path / "parts.nii")
    assert (rows_of(found, 3), int(found.mask[0, 1, 0])) == ([1, 2, 3], 0)
    nibabel.save(
        nibabel.Nifti1Image(parts * np.uint8([1, 2, 3]) + (parts > 0)[..., ::-1], np.eye(4)), tmp_path / "b.nii"
    )
    with pytest.raises(UserError, match="no label map"):
        labels_of(tmp_path / "b.nii")
