"""Checksums that bind a stored tile to its place: a sound tile in the wrong place is damage, too."""

from __future__ import annotations

from zlib import crc32


def tile_sum(image: int, layer: int, plane: str, z: int, ty: int, tx: int, frame: bytes, version: int) -> int:
    """CRC-32 of a row of the table `tile`: of `image layer plane z ty tx version ` and the frame."""
    return crc32(frame, crc32(f"{image} {layer} {plane} {z} {ty} {tx} {version} ".encode()))


def step_sum(edit: int, z: int, ty: int, tx: int, before: bytes, after: bytes) -> int:
    """CRC-32 of a row of the table `edit_tile`: of `edit z ty tx ` and both frames."""
    return crc32(after, crc32(before, crc32(f"{edit} {z} {ty} {tx} ".encode())))
