"""The command line: what it says, what it writes, and how it fails."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from segstudio.cli.main import run
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.io.digest import content_hash
from segstudio.models.card import read_card
from segstudio.models.weights import load, save
from segstudio.project.store import Store


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders i and m: small noisy images of bright squares, and their 0/255 masks."""
    folder = tmp_path_factory.mktemp("blobs")
    random = np.random.default_rng(0)
    for name in ("i", "m"):
        (folder / name).mkdir()
    for number in range(6):
        mask = np.zeros((64, 64), np.uint8)
        for row, column in random.integers(4, 44, (3, 2)):
            mask[row : row + 14, column : column + 14] = 255
        image = np.clip(60 + mask * 0.5 + random.normal(0, 12, mask.shape), 0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / "i" / f"{number}.png")
        Image.fromarray(mask).save(folder / "m" / f"{number}.png")
    return folder


def test_info_says_what_a_file_holds(blobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(blobs / "i" / "0.png")]) == 0
    assert "PNG, 64 x 64 pixels, 1 channel, uint8" in capsys.readouterr().out
    assert run(["info", "--json", str(blobs / "i" / "0.png")]) == 0
    assert json.loads(capsys.readouterr().out)["shape"] == [1, 64, 64]


def png_header(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def test_info_refuses_what_is_no_image_in_one_sentence(
    blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (blobs / "i" / "0.png").read_bytes()
    bad = {
        "truncated.png": (good[: len(good) // 2], "ends too early"),
        "text.png": (b"just some words", "text file"),
        "empty.png": (b"", "empty"),
        "huge.png": (png_header(60_000), "60,000"),
    }
    for name, (content, reason) in bad.items():
        (tmp_path / name).write_bytes(content)
        start = time.monotonic()
        assert run(["info", str(tmp_path / name)]) == 1
        said = capsys.readouterr().err
        assert name in said and reason in said and said.count("\n") == 1
        assert time.monotonic() - start < 5
    for path in (tmp_path, tmp_path / "missing.png"):
        assert run(["info", str(path)]) == 1
        assert path.name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("network", "options"),
    [("unet", ["--width", "8", "--depth", "2"]), ("segnet", ["--width", "4"]), ("fcn8s", ["--width", "4"])],
)
def test_training_predicting_and_evaluating_work_for_each_network(
    network: str, options: list[str], blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.safetensors"
    folders = ["--images", str(blobs / "i"), "--masks", str(blobs / "m")]
    assert run(["train", *folders, "-o", str(model), "--model", network, *options, "--steps", "30"]) == 0
    assert "training" in capsys.readouterr().err
    assert read_card(model).architecture == network
    files = [str(path) for path in sorted((blobs / "i").glob("*.png"))]
    assert run(["predict", "--model", str(model), "-o", str(tmp_path / "p"), *files]) == 0
    with Image.open(tmp_path / "p" / "0.png") as mask:
        assert mask.mode == "P" and mask.size == (64, 64)
    capsys.readouterr()
    assert run(["evaluate", "--pred", str(tmp_path / "p"), "--truth", str(blobs / "m"), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["images"] == 6
    if network == "unet":
        assert scores["pooled"]["classes"][1]["dice"] > 0.5


def test_a_model_for_other_channels_is_refused(blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "m.safetensors"
    folders = ["--images", str(blobs / "i"), "--masks", str(blobs / "m")]
    assert run(["train", *folders, "-o", str(model), "--width", "4", "--depth", "1", "--steps", "1"]) == 0
    bands = np.random.default_rng(0).integers(0, 255, (5, 20, 20)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "bands.tif", bands, photometric="minisblack", planarconfig="separate")
    assert run(["predict", "--model", str(model), "-o", str(tmp_path / "p"), str(tmp_path / "bands.tif")]) == 1
    said = capsys.readouterr().err
    assert "1 channel," in said and "has 5" in said


def test_a_perfect_prediction_scores_one(blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (blobs / "m").glob("*.png"):
        Image.fromarray((np.asarray(Image.open(path)) > 0).astype(np.uint8)).save(tmp_path / path.name)
    assert run(["evaluate", "--pred", str(tmp_path), "--truth", str(blobs / "m"), "--json"]) == 0
    classes = json.loads(capsys.readouterr().out)["pooled"]["classes"]
    assert [one["dice"] for one in classes] == [1.0, 1.0]


def test_a_baseline_writes_masks_and_names_a_wrong_option(
    blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = str(blobs / "i" / "0.png")
    assert run(["baseline", "otsu", "-o", str(tmp_path), "--set", "smoothing=1.0", image]) == 0
    found = np.asarray(Image.open(tmp_path / "0.png"))
    truth = np.asarray(Image.open(blobs / "m" / "0.png")) > 0
    assert ((found == 1) == truth).mean() > 0.9
    assert run(["baseline", "otsu", "-o", str(tmp_path), "--set", "nonsense=1", image]) == 1
    assert "nonsense" in capsys.readouterr().err


def test_export_writes_the_mask_of_a_project(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "project")
    document = Document()
    document.classes.add("Cell")
    document.add_image("a.png", "", ImageInfo("PNG", (1, 40, 50), 1, ("grey",), "uint8", ranges=((0.0, 1.0),)))
    store.attach(document)
    writer = document.begin_edit(1, 1, "Paint", tool="brush")
    writer.set(0, 5, 5, np.ones((10, 20), bool), 1)
    document.finish_edit(writer)
    store.close()
    assert run(["export", str(tmp_path / "project"), "-o", str(tmp_path / "out")]) == 0
    mask = np.asarray(Image.open(tmp_path / "out" / "a.png"))
    assert (mask[5:15, 5:25] == 1).all() and (mask == 1).sum() == 200 and (mask == 255).sum() == 1800


def test_masks_of_another_program_are_imported_and_stored(
    blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def project(name: str) -> Path:
        store = Store.create(tmp_path / name)
        document = Document()
        for number in range(2):
            size = np.asarray(Image.open(blobs / "i" / f"{number}.png")).shape[:2]
            info = ImageInfo("PNG", (1, *size), 1, ("grey",), "uint8", ranges=((0.0, 1.0),))
            document.add_image(f"{number}.png", "", info)
        store.attach(document)
        if name == "one":
            for image in document.images:
                writer = document.begin_edit(image, 1, "Paint", tool="brush")
                writer.set(0, 3 * image, 5, np.ones((10, 20), bool), document.classes.add(f"Class {image}").id)
                document.finish_edit(writer)
        store.close()
        return tmp_path / name

    assert run(["export", str(project("one")), "-o", str(tmp_path / "out"), "--format", "coco"]) == 0
    two = str(project("two"))
    assert run(["import", two, str(tmp_path / "out" / "annotations.json"), "--layer", "Reader 2"]) == 0
    assert "2 images" in capsys.readouterr().out
    store = Store.open(Path(two), read_only=True)
    document = store.load()
    store.close()
    assert [one.name for one in document.classes] == ["Background", "Class 1", "Class 2"]
    layer = document.images[2].layers[-1]
    mask = layer.mask(Box.whole(layer.shape, 0))
    assert layer.name == "Reader 2" and (mask[6:16, 5:25] == 2).all() and (mask == 2).sum() == 200
    assert run(["import", two, str(tmp_path / "nothing.json")]) == 1


def test_models_and_doctor_say_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("unet", "segnet", "fcn8s"))
    assert run(["doctor"]) == 0
    assert "computes on" in capsys.readouterr().out


def test_wrong_usage_exits_with_two() -> None:
    with pytest.raises(SystemExit) as error:
        run(["predict"])
    assert error.value.code == 2


def test_without_a_display_one_sentence_says_so() -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    found = subprocess.run(
        [sys.executable, "-m", "segstudio", "demo"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 1
    assert "no display" in found.stderr and "OFFSCREEN=1" in found.stderr and found.stderr.count("\n") == 1


@pytest.mark.parametrize("end", [["--steps", "8"], ["--seconds", "2"]])
def test_a_model_is_trained_again_bit_for_bit_from_its_receipt(
    end: list[str], blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, tuned = tmp_path / "m.safetensors", tmp_path / "n.safetensors"
    folders = ["--images", str(blobs / "i"), "--masks", str(blobs / "m")]
    assert run(["train", *folders, "-o", str(model), "--width", "4", "--depth", "1", "--seed", "2", *end]) == 0
    assert run(["replay", str(model), *folders]) == 0
    assert "bit-identical" in capsys.readouterr().out
    assert run(["train", *folders, "-o", str(tuned), "--from", str(model), *end]) == 0
    assert read_card(tuned).parent == content_hash(model)
    assert run(["replay", str(tuned), *folders]) == 1
    assert "--from" in capsys.readouterr().err
    assert run(["replay", str(tuned), *folders, "--from", str(model)]) == 0
    changed = Path(shutil.copytree(blobs / "m", tmp_path / "changed"))
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(changed / "0.png")
    assert run(["replay", str(model), *folders[:2], "--masks", str(changed)]) == 1
    assert "labels are not those" in capsys.readouterr().err


def test_a_replay_that_differs_says_by_how_much(
    blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.safetensors"
    folders = ["--images", str(blobs / "i"), "--masks", str(blobs / "m")]
    assert run(["train", *folders, "-o", str(model), "--width", "4", "--depth", "1", "--steps", "10"]) == 0
    network = load(model)
    next(iter(network.module.state_dict().values()))[0] += 0.25
    save(network, model)
    assert run(["replay", str(model), *folders]) == 1
    assert "largest difference is 0.25" in capsys.readouterr().out


def test_models_show_prints_receipt_and_calibration(
    blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.safetensors"
    folders = ["--images", str(blobs / "i"), "--masks", str(blobs / "m")]
    assert run(["train", *folders, "-o", str(model), "--width", "4", "--depth", "1", "--steps", "10"]) == 0
    capsys.readouterr()
    assert run(["models", "show", str(model)]) == 0
    said = capsys.readouterr().out
    assert "ECE" in said and "temperature" in said and "confidence" in said
    assert run(["models", "show", str(model), "--receipt"]) == 0
    said = capsys.readouterr().out
    assert "split.sha256" in said and "recipe.batch" in said and "libraries.torch" in said
    assert run(["models", "show", str(model), "--receipt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best_step"] == 10
    assert run(["models", "show"]) == 1


def test_combine_writes_one_image_with_a_channel_for_each_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("red", "nir")):
        Image.fromarray(np.full((20, 30), 50 + number, np.uint8)).save(tmp_path / f"{name}.png")
    files = [str(tmp_path / "red.png"), str(tmp_path / "nir.png")]
    assert run(["combine", *files, "-o", str(tmp_path / "out")]) == 0
    assert "red+nir.tif written" in capsys.readouterr().out
    assert run(["info", str(tmp_path / "out" / "red+nir.tif")]) == 0
    said = capsys.readouterr().out
    assert "red" in said and "nir" in said
    assert run(["combine", files[0], "-o", str(tmp_path / "out")]) == 1
    assert "Two images or more" in capsys.readouterr().err
