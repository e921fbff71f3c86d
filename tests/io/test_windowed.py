"""Windows of a file equal the same part of the whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from segstudio.core.geometry import Box
from segstudio.core.source import block_mean, top_level
from segstudio.errors import UserError
from segstudio.io.reading import open_image, open_stored, probe
from segstudio.io.windowed.image import Windowed, open_windowed, overview, sides, window
from segstudio.io.windowed.pyramid import Shelf, best, build, room, used

BUDGET = 64 * 2**20
BOXES = (Box(0, 0, 0, 1, 1), Box(0, 3, 5, 200, 190), Box(0, 100, 0, 101, 300), Box(0, 250, 290, 260, 300))


Open = Callable[[Path], Windowed]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens files by window; all are closed at the end."""
    files: list[Windowed] = []

    def open_one(path: Path) -> Windowed:
        file = open_windowed(path, BUDGET)
        assert file is not None
        files.append(file)
        return file

    yield open_one
    for file in files:
        file.close()


def the_same(path: Path, opened: Open) -> None:
    """All boxes of all slices, by window and of the whole."""
    file, whole = opened(path), open_image(path).pixels
    assert file.info.channels == whole.shape[3] and file.info.dtype == str(whole.dtype)
    assert file.info.shape == whole.shape[:3]
    for z in range(whole.shape[0]):
        for box in BOXES:
            found = file.read(z, 0, box.clip(file.info.shape))
            np.testing.assert_array_equal(found, whole[z, box.rows, box.columns])


def values(shape: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    rng = np.random.default_rng(3)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    return rng.integers(0, 120, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "int16", "float16", "float32", "bool"])
@pytest.mark.parametrize("shape", [(260, 300), (260, 300, 3), (5, 260, 300), (2, 260, 300, 6)])
def test_windows_of_numpy_files(opened: Open, tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    np.save(tmp_path / "a.npy", values(shape, dtype))
    the_same(tmp_path / "a.npy", opened)


def test_the_axes_of_a_numpy_file(tmp_path: Path) -> None:
    for shape, slices, channels in (((9, 8), 1, 1), ((9, 8, 4), 1, 4), ((9, 8, 5), 9, 1), ((2, 9, 8, 7), 2, 7)):
        np.save(tmp_path / "a.npy", np.zeros(shape, np.uint8))
        info = probe(tmp_path / "a.npy")
        assert (info.shape[0], info.channels) == (slices, channels)


def test_a_numpy_file_with_columns_first_is_read_as_a_whole(tmp_path: Path) -> None:
    array = np.asfortranarray(values((30, 40)))
    np.save(tmp_path / "a.npy", array)
    assert open_windowed(tmp_path / "a.npy", BUDGET) is None
    np.testing.assert_array_equal(open_image(tmp_path / "a.npy").pixels[0, ..., 0], array)


@pytest.mark.parametrize("array", [np.zeros((3, 3), complex), np.zeros(5), np.array([None]), np.zeros((0, 4)),
                                   np.zeros((3, 3), [("a", "u1")]), np.zeros((2,) * 5)])  # fmt: skip
def test_arrays_that_are_no_images_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(UserError, match="could not be opened"):
        open_image(tmp_path / "a.npy")
    with pytest.raises(UserError, match="could not be opened"):
        open_windowed(tmp_path / "a.npy", BUDGET)


def test_a_cut_numpy_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", values((100, 100)))
    whole = (tmp_path / "a.npy").read_bytes()
    for length in (9, 60, len(whole) - 1):
        (tmp_path / "a.npy").write_bytes(whole[:length])
        with pytest.raises(UserError, match="could not be opened"):
            open_stored(tmp_path / "a.npy")


TIFFS = {
    "plain strips": ({}, (260, 300)),
    "one piece, stack": ({"photometric": "minisblack"}, (5, 260, 300)),
    "strips": ({"rowsperstrip": 7, "compression": "zlib"}, (260, 300, 3)),
    "tiles": ({"tile": (64, 48), "compression": "zlib", "predictor": True}, (260, 300, 3)),
    "planes": ({"tile": (64, 64), "planarconfig": "separate", "photometric": "rgb"}, (3, 260, 300)),
    "pages": ({"tile": (64, 64), "compression": "lzw", "photometric": "minisblack"}, (3, 260, 300)),
    "white is zero": ({"tile": (64, 64), "photometric": "miniswhite"}, (260, 300)),
    "big": ({"tile": (128, 128), "bigtiff": True, "byteorder": ">"}, (260, 300)),
}


@pytest.mark.parametrize("name", TIFFS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_windows_of_tiff_files(opened: Open, tmp_path: Path, name: str, dtype: str) -> None:
    options, shape = TIFFS[name]
    tifffile.imwrite(tmp_path / "a.tif", values(shape, dtype), metadata=None, **options)
    the_same(tmp_path / "a.tif", opened)


def test_windows_of_channels_in_pages_of_their_own(opened: Open, tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.ome.tif", values((2, 3, 260, 300)), ome=True, metadata={"axes": "CZYX"}, compression="zlib"
    )
    the_same(tmp_path / "a.ome.tif", opened)


def test_windows_of_real_files(opened: Open, shared_data: Path) -> None:
    for name in ("cogeo.tif", "RGBA.uint16.tif", "world.rgb.tif", "alpha.tif", "goes.tif", "shade.tif"):
        path = shared_data / "geotiff_rasterio" / name
        file, whole = opened(path), open_image(path).pixels
        box = Box(0, 30, 40, 130, 170)
        found, kept = file.read(0, 0, box), whole.shape[3]
        np.testing.assert_array_equal(found[..., :kept], whole[0, box.rows, box.columns])
        assert (found[..., kept:] == 255).all(), "read whole, an alpha that is the same everywhere is left out"


def test_a_tile_beyond_the_end_of_a_file_is_told(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values((512, 512)), tile=(128, 128), compression="zlib")
    path.write_bytes(path.read_bytes()[:-5000])
    file = opened(path)
    file.read(0, 0, Box(0, 0, 0, 128, 128))
    with pytest.raises(EOFError):
        file.read(0, 0, Box(0, 400, 400, 512, 512))


def test_overviews_in_a_file_are_its_coarse_levels(opened: Open, tmp_path: Path) -> None:
    array = values((1001, 1500))
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(array, tile=(128, 128), subifds=2)
        writer.write(array[::2, ::2], tile=(128, 128), subfiletype=1)
        writer.write(array[:1000:4, ::4], tile=(128, 128), subfiletype=1)  # one row short, as some programs cut
    file = opened(tmp_path / "a.tif")
    assert file.factors == (1, 2, 4)
    found, exact = window(file, 0, 1, Box(0, 10, 20, 200, 300))
    assert exact
    np.testing.assert_array_equal(found[..., 0], array[::2, ::2][10:200, 20:300])
    rows, columns = sides(file.info, 4)
    assert window(file, 0, 2, Box(0, 0, 0, rows, columns))[0].shape == (251, 375, 1)
    np.testing.assert_array_equal(
        window(file, 0, 3, Box(0, 0, 0, 20, 20))[0], block_mean(array[::4, ::4][:40, :40, None], 2)
    )


def test_a_large_slice_without_levels_is_sampled(opened: Open, tmp_path: Path) -> None:
    array = np.zeros((6000, 9000), np.uint8)
    array[:, 4500:] = 200
    array[3000:] += 50
    np.save(tmp_path / "a.npy", array)
    tifffile.imwrite(tmp_path / "a.tif", array, tile=(256, 256), compression="zlib")
    tifffile.imwrite(tmp_path / "b.tif", array, rowsperstrip=16, compression="zlib")
    for name in ("a.npy", "a.tif", "b.tif"):
        file = opened(tmp_path / name)
        level = top_level(file.info.shape)
        small = overview(file, 0)
        assert small.shape[:2] == sides(file.info, 1 << level)
        quarters = small[::2, ::2][[100, -100]][:, [100, -100], 0]
        np.testing.assert_array_equal(quarters, [[0, 200], [50, 250]])
        assert not window(file, 0, 3, Box(0, 0, 0, 256, 256))[1]
        exact = window(file, 0, 2, Box(0, 700, 1000, 956, 1256))
        assert exact[1]
        np.testing.assert_array_equal(exact[0], block_mean(array[2800:3824, 4000:5024, None], 4))


def test_formats_without_windows_say_so(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    assert open_windowed(tmp_path / "a.png", BUDGET) is None


def built(file: Windowed, shelf: Shelf, z: int = 0) -> list[int]:
    return list(build(file, z, shelf, lambda: False))


@pytest.mark.parametrize("shape", [(5000, 4700), (3, 300, 9000), (4100, 260, 3)])
def test_a_pyramid_holds_the_means_of_the_file(opened: Open, tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = values(shape, "uint16")
    np.save(tmp_path / "a.npy", array)
    file, whole = opened(tmp_path / "a.npy"), open_image(tmp_path / "a.npy").pixels
    z = whole.shape[0] - 1
    shelf = Shelf.of(tmp_path / "cache", tmp_path / "a.npy", "d", file.info, z)
    assert not shelf.complete() and shelf.read(2, 0, 0) is None
    bottoms = built(file, shelf, z)
    assert shelf.complete() and bottoms[-1] == whole.shape[1] and bottoms == sorted(bottoms)
    plane = whole[z]
    for level in shelf.levels:
        plane = block_mean(plane, 4)
        for row in range(shelf.grid(level)[0]):
            for column in range(shelf.grid(level)[1]):
                found = shelf.read(level, row, column)
                area = np.s_[row * 256 : (row + 1) * 256, column * 256 : (column + 1) * 256]
                np.testing.assert_array_equal(found, plane[area])
    tile, exact = best(file, shelf, z, 3, 0, 0)
    assert exact
    np.testing.assert_array_equal(tile, block_mean(block_mean(whole[z, :2048, :2048], 4), 2))


def test_a_pyramid_is_usable_while_it_is_made_and_after_a_kill(opened: Open, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", values((20_000, 5000)))
    file = opened(tmp_path / "a.npy")
    shelf = Shelf.of(tmp_path / "cache", tmp_path / "a.npy", "d", file.info, 0)
    going = build(file, 0, shelf, lambda: False)
    while next(going) < 8000:
        pass
    assert best(file, shelf, 0, 3, 0, 0)[1] and not best(file, shelf, 0, 3, 8, 0)[1]
    going.close()  # as if it was killed
    assert not shelf.complete()
    built(file, shelf)
    assert shelf.complete() and best(file, shelf, 0, 3, 8, 0)[1]
    assert list(build(file, 0, shelf, lambda: True)) == []


def test_kept_levels_are_bounded_and_the_oldest_go_first(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "a.npy", values((4200, 4200)))
    file, cache = opened(tmp_path / "a.npy"), tmp_path / "cache"
    assert room(cache, file.info)
    shelves = [Shelf.of(cache, tmp_path / "a.npy", str(n), file.info, 0) for n in range(3)]
    for age, shelf in enumerate(shelves):
        built(file, shelf)
        os.utime(shelf.folder, (age, age))
    assert 3 * 10**6 < used(cache) < 10**7
    monkeypatch.setattr("segstudio.io.windowed.pyramid.LIMIT", used(cache) + 2**20)
    assert room(cache, file.info)
    assert [shelf.complete() for shelf in shelves] == [False, True, True]
    monkeypatch.setattr("segstudio.io.windowed.pyramid.LIMIT", 10**5)
    assert not room(cache, file.info) and used(cache) == 0


def test_zeros_cost_no_disk(opened: Open, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5000, 9000), np.uint8))
    file = opened(tmp_path / "a.npy")
    shelf = Shelf.of(tmp_path / "cache", tmp_path / "a.npy", "d", file.info, 0)
    built(file, shelf)
    found = shelf.read(2, 4, 8)
    assert found is not None and found.shape == (1250 - 4 * 256, 2250 - 8 * 256, 1) and not found.any()
    assert used(tmp_path / "cache") < 10**6
