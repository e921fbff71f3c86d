"""Read a DICOM file as a dataset, also one that lacks its preamble and its file meta information."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segstudio.io.formats import refusal

DEFERRED = 2**16
"""Bytes of a value above which it is not read where only the header is wanted."""

SYNTAXES = {
    (True, True): "1.2.840.10008.1.2", (False, True): "1.2.840.10008.1.2.1", (False, False): "1.2.840.10008.1.2.2",
}  # fmt: skip
"""Transfer syntaxes by whether the value representations are implicit, and the bytes little endian."""


def read_file(path: Path, *, pixels: bool = True) -> Any:
    """A file's header, and its pixels where they are wanted. Raises UserError for a damaged header."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        found = pydicom.dcmread(path, force=True, defer_size=None if pixels else DEFERRED)
    except InvalidDicomError as error:
        raise refusal(path, "Its DICOM header is damaged.", "Copy or export it again.") from error
    if "TransferSyntaxUID" not in found.file_meta and found.original_encoding in SYNTAXES:
        from pydicom.uid import UID

        found.file_meta.TransferSyntaxUID = UID(SYNTAXES[found.original_encoding])
    return found
