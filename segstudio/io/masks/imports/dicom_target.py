"""The image that the masks of a DICOM object are laid on: where its slices lie, and how DICOM names them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.image import ImageInfo
from segstudio.io.dicom.file import read_file
from segstudio.io.dicom.phases import Slice
from segstudio.io.dicom.place import place_of
from segstudio.io.dicom.series import is_dicom, series_of
from segstudio.io.dicom.slide import tiling_of

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelTarget:
    """`planes` has for each slice the 4 x 4 matrix from (column, row, mm above the slice, 1) to LPS in mm; None where
    the image does not say where it lies. `slices` finds a slice by what names it, (SOP Instance UID, frame
    number or 0). `thickness` is the distance of neighbours in mm, `reference` the frame of reference,
    "" where the image has none.
    """

    info: ImageInfo
    planes: Matrix | None
    thickness: float
    reference: str
    slices: dict[tuple[str, int], int] = field(default_factory=dict)

    def named(self, images: Any) -> int | None:
        """The slice that one of the items of a sequence of referenced images names; None where none does."""
        for item in images or ():
            uid, frames = str(item.get("ReferencedSOPInstanceUID", "")), item.get("ReferencedFrameNumber") or 0
            for frame in [frames] if isinstance(frames, (int, str)) else list(frames):
                found = self.slices.get((uid, int(frame)), self.slices.get((uid, 0)))
                if found is not None:
                    return found
        return None

    def nearest(self, point: Matrix) -> tuple[int, float]:
        """The slice whose plane is nearest to a place (LPS in mm), and how many mm it is away."""
        assert self.planes is not None
        above = np.einsum("zi,zi->z", point - self.planes[:, :3, 3], self.planes[:, :3, 2])
        z = int(np.abs(above).argmin())
        return z, float(above[z])


def target_of(info: ImageInfo, source: Path | None) -> LabelTarget:
    """What is known of an image from its info and, where it is DICOM, from its files."""
    if source is not None and is_dicom(source):
        found = _of_files(info, source)
        if found is not None:
            return found
    if info.grid is None or info.grid.frame != "patient":
        return LabelTarget(info, None, 1.0, "")
    matrix = info.grid.matrix
    planes = np.tile(matrix, (info.shape[0], 1, 1))
    planes[:, :3, 3] += matrix[:3, 2] * np.arange(info.shape[0])[:, None]
    normal = np.cross(matrix[:3, 0], matrix[:3, 1])
    normal *= np.sign(normal @ matrix[:3, 2]) / np.linalg.norm(normal)
    planes[:, :3, 2] = normal
    return LabelTarget(info, planes, abs(float(normal @ matrix[:3, 2])), info.grid.reference)


def _of_files(info: ImageInfo, source: Path) -> LabelTarget | None:
    """None where the files are not those any more that the image was read from."""
    first = read_file(source, pixels=False)
    frames = int(first.get("NumberOfFrames", 1) or 1)
    files = [Slice(source, first)] if frames > 1 else series_of(source, first)
    headers = [one.header for one in files]
    uids = [str(one.get("SOPInstanceUID", "")) for one in headers]
    if tiling_of(source, first) is not None:
        return LabelTarget(info, None, 1.0, str(first.get("FrameOfReferenceUID") or ""), {(uids[0], 0): 0})
    if max(len(files), frames) != info.shape[0]:
        return None
    place = place_of(headers, frames)
    if frames > 1:
        order = place.order or range(frames)
        slices = {(uids[0], frame + 1): z for z, frame in enumerate(order)}
    else:
        slices = {(uid, 0): z for z, uid in enumerate(uids) if uid}
    thickness = place.spacing[0] if place.spacing else 1.0
    return LabelTarget(info, place.planes, thickness, str(first.get("FrameOfReferenceUID") or ""), slices)
