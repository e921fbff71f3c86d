"""`segstudio predict` writes masks in the formats that masks are exported in, and probabilities that others read."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.cli.main import run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of two classes for grey images, hardly trained."""
    folder = tmp_path_factory.mktemp("model")
    image = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    for name, pixels in (("i", image), ("m", (image > 127).astype(np.uint8))):
        (folder / name).mkdir()
        Image.fromarray(pixels).save(folder / name / "a.png")
    path = folder / "m.safetensors"
    size = ["--width", "4", "--depth", "1", "--steps", "3"]
    assert run(["train", "--images", str(folder / "i"), "--masks", str(folder / "m"), "-o", str(path), *size]) == 0
    return path


def test_one_file_for_all_images_and_names_that_do_not_collide(model: Path, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(tmp_path / name / "same.png")
        Image.fromarray(np.full((20, 30), 90, np.uint8)).save(files[-1])
    out = tmp_path / "out"
    assert run(["predict", "--model", str(model), "-o", str(out), "--format", "coco", *map(str, files)]) == 0
    assert len(json.loads(next(out.glob("*.json")).read_text())["images"]) == 2
    assert run(["predict", "--model", str(model), "-o", str(out), *map(str, files)]) == 0
    assert {path.name for path in out.glob("*.png")} == {"one_same.png", "two_same.png"}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_nothing_is_predicted_where_nothing_was_measured(model: Path, tmp_path: Path) -> None:
    import rasterio

    pixels = np.random.default_rng(0).normal(100, 20, (40, 50)).astype(np.float32)
    pixels[:10], pixels[10:15] = -9999, np.nan
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", height=40, width=50, count=1, dtype="float32",
                       nodata=-9999) as file:  # fmt: skip
        file.write(pixels, 1)
    assert run(["predict", "--model", str(model), "-o", str(tmp_path), str(tmp_path / "a.tif")]) == 0
    with Image.open(tmp_path / "a.png") as mask:
        found = np.asarray(mask)
    assert (found[:15] == 255).all() and (found[15:] < 2).all()


def test_a_model_for_colour_takes_an_image_that_has_an_alpha_channel_besides(model: Path, tmp_path: Path) -> None:
    colour = np.random.default_rng(1).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    alpha = np.full((20, 30), 255, np.uint8)
    alpha[:5] = 0
    for name, pixels in (("rgb", colour), ("rgba", np.dstack([colour, alpha]))):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        assert run(["predict", "--model", str(model), "-o", str(tmp_path / "out"), str(tmp_path / f"{name}.png")]) == 0
    with Image.open(tmp_path / "out" / "rgba.png") as picture:
        found = np.asarray(picture)
    assert (found[:5] == 255).all() and (found[5:] != 255).all()


def test_a_format_that_does_not_fit_is_refused(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.full((20, 30), 90, np.uint8)).save(tmp_path / "a.png")
    for form, said in (("nifti", "does not say where its pixels lie"), ("wav", "is no export format")):
        command = ["predict", "--model", str(model), "-o", str(tmp_path / "o"), "--format", form]
        assert run([*command, str(tmp_path / "a.png")]) == 1
        assert said in capsys.readouterr().err


def test_probabilities_of_a_series_are_a_fractional_segmentation(
    model: Path, tmp_path: Path, shared_data: Path
) -> None:
    import highdicom as hd

    first = sorted((shared_data / "dicom_seg_dcmqi" / "ct-3slice").iterdir())[0]
    options = ["--model", str(model), "-o", str(tmp_path), "--format", "dicom-seg", "--probabilities"]
    assert run(["predict", *options, str(first)]) == 0
    binary = hd.seg.segread(next(tmp_path.glob("*.seg.dcm")))
    shares = hd.seg.segread(next(tmp_path.glob("*.prob.dcm")))
    assert shares.SegmentationType == "FRACTIONAL" and shares.SegmentationFractionalType == "PROBABILITY"
    images = [source for *_, source in binary.get_source_image_uids()]
    wanted, found = (
        one.get_pixels_by_source_instance(images, assert_missing_frames_are_empty=True) for one in (binary, shares)
    )
    assert found.dtype.kind == "f" and 0 <= found.min() < found.max() <= 1
    far = np.abs(found - 0.5) > 1 / 255  # of two classes the likelier one
    np.testing.assert_array_equal((found > 0.5)[far], (wanted > 0)[far])
    assert run(["predict", "--model", str(model), "-o", str(tmp_path), "--probabilities", str(first)]) == 0
    plain = np.stack([np.load(path)[1] for path in sorted(tmp_path.glob("*_z*.npy"))])
    assert np.abs(plain - found[..., 0]).max() < 1 / 254
    if shutil.which("dciodvfy"):
        ours, source = (errors(path) for path in (next(tmp_path.glob("*.prob.dcm")), first))
        assert ours - source == set()


def test_an_image_of_background_only_does_not_keep_the_others_from_being_written(
    model: Path, tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter((0, 1))
    monkeypatch.setattr(
        "segstudio.cli.predict.predict_volume", lambda _, info, *__: (np.full(info.shape, next(found), np.uint8), None)
    )
    series = sorted((shared_data / "dicom_seg_dcmqi" / "ct-3slice").iterdir())
    command = ["predict", "--model", str(model), "-o", str(tmp_path), "--format", "dicom-seg"]
    assert run([*command, str(series[0]), str(series[1])]) == 1
    assert "has no class but the background" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("*.dcm")] == [f"{series[1].stem}.seg.dcm"]


def errors(path: Path) -> set[str]:
    """What Debian's validator finds wrong with a file."""
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, check=False, encoding="utf-8", errors="replace")
    return {line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")}
