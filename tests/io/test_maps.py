"""Maps: which pixels were measured, what their values are and where they lie, as GDAL says."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import tifffile
from numpy.typing import NDArray
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

from segstudio.core.geometry import Box
from segstudio.core.ground import pixel_areas
from segstudio.core.image import ImageInfo, unmeasured
from segstudio.errors import UserError
from segstudio.io.combining import combine
from segstudio.io.masks.imports.table import import_format
from segstudio.io.reading import open_image, probe
from segstudio.io.windowed.image import open_windowed, sides

ROWS, COLUMNS = 300, 400


def from_origin(west: float, north: float, wide: float, tall: float) -> Affine:
    return Affine(wide, 0, west, 0, -tall, north)


UTM = {"crs": "EPSG:32633", "transform": from_origin(5e5, 5e6, 2, 2)}
SITE = CRS.from_wkt('LOCAL_CS["pit",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]')
MARS = CRS.from_wkt(
    'GEOGCS["GCS_Mars",DATUM["D_Mars",SPHEROID["Mars",3396190,169.894447]],PRIMEM["Reference_Meridian",0],'
    'UNIT["degree",0.0174532925199433]]'
)


def noise(bands: int, dtype: str = "uint8", low: int = 1, high: int = 200) -> NDArray[Any]:
    return np.random.default_rng(bands).integers(low, high, (bands, ROWS, COLUMNS)).astype(dtype)


def written(path: Path, bands: NDArray[Any], **profile: Any) -> Path:
    """A GeoTIFF in tiles; the profile's own words are GDAL's."""
    more = {**UTM, "tiled": True, "blockxsize": 128, "blockysize": 128, **profile}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver="GTiff", width=bands.shape[2], height=bands.shape[1], count=len(bands),
            dtype=str(bands.dtype), **more,
        ) as file:  # fmt: skip
            file.write(bands)
    return path


def alpha_last(path: Path) -> Path:
    bands = noise(4)
    bands[3] = 255
    bands[3, :40, :70], bands[3, 100:110] = 0, 90
    return written(path, bands, photometric="RGB", alpha="YES")


def alpha_of_grey(path: Path) -> Path:
    bands = noise(2, "uint16")
    bands[1] = 65535
    bands[1, 50:90] = 0
    return written(path, bands, photometric="MINISBLACK", alpha="YES")


def alpha_before_infrared(path: Path) -> Path:
    bands = noise(5)
    bands[3] = 255
    bands[3, 200:] = 0
    tifffile.imwrite(path, bands.transpose(1, 2, 0), photometric="rgb", extrasamples=[2, 0], tile=(128, 128))
    return path


def mask_inside(path: Path, **profile: Any) -> Path:
    solid = np.full((ROWS, COLUMNS), 255, np.uint8)
    solid[:45, 10:200] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"):
        written(path, noise(3), photometric="RGB", **profile)
        with rasterio.open(path, "r+") as file:
            file.write_mask(solid)
    return path


def mask_in_a_cog(path: Path) -> Path:
    from rasterio.shutil import copy

    plain = mask_inside(path.with_name("plain.tif"))
    copy(plain, path, driver="COG", blocksize=128, compress="deflate")
    return path


def mask_beside(path: Path) -> Path:
    written(path, noise(3), photometric="RGB")
    solid = np.full((ROWS, COLUMNS), 255, np.uint8)
    solid[120:180] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="NO"), rasterio.open(path, "r+") as file:
        file.write_mask(solid)
    assert path.with_name(path.name + ".msk").exists()
    return path


def palette(path: Path, hidden: int) -> Path:
    bands = noise(1, low=0, high=5)
    written(path, bands, photometric="palette", nodata=hidden)
    colors = {0: (0, 0, 0, 255), 1: (255, 255, 255, 255), 2: (9, 9, 9, 255), 3: (9, 9, 9, 255), 4: (1, 2, 3, 255)}
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, colors)
    return path


def nodata_of_all_bands(path: Path) -> Path:
    bands = noise(3, low=0)
    bands[:, :30], bands[0, 60:70] = 0, 0
    return written(path, bands, photometric="RGB", nodata=0)


def scaled(path: Path, nodata: float | None = 7) -> Path:
    bands = noise(2, "int16", low=-50, high=50)
    bands[:, 5:9] = 7
    written(path, bands, nodata=nodata)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.1, 2.0), (-273.15, 0.5)
    return path


MASKED = {
    "an alpha band": alpha_last,
    "grey and alpha": alpha_of_grey,
    "an alpha band before an infrared one": alpha_before_infrared,
    "a mask inside": mask_inside,
    "a mask inside, in strips of 3 rows": lambda path: mask_inside(path, tiled=False, blockysize=3),
    "a mask inside a COG with levels": mask_in_a_cog,
    "a mask beside": mask_beside,
    "a palette whose black means nothing": lambda path: palette(path, 0),
    "a palette whose index 2 means nothing": lambda path: palette(path, 2),
    "a number that means nothing in all bands": nodata_of_all_bands,
    "a stored number that means nothing, scaled": scaled,
}


def missing(pixels: NDArray[Any], info: ImageInfo) -> NDArray[np.bool_]:
    return unmeasured(pixels, info.nodata, info.alpha)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("title", MASKED)
def test_what_gdals_mask_leaves_out_was_not_measured_read_whole_or_by_window(title: str, tmp_path: Path) -> None:
    path = MASKED[title](tmp_path / "map.tif")
    with rasterio.open(path) as file:
        wanted = np.all([mask == 0 for mask in file.read_masks()], axis=0)
        if ColorInterp.alpha in file.colorinterp:
            wanted = file.read(file.colorinterp.index(ColorInterp.alpha) + 1) == 0
            if file.count in (2, 4):  # of others GDAL takes the alpha band for a measurement, as its RFC 15 has it
                assert np.array_equal(wanted, file.read_masks(1) == 0)
        stored = file.read()
    assert wanted.any() and not wanted.all()
    opened = open_image(path)
    assert np.array_equal(missing(opened.pixels[0], opened.info), wanted)
    assert probe(path).channel_names == opened.info.channel_names
    if "palette" not in title and "scaled" not in title:
        assert np.array_equal(opened.pixels[0, :, :, :3], stored.transpose(1, 2, 0)[..., :3]), "the values are the same"
    file_ = open_windowed(path, 2**30)
    assert file_ is not None
    try:
        for level, factor in enumerate(file_.factors):
            rows, columns = sides(file_.info, factor)
            for box in (Box(0, 0, 0, rows, columns), Box(0, rows // 3, columns // 4, rows // 2, columns - 1)):
                found = missing(file_.read(0, level, box), file_.info)
                whole = wanted[box.top * factor : box.bottom * factor, box.left * factor : box.right * factor]
                if factor == 1:
                    assert np.array_equal(found, whole)
                    part = opened.pixels[0, box.rows, box.columns]
                    assert np.array_equal(file_.read(0, 0, box), part, equal_nan=part.dtype.kind == "f")
                else:
                    assert abs(found.mean() - whole.mean()) < 0.05
    finally:
        file_.close()


@pytest.mark.parametrize("nodata", [7, None])
def test_values_are_stored_numbers_times_scale_plus_offset(nodata: float | None, tmp_path: Path) -> None:
    path = scaled(tmp_path / "t.tif", nodata)
    with rasterio.open(path) as file:
        wanted = file.read(masked=True) * np.array(file.scales)[:, None, None] + np.array(file.offsets)[:, None, None]
    opened = open_image(path)
    assert opened.info.dtype == str(opened.pixels.dtype) == "float32" and opened.info.nodata is None
    got = opened.pixels[0].transpose(2, 0, 1)
    assert np.array_equal(np.isnan(got), np.ma.getmaskarray(wanted))
    assert np.allclose(got[~np.isnan(got)], wanted.compressed(), rtol=1e-6)
    low, high = opened.info.ranges[0]
    assert -279 < low < high < -268, "the range is that of the values"


def test_large_numbers_keep_their_last_digit(tmp_path: Path) -> None:
    bands = np.full((1, ROWS, COLUMNS), 16_777_217, np.int32)
    path = written(tmp_path / "t.tif", bands)
    with rasterio.open(path, "r+") as file:
        file.scales = (0.5,)
    assert open_image(path).pixels[0, 0, 0, 0] == 8_388_608.5


@pytest.mark.parametrize("suffix", [".tif", ".jpg", ".png", ".bmp"])
@pytest.mark.parametrize("ending", ["short", "long", "wld", "CAPITALS"])
def test_a_world_file_beside_gives_the_place_of_pixel_centres(suffix: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise(3).transpose(1, 2, 0)).save(path)
    name = {"short": f"a.{suffix[1]}{suffix[-1]}w", "long": f"a{suffix}w", "wld": "a.wld",
            "CAPITALS": f"a.{suffix[1]}{suffix[-1]}w".upper()}[ending]  # fmt: skip
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + b"2\r\n0.5\r\n-0.25\r\n-3\r\n500001\r\n4999998.5\r\n")
    info = open_image(path).info
    assert info.grid is not None and info.grid.world(0, 0, 0)[:2] == (500001, 4999998.5)
    assert info.grid.world(0, 10, 100)[:2] == (500001 + 200 - 2.5, 4999998.5 + 50 - 30)
    assert any(name in note for note in info.notes)
    (tmp_path / "a.prj").write_text(CRS.from_epsg(32633).to_wkt())
    placed = probe(path)
    assert placed.grid is not None and placed.grid.system == "EPSG:32633"
    assert placed.spacing == pytest.approx((1, np.hypot(0.25, 3), np.hypot(2, 0.5))) and placed.unit == "m"


def test_a_world_file_is_not_used_where_there_are_tags_or_no_numbers(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", noise(1))
    (tmp_path / "a.tfw").write_text("1\n0\n0\n-1\n0\n0\n")
    info = probe(path)
    assert info.grid is not None and info.grid.world(0, 0, 0)[:2] == (500001, 4999999)
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((5, 6), np.uint8))
    (tmp_path / "b.tfw").write_text("1\n0\nno number\n")
    info = probe(tmp_path / "b.tif")
    assert info.grid is None and "b.tfw" in " ".join(info.notes)


@pytest.mark.parametrize(("bend", "known"), [(0.0, True), (40.0, False)])
def test_ground_control_points_give_the_place_where_they_lie_on_a_plane(
    bend: float, known: bool, tmp_path: Path
) -> None:
    points = [
        GroundControlPoint(r, c, 5e5 + 2 * c + r * c / 6e4 * bend, 5e6 - 2 * r) for r in (0, 150, 300) for c in (0, 400)
    ]
    path = tmp_path / "gcp.tif"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver="GTiff", width=400, height=300, count=1, dtype="uint8", gcps=points, crs="EPSG:32633"
        ) as file:
            file.write(noise(1))
    info = probe(path)
    if known:
        assert info.grid is not None and info.grid.system == "EPSG:32633"
        assert info.grid.world(0, 7, 12)[:2] == pytest.approx((5e5 + 25, 5e6 - 15), abs=0.01)
    else:
        assert info.grid is None and "control points" in " ".join(info.notes)


def test_pixel_is_point_lies_where_gdal_puts_it(tmp_path: Path) -> None:
    path = tmp_path / "point.tif"
    written(path, noise(1))
    with rasterio.open(path, "r+") as file:
        file.update_tags(AREA_OR_POINT="Point")
    with rasterio.open(path) as file:
        wanted = file.xy(3, 4)
    info = probe(path)
    assert info.grid is not None and info.grid.world(0, 3, 4)[:2] == pytest.approx(wanted)


def test_overviews_beside_are_its_coarse_levels(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", noise(1))
    with rasterio.Env(TIFF_USE_OVR="YES"), rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4])
    if not path.with_name("a.tif.ovr").exists():
        with rasterio.open(path) as file:
            assert file.overviews(1), "this GDAL writes them inside"
        return
    file_ = open_windowed(path, 2**30)
    assert file_ is not None and file_.factors == (1, 2, 4)
    with rasterio.open(path) as file:
        wanted = file.read(1, out_shape=(150, 200))
    assert np.array_equal(file_.read(0, 1, Box(0, 0, 0, 150, 200))[..., 0], wanted)
    file_.close()


def area_on_the_ellipsoid(south: float, north: float, degrees: float, a: float, f: float) -> float:
    """Between two parallels and two meridians, by the closed formula (Snyder 1987, 3-16)."""
    e = np.sqrt(f * (2 - f))

    def q(phi: float) -> float:
        s = np.sin(np.radians(phi))
        return float((1 - e**2) * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e))

    return float(a**2 * np.radians(degrees) * (q(north) - q(south)) / 2)


@pytest.mark.parametrize(
    ("title", "crs", "transform", "area"),
    [
        ("square", "EPSG:32633", from_origin(5e5, 5e6, 2, 2), 4),
        ("turned", "EPSG:32633", Affine(3**0.5, 1.5, 0, 1, -1.5 * 3**0.5, 0), 6),
        ("sheared", "EPSG:32633", Affine(2, 1, 5e5, 0.5, -2, 5e6), 4.5),
        ("feet", "EPSG:2263", from_origin(9e5, 2e5, 2, 2), 4 * (1200 / 3937) ** 2),
        ("a site grid", SITE, Affine(0.05, 0.01, 1, 0, -0.05, 2), 0.0025),
        ("with heights", "EPSG:7415", from_origin(2e5, 4e5, 3, 3), 9),
    ],
)
def test_the_area_of_a_pixel_is_the_determinant_in_metres(
    title: str, crs: Any, transform: Affine, area: float, tmp_path: Path
) -> None:
    info = probe(written(tmp_path / "a.tif", noise(1), crs=crs, transform=transform))
    found = pixel_areas(info, [0, 299], [0, 399])
    assert info.unit == "m" and found == pytest.approx([area, area], rel=1e-9), title


@pytest.mark.parametrize(
    ("crs", "a", "f"), [("EPSG:4326", 6378137, 1 / 298.257223563), (MARS, 3396190, 1 / 169.894447)]
)
@pytest.mark.parametrize("step", [0.001, 0.1, 0.25])
def test_areas_of_degrees_are_those_on_the_ellipsoid(crs: Any, a: float, f: float, step: float, tmp_path: Path) -> None:
    info = probe(written(tmp_path / "a.tif", noise(1), crs=crs, transform=from_origin(10, 70, step, step)))
    for row in (0, 150, 299):
        north = 70 - row * step
        wanted = area_on_the_ellipsoid(north - step, north, step, a, f)
        assert pixel_areas(info, [row], [5]) == pytest.approx([wanted], rel=1e-6)
    assert info.spacing is not None and info.unit == "m"
    assert info.spacing[1] > info.spacing[2], "a degree of longitude is shorter than one of latitude"


def test_the_status_of_a_pixel_and_the_info_name_the_coordinate_system(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from segstudio.cli.main import run

    path = written(tmp_path / "a.tif", noise(1))
    grid = probe(path).grid
    assert grid is not None and grid.describe(0, 0, 0) == "E 500,001.00  N 4,999,999.00  EPSG:32633"
    assert run(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert "400 x 300 pixels" in told and "coordinate system EPSG:32633, upper left corner 500000, 5000000" in told
    site = probe(written(tmp_path / "s.tif", noise(1), crs=SITE)).grid
    assert site is not None and site.system == "pit"


@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:3857", "EPSG:32733", "EPSG:4326"])
def test_a_mask_or_a_channel_of_another_system_is_refused_though_its_numbers_are_the_same(
    crs: str, tmp_path: Path
) -> None:
    image = written(tmp_path / "image.tif", noise(1))
    other = written(tmp_path / "other.tif", np.ones((1, ROWS, COLUMNS), np.uint8), crs=crs)
    with pytest.raises(UserError) as refused:
        import_format("geotiff").load()(other, "image.tif", probe(image))
    assert "another coordinate system" in refused.value.why
    with pytest.raises(UserError) as refused:
        combine([image, other], tmp_path, 2**30)
    assert "another place" in refused.value.why
    text = CRS.from_epsg(32633).to_wkt(version="WKT2_2019")
    same = written(tmp_path / "same.tif", np.ones((1, ROWS, COLUMNS), np.uint8), crs=text)
    assert import_format("geotiff").load()(same, "image.tif", probe(image)) is not None


def test_the_transparent_shade_of_a_png_was_not_measured(tmp_path: Path) -> None:
    grey = noise(1)[0]
    Image.fromarray(grey).save(tmp_path / "g.png", transparency=33)
    opened = open_image(tmp_path / "g.png")
    assert np.array_equal(missing(opened.pixels[0], opened.info), grey == 33)
    colour = np.repeat(grey[..., None], 3, axis=2)
    Image.fromarray(colour).save(tmp_path / "c.png", transparency=(33, 33, 33))
    opened = open_image(tmp_path / "c.png")
    assert np.array_equal(missing(opened.pixels[0], opened.info), grey == 33)
    assert np.array_equal(opened.pixels[0, ..., :3], colour)


@pytest.mark.parametrize("level", [0, 2, 5])
def test_windows_of_a_map_larger_than_memory_are_those_of_gdal(shared_data: Path, level: int) -> None:
    path = shared_data / "geotiff_huge_cog" / "cog_world.tif"
    file_ = open_windowed(path, 2**30)
    assert file_ is not None
    factor = file_.factors[level]
    rows, columns = sides(file_.info, factor)
    with rasterio.open(path, **({"overview_level": level - 1} if level else {})) as file:
        for top, left in ((0, 0), (rows // 2, columns // 3), (max(0, rows - 300), max(0, columns - 300))):
            box = Box(0, top, left, min(top + 300, rows), min(left + 300, columns))
            window = rasterio.windows.Window(left, top, box.width, box.height)
            wanted = file.read(window=window)
            assert np.array_equal(file_.read(0, level, box).transpose(2, 0, 1), wanted)
    file_.close()


@pytest.mark.parametrize("crs", [SITE, MARS, None])
def test_a_map_that_is_not_of_the_earth_has_no_longitudes_but_a_geopackage(crs: CRS | None, tmp_path: Path) -> None:
    from segstudio.core.classes import ClassTable
    from segstudio.io.masks.exports.subject import Subject
    from segstudio.io.masks.exports.table import export_format

    path = written(tmp_path / "a.tif", noise(1), crs=crs, transform=from_origin(10, 20, 0.01, 0.01))
    mask = np.zeros((1, ROWS, COLUMNS), np.uint8)
    mask[0, 5:15, 10:30] = 1
    table = ClassTable()
    table.add("crater")
    subject = Subject("a.tif", "a", path, probe(path), table, lambda box: mask[box.z, box.rows, box.columns])
    with pytest.raises(UserError, match="cannot be exported as GeoJSON") as refused:
        export_format("geojson").load()([subject], tmp_path)
    assert ("Earth" if crs else "no coordinate system") in refused.value.why
    for form in ("gpkg", "geotiff"):
        (tmp_path / form).mkdir()
        (out,) = export_format(form).load()([subject], tmp_path / form)
        labels = import_format(form).load()(out, "a.tif", subject.info)
        assert labels is not None and np.array_equal(labels.mask == 1, mask == 1)
    if crs:
        (tmp_path / "b.geojson").write_text(
            '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":'
            ' {"type": "Polygon", "coordinates": [[[10, 19], [11, 19], [11, 20], [10, 19]]]}}]}'
        )
        with pytest.raises(UserError, match="does not fit"):
            import_format("geojson").load()(tmp_path / "b.geojson", "a.tif", subject.info)
