"""Pairs by name, atomic writing, digests and limits."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.digest import content_hash
from segstudio.io.masks.pairs import pairs


def _touch(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(("image", "mask"), [
    ("1.jpg", "1.png"), ("a.tif", "a_mask.gif"), ("21_training.tif", "21_manual1.gif"), ("x.png", "x_L.png"),
    ("0001.png", "0001_GT.png"), ("pencil.png", "pencil.png"), ("A1.PNG", "a1_label.png"),
])  # fmt: skip
def test_images_and_masks_are_matched_by_name(tmp_path: Path, image: str, mask: str):
    images, masks = _touch(tmp_path / "images", image, "other.png"), _touch(tmp_path / "masks", mask, "zzz.png")
    assert pairs(images, masks) == [(images / image, masks / mask)]


def test_pairs_come_in_natural_order_and_the_same_name_wins(tmp_path: Path):
    images = _touch(tmp_path / "images", "10.png", "9.png", "notes.txt")
    masks = _touch(tmp_path / "masks", "9.png", "9_mask.png", "10.png")
    assert [mask.name for _, mask in pairs(images, masks)] == ["9.png", "10.png"]


def test_masks_beside_their_images_are_found(tmp_path: Path):
    both = _touch(tmp_path / "both", "a.png", "a_mask.png")
    assert pairs(both, both) == [(both / "a.png", both / "a_mask.png")]


def test_folders_without_a_match_are_refused(tmp_path: Path):
    images, masks = _touch(tmp_path / "images", "a.png"), _touch(tmp_path / "masks", "b.png")
    with pytest.raises(UserError, match="No image has a mask"):
        pairs(images, masks)
    with pytest.raises(UserError, match="no folder"):
        pairs(images, tmp_path / "nowhere")


def test_all_vessel_images_find_their_masks(shared_data: Path):
    folder = shared_data / "drive" / "training"
    found = pairs(folder / "images", folder / "1st_manual")
    assert len(found) == len(list((folder / "images").glob("*.tif")))
    assert all(image.name[:2] == mask.name[:2] for image, mask in found)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as scratch:
        scratch.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with replacing(path) as scratch:
        scratch.write_bytes(b"new")
        assert scratch.parent == path.parent
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_links_folders_and_missing_places_are_not_written_to(tmp_path: Path):
    (tmp_path / "real").write_bytes(b"kept")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    for name in ("link", "folder", "missing/file"):
        with pytest.raises(UserError, match="was not written"), replacing(tmp_path / name) as scratch:
            scratch.write_bytes(b"lost")
    assert (tmp_path / "real").read_bytes() == b"kept"


def test_the_digest_is_the_sha256_of_the_bytes(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"abc" * 1_000_000)
    assert content_hash(tmp_path / "file") == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces an address space limit")
def test_the_memory_limit_turns_greed_into_a_memory_error():
    code = "from segstudio.io import limits; limits.apply(10**9, 10); bytearray(2 * 10**9)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
