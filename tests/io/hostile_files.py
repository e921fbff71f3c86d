"""Makes small files that harm or mislead a careless reader, each with the words its refusal has to hold."""

from __future__ import annotations

import gzip
import json
import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

REFUSALS = {
    "truncated.png": "ends too early",
    "truncated.jpg": "ends too early",
    "text.png": "It is a text file, not a PNG image",
    "empty.png": "empty (0 bytes)",
    "zeros.png": "only zero bytes",
    "huge.png": "3,600,000,000 bytes of pixels, the limit is 1,572,864,000 bytes",
    "folder": "It is a folder",
    "missing.png": "There is no such file",
    "bomb.png": "Its text notes unpack to far more",
    "huge.tif": "10,000,000,000 bytes of pixels",
    "truncated.tif": "part of the image is missing",
    "complex.tif": "complex64 cannot be shown",
    "wide_tile.tif": "One block of it needs",
    "huge.nii": "bytes of pixels, the limit is",
    "bomb.nii.gz": "bytes of pixels, the limit is",
    "cut.nii.gz": "ends too early",
    "noise.nii.gz": "no known image format",
    "elsewhere.nhdr": "outside its own folder",
    "elsewhere.mhd": "outside its own folder",
    "lost.mhd": "is missing",
    "cut.dcm": "ends too early",
    "liar.dcm": "bytes of pixels, the limit is",
    "pickle.npy": "cannot be shown as an image",
    "weights.pth": "no known image format",
    "table.npz": "no known image format",
    "entities.svg": "It is a text file",
    "cut.jp2": "damaged",
    "pickled.zarr": "pickle",
    "outside.zarr": "outside",
    "linked.zarr": "outside",
    "chunk.zarr": "chunk",
    "huge.zarr": "bytes of pixels",
    "cut.zarr": "damaged",
    "empty.zarr": "It is a folder",
}


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk with length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(columns: int, rows: int, *more: bytes) -> bytes:
    """A grey 8-bit PNG header with further chunks."""
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IEND", b"")


def tiff(*tags: tuple[int, int, int, int], following: int = 0) -> bytes:
    """A little-endian TIFF with one directory of (code, type, count, value) and no pixels."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", following)


def header(columns: int, rows: int) -> tuple[tuple[int, int, int, int], ...]:
    """The tags of a grey 8-bit image in one strip."""
    return (
        (256, 4, 1, columns), (257, 4, 1, rows), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8), (278, 4, 1, rows), (279, 4, 1, 50),
    )  # fmt: skip


def make(folder: Path) -> None:
    """Write all the files of REFUSALS but the missing one."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    for name in ("whole.png", "whole.jpg"):
        Image.fromarray(noise).save(folder / name)
        data = (folder / name).read_bytes()
        (folder / name.replace("whole", "truncated")).write_bytes(data[: len(data) // 2])
    tifffile.imwrite(folder / "whole.tif", noise)
    (folder / "truncated.tif").write_bytes((folder / "whole.tif").read_bytes()[:-500])
    (folder / "text.png").write_text("Dear reader,\nthis is no image.\n", encoding="utf-8")
    (folder / "empty.png").touch()
    (folder / "zeros.png").write_bytes(bytes(1000))
    (folder / "huge.png").write_bytes(png(60_000, 60_000))
    (folder / "folder").mkdir()
    bomb = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(50_000_000), 9))
    (folder / "bomb.png").write_bytes(png(1, 1, bomb, chunk(b"IDAT", zlib.compress(b"\0\0"))))
    huge = tiff(*header(100_000, 100_000))
    assert len(huge) <= 122
    (folder / "huge.tif").write_bytes(huge)
    tifffile.imwrite(folder / "complex.tif", noise.astype(np.complex64))
    wide = (
        (256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1),
        (322, 4, 1, 65_536), (323, 4, 1, 65_536), (324, 4, 1, 8), (325, 4, 1, 50),
    )  # fmt: skip
    (folder / "wide_tile.tif").write_bytes(tiff(*wide))
    volumes(folder, noise)
    dicom(folder, noise)
    np.save(folder / "pickle.npy", np.array([{"run": "me"}], object), allow_pickle=True)
    np.savez(folder / "table.npz", noise)
    (folder / "weights.pth").write_bytes(pickle.dumps({"state": list(range(200))}))
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 9))
    (folder / "entities.svg").write_text(f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><x>&l8;</x>')
    stores(folder, noise)
    (folder / "cut.jp2").write_bytes(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(range(100)))


def nifti(columns: int, rows: int, slices: int) -> bytes:
    """A NIfTI-1 header of 352 bytes: int16 voxels of 1 mm."""
    header_ = bytearray(352)
    struct.pack_into("<i", header_, 0, 348)
    struct.pack_into("<8h", header_, 40, 3, columns, rows, slices, 1, 1, 1, 1)
    struct.pack_into("<hh", header_, 70, 4, 16)
    struct.pack_into("<8f", header_, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", header_, 108, 352)
    header_[344:348] = b"n+1\0"
    return bytes(header_)


def volumes(folder: Path, noise: np.ndarray) -> None:
    """NIfTI, NRRD and MetaImage that are cut off, lie, or lead out of their folder."""
    (folder / "huge.nii").write_bytes(nifti(32_000, 32_000, 32_000))
    with gzip.open(folder / "bomb.nii.gz", "wb", 9) as file:
        file.write(nifti(30_000, 30_000, 10) + bytes(50_000_000))
    whole = gzip.compress(nifti(64, 64, 8) + noise.tobytes() * 16)
    (folder / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "noise.nii.gz").write_bytes(b"\x1f\x8b" + noise.tobytes())
    (folder.parent / "secret.raw").write_bytes(bytes(64 * 64))
    space = "space: left-posterior-superior\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n"
    (folder / "elsewhere.nhdr").write_text(
        f"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 64 64 1\n{space}encoding: raw\ndata file: ../secret.raw\n\n"
    )
    meta = "ObjectType = Image\nNDims = 3\nDimSize = 64 64 1\nElementType = MET_UCHAR\nElementDataFile = "
    (folder / "elsewhere.mhd").write_text(f"{meta}../secret.raw\n")
    (folder / "lost.mhd").write_text(f"{meta}lost.raw\n")


def dicom(folder: Path, noise: np.ndarray) -> None:
    """DICOM whose pixels are cut off, one whose header asks for far more than it holds, and slides whose tiles do not fit
    the picture they promise or lie a million pixels apart."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    for name, rows in (("cut.dcm", 64), ("liar.dcm", 60_000)):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made = FileDataset(name, {}, file_meta=meta, preamble=bytes(128))
        made.Rows, made.Columns, made.SamplesPerPixel, made.PhotometricInterpretation = rows, rows, 1, "MONOCHROME2"
        made.BitsAllocated = made.BitsStored = 8
        made.HighBit, made.PixelRepresentation, made.PixelData = 7, 0, noise[:40].tobytes()
        made.save_as(folder / name)
    made.Rows = made.Columns = 64
    made.Modality, made.PixelData, made.NumberOfFrames = "SM", noise[:64].tobytes(), 1
    made.TotalPixelMatrixRows = made.TotalPixelMatrixColumns = 100_000
    made.save_as(folder / "tiles.dcm")
    place, group = Dataset(), Dataset()
    place.RowPositionInTotalImagePixelMatrix = place.ColumnPositionInTotalImagePixelMatrix = 1_000_000
    group.PlanePositionSlideSequence = [place]
    made.PerFrameFunctionalGroupsSequence = [group]
    made.TotalPixelMatrixRows = made.TotalPixelMatrixColumns = 1_000_100
    made.save_as(folder / "apart.dcm")


def stores(folder: Path, noise: np.ndarray) -> None:
    """OME-Zarr folders (NGFF 0.4) that name a pickle, lead out of the folder, lie, or are damaged."""

    def store(name: str, path: str = "0", **array: object) -> Path:
        place = folder / name
        (place / "0").mkdir(parents=True)
        axes = [{"name": name, "type": "space"} for name in "yx"]
        level = {"path": path, "coordinateTransformations": [{"type": "scale", "scale": [1, 1]}]}
        attributes = {"multiscales": [{"version": "0.4", "axes": axes, "datasets": [level]}]}
        (place / ".zattrs").write_text(json.dumps(attributes))
        (place / ".zgroup").write_text('{"zarr_format": 2}')
        header = {"zarr_format": 2, "shape": [64, 64], "chunks": [64, 64], "dtype": "|u1", "compressor": None,
                  "fill_value": 0, "order": "C", "filters": None, "dimension_separator": "/"}  # fmt: skip
        (place / "0" / ".zarray").write_text(json.dumps(header | array))
        (place / "0" / "0").mkdir()
        (place / "0" / "0" / "0").write_bytes(noise.tobytes())
        return place

    store("pickled.zarr", filters=[{"id": "pickle", "protocol": 5}])
    store("outside.zarr", "../whole.zarr/0")
    linked = store("linked.zarr")
    (linked / "0").rename(folder.parent / "elsewhere")
    (linked / "0").symlink_to(folder.parent / "elsewhere")
    store("chunk.zarr", shape=[10**7, 10**7], chunks=[10**7, 10**7])
    store("huge.zarr", shape=[10**7, 10**7])
    (store("cut.zarr") / "0" / "0" / "0").write_bytes(noise.tobytes()[:1000])
    (folder / "empty.zarr").mkdir()
