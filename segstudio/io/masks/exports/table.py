"""The formats that masks are written in, one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject

Writer = Callable[[Sequence[Subject], Path], list[Path]]
"""Writes the masks of all subjects into a folder, atomically (io.atomic), and returns the files."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A row: `writer` is "module:function", imported when first used; `frame` the kind of grid an image must have,
    unless its file is of one of the formats `alike` (ImageInfo.format), whose own voxels the mask then has; `loses`
    says in a few words what the format cannot keep."""

    id: str
    title: str
    writer: str
    frame: Literal["", "patient", "map"] = ""
    loses: str = ""
    together: bool = False
    """Whether the files of an export belong together, so that all images must be written at once."""
    alike: tuple[str, ...] = ()

    def fits(self, info: ImageInfo) -> bool:
        """Whether masks of such an image have a place in the format."""
        if not self.frame or info.format in self.alike:
            return True
        return info.grid is not None and info.grid.frame == self.frame

    def refusal(self, subject: Subject) -> UserError | None:
        """Why a subject cannot be written in this format, if so."""
        if self.fits(subject.info):
            return None
        place = "a patient" if self.frame == "patient" else "a map"
        return UserError(
            f"“{subject.name}” cannot be exported as {self.title}.",
            why=f"Its file does not say where its pixels lie in {place}.",
            hint="Choose another format.",
        )

    def load(self) -> Writer:
        """The function that writes the format."""
        module, _, name = self.writer.partition(":")
        found: Writer = getattr(import_module(f"segstudio.io.masks.exports.{module}"), name)
        return found


EXPORTS: tuple[ExportFormat, ...] = (
    ExportFormat("png", "Indexed PNG", "indexed_png:write", loses="spacing and position"),
    ExportFormat("tiff", "TIFF", "rasters:write_tiff", loses="spacing and position"),
    ExportFormat("geotiff", "GeoTIFF", "rasters:write_geotiff", "map"),
    ExportFormat(
        "geojson", "GeoJSON polygons", "polygons:write_geojson", "map", "what is background, and what unknown"
    ),
    ExportFormat("gpkg", "GeoPackage polygons", "polygons:write_gpkg", "map", "what is background, and what unknown"),
    ExportFormat(
        "nifti",
        "NIfTI label map",
        "nifti:write",
        "patient",
        "class names, and which pixels are unknown (background)",
        alike=("NIfTI", "ANALYZE"),
    ),
    ExportFormat(
        "seg-nrrd",
        "3D Slicer segmentation (.seg.nrrd)",
        "volumes:write_seg_nrrd",
        "patient",
        "which pixels are unknown (background)",
    ),
    ExportFormat("dicom-seg", "DICOM Segmentation", "dicom_seg:write", loses="what is background, and what unknown"),
    ExportFormat(
        "dicom-seg-deidentified",
        "DICOM Segmentation without the patient",
        "dicom_seg:write_deidentified",
        "",
        "names, identifiers, dates, and which images it belongs to (PS3.15 basic profile)",
        together=True,
    ),
    ExportFormat("rtstruct", "DICOM RT Structure Set", "rtstruct:write", loses="what is background, and what unknown"),
    ExportFormat(
        "coco",
        "COCO (run lengths)",
        "coco:write",
        loses="what is background, and what unknown; position",
        together=True,
    ),
    ExportFormat("voc", "Pascal VOC layout", "voc:write", loses="spacing and position", together=True),
    ExportFormat(
        "labelme", "labelme polygons", "labelme:write", loses="which pixels are unknown (background), position"
    ),
    ExportFormat(
        "yolo", "YOLO segmentation", "yolo:write", loses="what is background, and what unknown; position", together=True
    ),
    ExportFormat(
        "cityscapes", "Cityscapes layout", "cityscapes:write", loses="which pixels are unknown (background), position"
    ),
    ExportFormat("ome-zarr", "OME-Zarr labels", "omezarr:write", loses="which pixels are unknown (background)"),
    ExportFormat(
        "csv", "Measurements (CSV)", "measurements:write", loses="the outlines: it holds numbers only", together=True
    ),
)


def export_format(name: str) -> ExportFormat:
    """The row with this id. Raises UserError for an unknown one."""
    for row in EXPORTS:
        if row.id == name:
            return row
    raise UserError(f"“{name}” is no export format.", hint=f"Formats: {', '.join(row.id for row in EXPORTS)}.")
