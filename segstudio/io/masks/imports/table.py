"""The formats that masks are read from, one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import Labels

Reader = Callable[[Path, str, ImageInfo], Labels | None]
"""(the file or folder, the name of the image, its ImageInfo) -> its labels, or None where the file has none for this
image. The name is an `ImageName` where images of a project may share one (masks.names). Raises UserError for what
cannot be read or does not fit the image."""


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """A row: `reader` is "module:function" of this folder, imported when first used; `suffixes` are those of the files
    (lower case, with the dot), () for folders."""

    id: str
    title: str
    reader: str
    suffixes: tuple[str, ...] = ()
    many: bool = False
    """Whether one file may hold the masks of several images."""

    of_image: bool = False
    """Whether the masks refer to the file of the image, which the reader then takes too (`source`)."""

    def read(self, path: Path, name: str, info: ImageInfo, source: Path | None = None) -> Labels | None:
        """The labels of an image; `source` is its file. Raises UserError as the reader."""
        reader: Callable[..., Labels | None] = self.load()
        return reader(path, name, info, source) if self.of_image else reader(path, name, info)

    def load(self) -> Reader:
        """The function that reads the format."""
        module, _, name = self.reader.partition(":")
        found: Reader = getattr(import_module(f"segstudio.io.masks.imports.{module}"), name)
        return found


IMPORTS: tuple[ImportFormat, ...] = (
    ImportFormat("png", "Indexed PNG", "pictures:read", (".png",)),
    ImportFormat("tiff", "TIFF", "pictures:read", (".tif", ".tiff")),
    ImportFormat("geotiff", "GeoTIFF", "pictures:read", (".tif", ".tiff")),
    ImportFormat("npy", "NumPy array of class ids", "pictures:read", (".npy",)),
    ImportFormat("geojson", "GeoJSON polygons", "polygons:read", (".geojson",)),
    ImportFormat("gpkg", "GeoPackage polygons", "polygons:read", (".gpkg",)),
    ImportFormat("nifti", "NIfTI label map", "volumes:read", (".nii", ".nii.gz")),
    ImportFormat("seg-nrrd", "3D Slicer segmentation, NRRD", "volumes:read", (".nrrd", ".nhdr")),
    ImportFormat("metaimage", "MetaImage label map", "volumes:read", (".mha", ".mhd")),
    ImportFormat("dicom-seg", "DICOM Segmentation", "dicom_seg:read", (".dcm",), of_image=True),
    ImportFormat("rtstruct", "DICOM RT Structure Set", "rtstruct:read", (".dcm",), of_image=True),
    ImportFormat("coco", "COCO", "coco:read", (".json",), many=True),
    ImportFormat("voc", "Pascal VOC layout", "voc:read"),
    ImportFormat("labelme", "labelme, X-AnyLabeling, ISAT", "labelme:read", (".json",)),
    ImportFormat("yolo", "YOLO segmentation", "yolo:read", (".txt",)),
    ImportFormat("ome-zarr", "OME-Zarr labels", "omezarr:read"),
    ImportFormat("cityscapes", "Cityscapes layout", "cityscapes:read", (".json",)),
)


def import_format(name: str) -> ImportFormat:
    """The row with this id. Raises UserError for an unknown one."""
    for row in IMPORTS:
        if row.id == name:
            return row
    raise UserError(f"“{name}” is no import format.", hint=f"Formats: {', '.join(row.id for row in IMPORTS)}.")
