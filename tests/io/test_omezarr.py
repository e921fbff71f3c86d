"""OME-Zarr: images written by zarr itself, in every version, whole and by window; labels; what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from segstudio.core.classes import ClassTable
from segstudio.core.geometry import Box
from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.masks.importing import format_of
from segstudio.io.masks.imports.table import import_format
from segstudio.io.reading import open_image, probe
from segstudio.io.windowed.image import open_windowed
from segstudio.project.paths import content_digest
from segstudio.worker.client import Reader

KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


def store(folder: Path, values: np.ndarray, axes: str, version: str = "0.4", levels: int = 3) -> Path:
    """An image as the specification says, written by zarr."""
    v3 = version == "0.5"
    sets = []
    for level in range(levels):
        part = values[..., :: 2**level, :: 2**level]
        array = zarr.create_array(
            store=str(folder / str(level)), shape=part.shape, chunks=(*(1,) * (part.ndim - 2), 64, 64),
            dtype=part.dtype, zarr_format=3 if v3 else 2,
        )  # fmt: skip
        array[...] = part
        scale = [1.0] * (part.ndim - 2) + [0.5 * 2**level, 0.25 * 2**level]
        if "z" in axes:
            scale[axes.index("z")] = 2.0
        sets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    named = [{"name": a, "type": KINDS[a], **({"unit": "micrometer"} if a in "zyx" else {})} for a in axes]
    said: dict[str, Any] = {"multiscales": [{"version": version, "axes": named, "datasets": sets}]}
    if "c" in axes:
        channels = values.shape[axes.index("c")]
        said["omero"] = {"channels": [{"label": f"stain {i}", "color": "FFFFFF"} for i in range(channels)]}
    if v3:
        said["version"] = version
        whole = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": said}}
        (folder / "zarr.json").write_text(json.dumps(whole))
    else:
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
        (folder / ".zattrs").write_text(json.dumps(said))
    return folder


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize(
    ("axes", "shape"),
    [("tczyx", (2, 3, 4, 150, 200)), ("cyx", (2, 150, 200)), ("zyx", (5, 150, 200)), ("yx", (150, 201))],
)
def test_images_of_every_layout_are_read_whole_and_by_window(
    tmp_path: Path, version: str, axes: str, shape: tuple[int, ...]
) -> None:
    values = np.random.default_rng(0).integers(0, 5000, shape).astype(np.uint16)
    path = store(tmp_path / "a.ome.zarr", values, axes, version)
    with Reader() as reader:
        info, pixels = reader.image(path)
        pixels = np.array(pixels)
    full = values.reshape([shape[axes.index(a)] if a in axes else 1 for a in "tczyx"])
    expected = full.transpose(0, 2, 3, 4, 1).reshape(-1, *shape[-2:], full.shape[1])
    np.testing.assert_array_equal(pixels, expected)
    assert info.format == "OME-Zarr" and info.unit == "µm" and info.spacing == (2.0 if "z" in axes else 1.0, 0.5, 0.25)
    if "c" in axes:
        assert info.channel_names[0] == "stain 0" and info.channels == full.shape[1]
    file = open_windowed(path, 2**20)
    assert file is not None and file.factors == (1, 2, 4) and file.block == (64, 64)
    for level, factor in enumerate(file.factors):
        small = expected[:, ::factor, ::factor]
        box = Box(0, 5, 7, small.shape[1], small.shape[2])
        np.testing.assert_array_equal(file.read(len(expected) - 1, level, box), small[-1, 5:, 7:])
    file.close()


def test_two_images_of_one_shape_are_told_apart(tmp_path: Path) -> None:
    one = store(tmp_path / "a.zarr", np.zeros((80, 80), np.uint8), "yx")
    two = store(tmp_path / "b.zarr", np.ones((80, 80), np.uint8), "yx")
    assert content_digest(one) != content_digest(two) and content_digest(one) == content_digest(one)


def test_labels_keep_their_names_pass_the_model_and_are_found_in_the_image(tmp_path: Path) -> None:
    from ome_zarr_models.v04.image_label import ImageLabel

    image = store(tmp_path / "scan.ome.zarr", np.zeros((3, 700, 900), np.uint8), "zyx")
    info = probe(image)
    classes = ClassTable()
    classes.add("Kern “1”", "#e45756")
    classes.add("Rand", "#2f9bff")
    mask = np.random.default_rng(2).integers(0, 3, info.shape).astype(np.uint8)
    subject = Subject("scan.ome.zarr", "scan", image, info, classes, lambda box: mask[box.z, box.rows, box.columns])
    out = tmp_path / "out"
    out.mkdir()
    path = export_format("ome-zarr").load()([subject], out)[0]
    export_format("ome-zarr").load()([subject], out)  # writing it again replaces it
    group = zarr.open_group(str(path / "labels/masks"), mode="r")
    label = ImageLabel.from_zarr(group)
    assert [one.label_value for one in label.attributes.image_label.colors] == [1, 2]
    np.testing.assert_array_equal(group["0"][...], mask)
    np.testing.assert_array_equal(group["1"][...], mask[:, ::2, ::2])
    assert group["0"].chunks == (1, 512, 512)
    shutil.copytree(path / "labels", image / "labels")
    assert format_of(image) == "ome-zarr"
    with Reader() as reader:
        found = reader.labels(image, "ome-zarr", "scan.ome.zarr", info)
    assert found is not None
    np.testing.assert_array_equal(found.mask, mask)
    assert [(one.name, one.color) for one in found.classes] == [("Kern “1”", "#e45756"), ("Rand", "#2f9bff")]


def test_instances_without_names_become_one_class(tmp_path: Path) -> None:
    image = store(tmp_path / "cells.zarr", np.zeros((1, 90, 90), np.uint8), "zyx")
    values = np.arange(90 * 90, dtype=np.int32).reshape(1, 90, 90) // 30
    store(image / "labels/nuclei", values, "zyx", levels=1)
    (image / "labels/.zattrs").write_text('{"labels": ["nuclei"]}')
    found = import_format("ome-zarr").load()(image, "cells", probe(image))
    assert found is not None and [one.name for one in found.classes] == ["nuclei"]
    np.testing.assert_array_equal(found.mask == 1, values != 0)


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_could_do_harm_is_refused_in_one_sentence(tmp_path: Path) -> None:
    def made(name: str) -> Path:
        return store(tmp_path / name, np.zeros((80, 80), np.uint8), "yx")

    pickled, outside, linked, bomb = (made(f"{name}.zarr") for name in ("pickled", "outside", "linked", "bomb"))
    change(pickled / "0/.zarray", filters=[{"id": "pickle", "protocol": 5}])
    (outside / ".zattrs").write_text((outside / ".zattrs").read_text().replace('"0"', '"../linked.zarr/0"'))
    (linked / "0").rename(tmp_path / "elsewhere")
    (linked / "0").symlink_to(tmp_path / "elsewhere")
    change(bomb / "0/.zarray", shape=[10**7, 10**7], chunks=[10**7, 10**7])
    for path, word in ((pickled, "pickle"), (outside, "outside"), (linked, "outside"), (bomb, "chunk")):
        with pytest.raises(UserError) as error:
            open_image(path)
        assert word in error.value.sentence
    change(bomb / "0/.zarray", chunks=[64, 64])
    with pytest.raises(UserError, match="too large"):
        open_image(bomb)
    for text in ("{ multiscales", '["multiscales"]', '{"multiscales": []}', '{"multiscales": [{"datasets": 3}]}'):
        (bomb / ".zattrs").write_text(text)
        with pytest.raises(UserError):
            open_image(bomb)
