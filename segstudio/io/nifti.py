"""NIfTI-1 and NIfTI-2, packed or not, in one file or two, and ANALYZE 7.5, through nibabel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.io.formats import refusal
from segstudio.io.orientation import TO_LPS
from segstudio.io.reading import Decoded
from segstudio.io.scaling import rescaled, scaled_type
from segstudio.io.volume import Volume, decoded

MILLIMETRES = {"meter": 1000.0, "mm": 1.0, "micron": 0.001}
"""Of nibabel's units; a file that names none is taken to mean millimetres, as everybody does."""


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The volume of a file. A fourth axis (time, modality) and a fifth become channels.

    `sform` comes before `qform` (nibabel's rule); without either there is spacing but no position. Values are
    multiplied by scl_slope and moved by scl_inter where the file asks for it (io.scaling).
    """
    return decoded(path, read_header(path), budget, pixels=pixels)


def read_header(path: Path) -> Volume:
    """What the file says of its voxels. Raises UserError for what is no image."""
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    if path.suffix.lower() == ".hdr":
        _check_voxels(path)
    try:
        image: Any = nibabel.load(path)
    except ImageFileError as error:
        raise refusal(path, "Its NIfTI header is damaged.", "Copy or export it again.") from error
    header = image.header
    shape = tuple(int(side) for side in image.shape)
    stored = np.dtype(header.get_data_dtype())
    color = stored.names is not None
    if color and set(stored.names or ()) - {"R", "G", "B", "A"}:
        raise refusal(path, f"Voxels of type {stored} cannot be shown.", "Export integers or real numbers.")
    if len(shape) < 2 or min(shape) < 1:
        raise refusal(path, f"Its header gives an image of {shape}.", "It is damaged; copy it again.")
    spatial, rest = (*shape, 1)[:3], shape[3:]
    channels = int(np.prod(rest, dtype=object)) if rest else 1
    stored = stored.newbyteorder("=") if not color else stored
    # nibabel keeps them here; the header it gives says None once a file is loaded
    slope, inter = (1.0, 0.0) if color else (float(image.dataobj.slope), float(image.dataobj.inter))
    scaled = (slope, inter) != (1.0, 0.0)
    dtype = np.dtype(np.uint8) if color else scaled_type(stored, slope, inter)
    nifti = "sform_code" in header  # ANALYZE has neither units nor a position that programs agree on
    unit = MILLIMETRES.get(header.get_xyzt_units()[0], 1.0) if nifti else 1.0
    placed = nifti and (int(header["sform_code"]) or int(header["qform_code"]))
    matrix = TO_LPS @ image.affine if placed else None
    if matrix is not None:
        matrix[:3] *= unit
    zooms = (*(float(zoom) * unit for zoom in header.get_zooms()), 1.0)[:3]
    notes = ("Values are scaled as the file asks (scl_slope, scl_inter).",) if scaled else ()

    def load() -> NDArray[np.generic]:
        values = image.dataobj.get_unscaled()
        if color:
            names = [name for name in ("R", "G", "B", "A") if name in (stored.names or ())]
            return np.stack([values[name] for name in names], -1)
        return rescaled(np.asarray(values), slope, inter, dtype) if scaled else np.asarray(values)

    title, channels = "NIfTI" if nifti else "ANALYZE", len(stored.names or ()) if color else channels
    return Volume(
        title, (spatial[0], spatial[1], spatial[2]), channels, dtype, matrix, load, (zooms[0], zooms[1], zooms[2]),
        notes, color, step=abs(slope) if scaled else 0.0,
    )  # fmt: skip


def _check_voxels(path: Path) -> None:
    """The voxels of a header of its own lie beside it: NAME.hdr, NAME.img."""
    place = next((one for one in (path.with_suffix(".img"), path.with_suffix(".IMG")) if one.exists()), None)
    if place is None:
        why = f"It is a header only; its voxels, “{path.stem}.img”, are missing."
        raise refusal(path, why, "Copy them into the same folder.")
    if place.resolve().parent != path.parent.resolve():
        raise refusal(path, "Its voxels lie outside its own folder.", "Copy them into the same folder.")
