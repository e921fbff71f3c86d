"""Real and made images are read with the shape, type and values other readers find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from segstudio.errors import UserError
from segstudio.io.formats import FORMATS, sniff
from segstudio.io.reading import Reading, open_image, probe, robust_ranges

REFUSED = {"hopper_16bit.pgm", "gray.c8.tif", "gray.c16.tif"}


def _checked(path: Path) -> Reading:
    """The reading, after checks that hold for every image."""
    reading, header = open_image(path), probe(path)
    info = reading.info
    assert reading.pixels.shape == (*info.shape, info.channels)
    assert reading.pixels.dtype.isnative
    assert str(reading.pixels.dtype) == info.dtype == header.dtype
    assert header.shape == info.shape
    assert header.ranges == ()
    assert len(info.ranges) == info.channels == len(info.channel_names)
    assert all(low < high for low, high in info.ranges)
    return reading


@pytest.mark.parametrize(("folder", "pattern"), [
    ("isbi2012_em", "**/*.png"), ("camvid", "val*/*.png"), ("drive", "**/*.gif"), ("dsb2018_nuclei", "**/*0.png"),
    ("tiff_png_jpeg_pillow", "*.jpg"),
])  # fmt: skip
def test_pictures_equal_pillows_reading(shared_data: Path, folder: str, pattern: str):
    paths = sorted((shared_data / folder).glob(pattern))[:25]
    assert paths
    for path in paths:
        reading = _checked(path)
        with Image.open(path) as image:
            turned = ImageOps.exif_transpose(image)
            wanted = np.asarray(turned.convert({1: "L", 3: "RGB", 4: "RGBA"}[reading.info.channels]))
        if not reading.info.dtype.startswith("uint16"):
            np.testing.assert_array_equal(reading.pixels[0].squeeze(), wanted.squeeze(), err_msg=path.name)


def test_tiffs_of_all_codecs_equal_tifffiles_reading(shared_data: Path):
    paths = [p for p in sorted((shared_data / "tiff_codecs_imagecodecs").glob("*.tif")) if p.name not in REFUSED]
    assert len(paths) > 50
    for path in paths:
        reading = _checked(path)
        wanted = np.asarray(tifffile.imread(path, series=0))
        if wanted.dtype == bool:
            wanted = wanted * np.uint8(255)
        if "separate" in path.name:
            wanted = np.moveaxis(wanted, -3, -1)
        elif "contig" in path.name:
            assert reading.info.channels == 5
        np.testing.assert_array_equal(
            reading.pixels.squeeze(), wanted.squeeze().astype(reading.pixels.dtype), err_msg=path.name
        )


def test_photographs_of_vessels_are_rgb(shared_data: Path):
    for path in sorted((shared_data / "drive" / "training" / "images").glob("*.tif"))[:3]:
        reading = _checked(path)
        assert reading.pixels.shape == (1, 584, 565, 3)
        with Image.open(path) as image:
            np.testing.assert_array_equal(reading.pixels[0], np.asarray(image))


def test_odd_files_of_pillows_collection_open_or_are_refused_as_known(shared_data: Path):
    for path in sorted((shared_data / "tiff_png_jpeg_pillow").iterdir()):
        if path.name in REFUSED:
            with pytest.raises(UserError, match="could not be opened"):
                open_image(path)
        else:
            _checked(path)


@pytest.mark.parametrize(
    "name", ["hopper.tif", "tiff_strip_cmyk_jpeg.tif", "tiff_tiled_planar_lzw.tiff", "hopper.Lab.tif"]
)
def test_colours_of_tiffs_look_like_pillows(shared_data: Path, name: str):
    path = shared_data / "tiff_png_jpeg_pillow" / name
    with Image.open(path) as image:
        if image.mode == "LAB":
            with Image.open(path.with_name("hopper.tif")) as other:
                wanted = np.asarray(other.convert("RGB"), np.float64)
        else:
            wanted = np.asarray(image.convert("RGB"), np.float64)
    assert np.abs(_checked(path).pixels[0] - wanted).mean() < 3


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_orientation_of_tiff_and_jpeg_is_applied(tmp_path: Path, turn: int):
    values = np.zeros((16, 32, 3), np.uint8)
    values[:8, :16] = 200
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(values).save(tmp_path / "a.jpg", exif=exif, quality=100)
    tifffile.imwrite(tmp_path / "a.tif", values, extratags=[(274, 3, 1, turn, True)], metadata=None)
    with Image.open(tmp_path / "a.jpg") as image:
        wanted = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(_checked(tmp_path / "a.jpg").pixels[0], wanted)
    np.testing.assert_allclose(_checked(tmp_path / "a.tif").pixels[0].astype(int), wanted.astype(int), atol=3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_modes_keep_their_values(tmp_path: Path, mode: str):
    values = np.random.default_rng(1).integers(0, 60_000 if mode == "I;16" else 255, (9, 7, 4))
    path = tmp_path / "a.png"
    if mode == "I;16":
        Image.fromarray(values[..., 0].astype(np.uint16)).save(path)
    else:
        Image.fromarray(values.astype(np.uint8)).convert(mode).save(path)
    pixels = _checked(path).pixels[0]
    if mode == "RGBA":
        np.testing.assert_array_equal(pixels, values)
    elif mode == "I;16":
        assert pixels.dtype == np.uint16
        np.testing.assert_array_equal(pixels[..., 0], values[..., 0])
    elif mode == "1":
        assert set(np.unique(pixels)) == {0, 255}


def test_png_with_16_bits_in_each_colour_keeps_them(tmp_path: Path):
    import imagecodecs

    values = np.random.default_rng(2).integers(0, 65_535, (5, 6, 3), np.uint16)
    path = tmp_path / "deep.png"
    path.write_bytes(imagecodecs.png_encode(values))
    np.testing.assert_array_equal(_checked(path).pixels[0], values)


@pytest.mark.parametrize("suffix", ["bmp", "webp", "gif", "png", "jpg", "tif"])
def test_each_format_is_known_by_content_under_a_wrong_name(tmp_path: Path, suffix: str):
    right, wrong = tmp_path / f"a.{suffix}", tmp_path / "a.dat"
    Image.new("RGB", (20, 10), (250, 10, 10)).save(right)
    right.rename(wrong)
    assert f".{suffix}" in sniff(wrong).suffixes
    assert _checked(wrong).info.shape == (1, 10, 20)


def test_constant_alpha_is_left_out_and_varying_alpha_kept(tmp_path: Path):
    image = Image.new("RGBA", (4, 4), (1, 2, 3, 255))
    image.save(tmp_path / "constant.png")
    image.putpixel((0, 0), (1, 2, 3, 0))
    image.save(tmp_path / "varying.png")
    constant, varying = open_image(tmp_path / "constant.png"), open_image(tmp_path / "varying.png")
    assert constant.info.channel_names == ("red", "green", "blue")
    assert any("left out" in note for note in constant.info.notes)
    assert varying.info.channel_names[-1] == "alpha"
    assert any("kept" in note for note in varying.info.notes)


def test_pages_and_imagej_stacks_are_slices(tmp_path: Path):
    stack = np.random.default_rng(3).integers(0, 4000, (5, 8, 9), np.uint16)
    tifffile.imwrite(tmp_path / "pages.tif", stack, photometric="minisblack", metadata=None)
    tifffile.imwrite(
        tmp_path / "imagej.tif", stack, imagej=True, resolution=(2.0, 4.0),
        metadata={"axes": "ZYX", "spacing": 3.0, "unit": "um"},
    )  # fmt: skip
    for name in ("pages.tif", "imagej.tif"):
        np.testing.assert_array_equal(_checked(tmp_path / name).pixels[..., 0], stack)
    info = open_image(tmp_path / "imagej.tif").info
    assert (info.spacing, info.unit) == ((3.0, 0.25, 0.5), "µm")


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64", ">u2"])
def test_tiff_values_keep_their_type(tmp_path: Path, dtype: str):
    values = np.arange(80).reshape(8, 10).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, byteorder=">" if dtype == ">u2" else "<")
    reading = _checked(tmp_path / "a.tif")
    np.testing.assert_array_equal(reading.pixels[0, ..., 0], values)
    assert reading.info.dtype == str(np.dtype(dtype).newbyteorder("="))


def test_a_tiff_without_any_number_opens_with_the_range_zero_to_one(tmp_path: Path):
    tifffile.imwrite(tmp_path / "nan.tif", np.full((16, 16), np.nan, np.float32))
    reading = _checked(tmp_path / "nan.tif")
    assert np.isnan(reading.pixels).all()
    assert reading.info.ranges == ((0.0, 1.0),)


def test_ranges_pass_over_missing_values_and_outliers():
    values = np.linspace(0, 1000, 100_000, dtype=np.float32).reshape(1, 250, 400, 1)
    values[0, 0, :20] = [[np.nan], [np.inf], [-np.inf], [1e30]] * 5
    ((low, high),) = robust_ranges(values)
    assert low == pytest.approx(5, abs=1)
    assert high == pytest.approx(995, abs=1)


@pytest.mark.parametrize("value", [0, 7, -1e300, 1e300, 3.4e38])
def test_the_range_of_one_value_is_never_empty(value: float):
    ((low, high),) = robust_ranges(np.full((1, 4, 4, 1), value))
    assert low < high


def test_every_row_of_the_table_names_a_reader_that_is_there():
    assert all(callable(row.load()) for row in FORMATS)
    assert len({row.id for row in FORMATS}) == len(FORMATS)
