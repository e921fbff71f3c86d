"""Makes small files that harm or mislead a careless reader, each with the words its refusal has to hold."""

from __future__ import annotations

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
