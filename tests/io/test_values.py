"""The value oracle: of every file of the data the pixels, sizes and places that an independent library finds.

One row of `ORACLES` for each format, one function for each row: it reads a file with another library and says what it
holds (`Truth`); what is compared, and how, is the same for all. A file that is not compared, or differs on purpose,
stands in `EXCEPTIONS` with its reason. To add a format: write its function, add its row, run this file.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.formats import sniff
from segstudio.io.reading import Reading, open_image, probe
from tests.io import dicom_oracle

LARGE = 60_000_000
"""Values above which a file is not read here."""

CHROMA = 24
"""How far colours of a lossy JPEG may be apart at an edge."""

MILLIMETRES = {"nm": 1e-6, "µm": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1e3}

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What another library finds: `values` (slices, rows, columns, channels) in the order of the file, after rescaling.

    `matrix` is 4 x 4 from (column, row, slice, 1) of these values to our world (LPS in mm in a patient, the map's
    coordinates on a map), or None where the file says nothing of a place; the image may then be shown with axes
    exchanged and mirrored. `spacing` is (slices, rows, columns) in mm, None where it is unknown, "any" where the library
    does not tell. `nodata` is the value that means "not measured", in values after rescaling.
    """

    values: NDArray[np.generic]
    matrix: Matrix | None = None
    spacing: tuple[float, float, float] | str | None = None
    nodata: float | None = None
    within: float = 0.0
    """How far values may be apart: for libraries that compute in single precision."""
    lossy: bool = False
    """Colours of a JPEG whose chroma has half the resolution: decoders make the rest up, each a little otherwise."""


# --- one function for each format -------------------------------------------------------------------------------------


def by_nibabel(path: Path) -> Truth:
    """NIfTI: values by `dataobj`, the affine in the unit of the header, whose signs of x and y are RAS."""
    import nibabel

    image = nibabel.load(path)
    raw = np.asanyarray(image.dataobj)
    if raw.dtype.names:
        raw = np.stack([raw[name] for name in raw.dtype.names], -1)[..., None, :]
    raw = raw.reshape((*raw.shape, 1, 1)[: max(3, raw.ndim)] if raw.ndim < 3 else raw.shape)
    values = raw.reshape(*raw.shape[:3], -1).transpose(2, 1, 0, 3)
    placed = "sform_code" in image.header
    unit = {"meter": 1e3, "micron": 1e-3}.get(image.header.get_xyzt_units()[0] if placed else "", 1.0)
    matrix = None
    if placed and (int(image.header["sform_code"]) or int(image.header["qform_code"])):
        matrix = np.diag([-unit, -unit, unit, 1.0]) @ image.affine
    column, row, between = (*(float(zoom) * unit for zoom in image.header.get_zooms()[:3]), 1.0, 1.0)[:3]
    return Truth(values, matrix, "any" if matrix is not None else (between, row, column), within=1e-6)


def by_simpleitk(path: Path) -> Truth:
    """NRRD and MetaImage."""
    import SimpleITK

    image = SimpleITK.ReadImage(str(path))
    values = SimpleITK.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() == 1:
        values = values[..., None]
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return Truth(values, matrix, "any")


def by_pillow(path: Path) -> Truth:
    """PNG, JPEG, BMP and GIF: shades of few bits spread out to white, palettes as their colours, upright; a transparent
    shade is "not measured", a transparent colour makes an alpha channel."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings(), Image.open(path) as picture:
        warnings.simplefilter("ignore")
        frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
        clear = picture.info.get("transparency")
        alpha = "" if clear is None else "A"
        modes = {"1": "L", "P": f"RGB{alpha}", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "RGB": f"RGB{alpha}"}
        wanted = "RGBA" if frames > 1 else modes.get(picture.mode, picture.mode)
        shade = float(clear) if alpha and picture.mode in ("L", "I", "I;16") else None
        pages = []
        for frame in range(frames):
            picture.seek(frame)
            pages.append(np.asarray(ImageOps.exif_transpose(picture).convert(wanted)))
    values = np.stack(pages)
    return Truth(
        without_full_alpha(values if values.ndim == 4 else values[..., None], wanted), spacing="any", nodata=shade
    )


def by_tifffile(path: Path) -> Truth:
    """TIFF without a place on a map: the first series; white-is-zero turned over, palettes as their colours."""
    import tifffile

    with tifffile.TiffFile(path, _multifile=False) as file:
        series = file.series[0]
        page = series.keyframe
        raw = series.asarray()
        kind = int(page.photometric)
        order = "".join({"Y": "y", "X": "x", "S": "c", "C": "c"}.get(axis, "z") for axis in series.axes)
        moved = raw.transpose([i for kind_ in "zyxc" for i, found in enumerate(order) if found == kind_])
        sides = [int(np.prod([n for n, k in zip(raw.shape, order, strict=True) if k == one])) for one in "zyxc"]
        values = moved.reshape(sides)
        if values.dtype == bool:
            values = (values ^ (kind == 0)).astype(np.uint8) * np.uint8(255)
        elif kind == 0 and values.dtype.kind == "u":
            values = (2 ** int(page.bitspersample) - 1 - values.astype(np.int64)).astype(values.dtype)
        elif kind == 3 and page.colormap is not None:
            values = (page.colormap.T[values[..., 0]] >> 8).astype(np.uint8)
        alpha = any(int(sample) in (1, 2) for sample in page.extrasamples)
    return Truth(without_full_alpha(values, "A" if alpha and values.shape[3] == 4 else ""), spacing="any")


def by_zarr(path: Path) -> Truth:
    """OME-Zarr: the array of the finest level."""
    import zarr

    said = json.loads((path / ".zattrs").read_text())["multiscales"][0]
    values = np.asarray(zarr.open_array(str(path / said["datasets"][0]["path"]), mode="r"))
    return Truth(values.reshape(-1, *values.shape[-2:])[..., None], spacing="any")


def by_numpy(path: Path) -> Truth:
    values = np.load(path)
    return Truth(values.reshape(-1, *values.shape[-2:])[..., None])


def by_gdal(path: Path) -> Truth:
    """GeoTIFF and JPEG 2000: bands, scales, offsets, nodata and transform of rasterio; palettes as their colours."""
    import rasterio

    with rasterio.open(path) as file:
        bands = file.read().transpose(1, 2, 0)[None]
        values, nodata = bands, file.nodata
        if any(scale != 1 for scale in file.scales) or any(file.offsets):
            values = np.where(bands == nodata, np.nan, bands * np.array(file.scales) + np.array(file.offsets))
            nodata = None
        if file.colorinterp[0].name == "palette":
            table = np.array([color[:3] for _, color in sorted(file.colormap(1).items())], np.uint8)
            values, nodata = table[bands[..., 0]], None
        if file.mask_flag_enums[0][0].name == "per_dataset" and len(file.mask_flag_enums[0]) == 1:
            values = np.concatenate([values, file.read_masks(1)[None, ..., None]], axis=3)
        has_alpha = any(kind.name == "alpha" for kind in file.colorinterp)
        t, crs = file.transform, file.crs
        matrix = np.array([[t.a, t.b, 0, t.c], [t.d, t.e, 0, t.f], [0, 0, 1, 0], [0, 0, 0, 1.0]])
        matrix[:3, 3] += matrix[:3, :3] @ (0.5, 0.5, 0)
        if nodata is not None and np.isnan(nodata):
            nodata = None
        spacing: tuple[float, float, float] | str = "any"
        if crs is not None and crs.is_projected:
            metres = crs.linear_units_factor[1] * 1000
            spacing = (1000.0, np.hypot(t.b, t.e) * metres, np.hypot(t.a, t.d) * metres)
        placed = not t.is_identity
        masked = file.mask_flag_enums[0][0].name == "per_dataset"
        lossy = file.tags(ns="IMAGE_STRUCTURE").get("SOURCE_COLOR_SPACE") == "YCbCr"
    values = without_full_alpha(values, "A" if has_alpha or masked else "")
    return Truth(values, matrix if placed else None, spacing, nodata, within=1e-6, lossy=lossy)


def by_pydicom(path: Path) -> Truth:
    """DICOM: pydicom's pixels, the values of frames by highdicom; slices in the order of their own positions."""
    values, matrix, nodata = dicom_oracle.read(path)
    return Truth(values, matrix, "any", nodata, within=1e-6)


def by_highdicom(path: Path) -> Truth:
    """Slides in DICOM, put together."""
    values, matrix, nodata = dicom_oracle.read_slide(path)
    return Truth(values, matrix, "any", nodata, within=1e-6)


ORACLES: dict[str, Callable[[Path], Truth]] = {
    "nifti": by_nibabel,
    "nrrd": by_simpleitk,
    "metaimage": by_simpleitk,
    "png": by_pillow,
    "jpeg": by_pillow,
    "bmp": by_pillow,
    "gif": by_pillow,
    "tiff": by_tifffile,
    "geotiff": by_gdal,
    "jp2": by_gdal,
    "ome-zarr": by_zarr,
    "npy": by_numpy,
    "dicom": by_pydicom,
    "dicom slide": by_highdicom,
}
"""Who is asked, by the id of the format (segstudio.io.formats); TIFF with a place on a map is "geotiff"."""

EXCEPTIONS = {
    "complex.nii.gz": "complex numbers are refused (docs/formats.md)",
    "gray.c8.tif": "complex numbers are refused",
    "gray.c16.tif": "complex numbers are refused",
    "sar_hh.tif": "complex numbers are refused",
    "sar_vv.tif": "complex numbers are refused",
    "g4_orientation_5.tif": "tifffile does not turn by the orientation tag; Pillow does (tests/io/test_reading.py)",
    "hopper.Lab.tif": "tifffile gives L*a*b*, we show RGB; compared with Pillow's in tests/io/test_reading.py",
    "tiff_strip_cmyk_jpeg.tif": "tifffile gives CMYK, we show RGB; compared with Pillow's in tests/io/test_reading.py",
    "tiff_tiled_cmyk_jpeg.tif": "tifffile gives CMYK, we show RGB; compared with Pillow's in tests/io/test_reading.py",
}
"""Files that are not compared, or differ on purpose, and why."""


# --- the comparison ---------------------------------------------------------------------------------------------------


def without_full_alpha(values: NDArray[np.generic], mode: str) -> NDArray[np.generic]:
    """We leave an alpha channel out that is the same everywhere, and say so."""
    return values[..., :-1] if mode.endswith("A") and (values[..., -1] == values.flat[-1]).all() else values


def oracle_of(path: Path) -> Callable[[Path], Truth] | None:
    """The row of a file; None for what no row knows."""
    try:
        kind = sniff(path).id
    except UserError:
        return None
    if kind == "tiff" and placed_on_a_map(path):
        kind = "geotiff"
        with suppress(UserError):  # what is refused is compared too, and told
            if np.prod(probe(path).shape) > LARGE:
                return None  # read by window in tests/io/test_maps.py
    return ORACLES.get(dicom_oracle.kind_of(path) if kind == "dicom" else kind)


def placed_on_a_map(path: Path) -> bool:
    import tifffile

    with tifffile.TiffFile(path, _multifile=False) as file:
        return any(tag in file.pages[0].tags for tag in (33550, 33922, 34264, 34735, 42113))


def difference(path: Path, oracle: Callable[[Path], Truth]) -> str:
    """In what the file is read otherwise than by the other library; "" where nothing differs."""
    found = open_image(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = oracle(path)
    values = truth.values
    if truth.matrix is not None:
        if found.info.grid is None:
            return "it has no place"
        values, apart = laid_out(values, truth.matrix, found.info)
        if apart:
            return apart
    if truth.lossy and found.pixels.shape == values.shape:
        apart_by = np.abs(found.pixels.astype(np.float64) - values)
        return "" if apart_by.mean() < 1 and apart_by.max() <= CHROMA else f"values differ by up to {apart_by.max():g}"
    return of_values(found, values, truth.within) or of_facts(found.info, truth)


def laid_out(values: NDArray[np.generic], matrix: Matrix, info: ImageInfo) -> tuple[NDArray[np.generic], str]:
    """The values with the axes in our order, and how far our places are from the library's where they are not equal."""
    assert info.grid is not None
    change = np.linalg.inv(matrix) @ info.grid.matrix  # our (column, row, slice) -> theirs
    whole = np.rint(change[:3, :3]).astype(int)
    if np.abs(change[:3, :3] - whole).max() > 1e-3 or not (np.abs(whole).sum(0) == 1).all():
        return values, f"its matrix differs:\n{info.grid.matrix}\n{matrix}"
    theirs = [int(np.abs(whole[:, ours]).argmax()) for ours in (2, 1, 0)]
    moved = values.transpose(*[2 - axis for axis in theirs], 3)
    flips = tuple(slice(None, None, int(whole[axis, ours])) for axis, ours in zip(theirs, (2, 1, 0), strict=True))
    corner = np.array([0 if whole[axis].max() > 0 else values.shape[2 - axis] - 1 for axis in range(3)])
    off = float(np.abs(change[:3, 3] - corner).max())
    return moved[flips], f"it lies {off:.3f} voxels off" if off > 0.01 else ""


def of_values(found: Reading, wanted: NDArray[np.generic], within: float) -> str:
    if found.pixels.shape != wanted.shape:
        return f"shape {found.pixels.shape}, should be {wanted.shape}"
    one, other = found.pixels.astype(np.float64), wanted.astype(np.float64)
    wrong = ~(
        (np.abs(one - other) <= within * np.maximum(1, np.abs(other)))
        | (np.isnan(one) & np.isnan(other))
        | (one == other)
    )
    return f"{int(wrong.sum()):,} of {wrong.size:,} values differ" if wrong.any() else ""


def of_facts(info: ImageInfo, truth: Truth) -> str:
    if info.nodata != truth.nodata:
        return f"nodata {info.nodata}, should be {truth.nodata}"
    if truth.spacing == "any":
        return ""
    scale = MILLIMETRES.get(info.unit)
    mine = None if info.spacing is None or scale is None else tuple(scale * side for side in info.spacing)
    if (mine is None) != (truth.spacing is None) or (mine and not np.allclose(mine, truth.spacing, rtol=1e-5)):  # type: ignore[arg-type]
        return f"spacing {mine} mm, should be {truth.spacing}"
    return ""


FOLDERS = (
    "acdc_cardiac_mr", "brain_mr_nrrd", "busi_breast_us", "camvid", "ct_mr_totalseg_nifti", "ct_totalseg_dicom",
    "cxr_lungs", "dicom_mr_series", "dicom_nema_wg04", "dicom_pydicom", "dicom_seg_dcmqi", "dicom_seg_sm_highdicom",
    "dicom_transfer_syntaxes", "drive", "dsb2018_nuclei", "dubai_aerial", "epfl_roads", "fcn_handbags",
    "geotiff_huge_cog", "geotiff_rasterio", "isbi2012_em", "kvasir_polyps", "neon_trees", "nifti_misc",
    "spacenet_solaris", "tiff_codecs_imagecodecs", "tiff_png_jpeg_pillow", "voc_labelme", "wsi_ome", "zurich_trees",
)  # fmt: skip
"""All of the data but the hostile files, which have tests of their own."""


@pytest.mark.parametrize("folder", FOLDERS)
def test_values_and_places_are_those_of_independent_libraries(shared_data: Path, folder: str) -> None:
    if not (shared_data / folder).is_dir():
        pytest.skip(f"data/{folder} is not here")
    wrong = []
    for path in sorted(one for one in (shared_data / folder).rglob("*") if one.is_file()):
        if path.name in EXCEPTIONS or (oracle := oracle_of(path)) is None:
            continue
        if said := difference(path, oracle):
            wrong.append(f"{path.relative_to(shared_data)}: {said}")
    assert not wrong, "\n".join(wrong)


def test_every_exception_is_still_one(shared_data: Path) -> None:
    for name in EXCEPTIONS:
        for path in shared_data.rglob(name):
            oracle = oracle_of(path)
            assert oracle is not None, name
            with pytest.raises((UserError, AssertionError)):
                assert not difference(path, oracle)


def test_no_folder_of_the_data_is_left_out(shared_data: Path) -> None:
    found = {path.name for path in shared_data.iterdir() if path.is_dir()} - {"hostile"}
    assert found <= set(FOLDERS)
