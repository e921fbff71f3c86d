"""Commands on folders: what has no counterpart is named, and what cannot be written is known before the work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.cli.main import run
from segstudio.io.masks.pairs import masks_beside, match

Run = Callable[..., tuple[int, str, str]]

TRUTH = np.zeros((48, 48), np.uint8)
TRUTH[:, 24:] = 1


def png(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: its exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


# --- baseline ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "masks"),
    [
        (("x/0.png", "y/0.png"), {"x_0.png", "y_0.png"}),
        (("a.png", "a.bmp"), {"a_png.png", "a_bmp.png"}),
        (("X.png", "d/x.png"), {"X.png", "d_x.png"}),
        (("a.png", "b.png"), {"a.png", "b.png"}),
    ],
)
def test_baseline_writes_a_mask_for_each_file_and_says_which_is_which(
    files: tuple[str, ...], masks: set[str], tmp_path: Path, told: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(files):
        png(tmp_path / name, np.random.default_rng(number).integers(0, 255, (20 + number, 30), np.uint8))
    code, out, _ = told("baseline", "otsu", "-o", "out", *files)
    assert code == 0 and {path.name for path in Path("out").iterdir()} == masks
    assert sorted(len(pixels(path)) for path in Path("out").iterdir()) == [20, 21]
    for name, mask in zip(files, sorted(masks), strict=True):
        assert Path(mask).stem == Path(name).stem or Path(mask).stem in out


# --- evaluate ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Predictions a and c, truths a and b."""
    for folder, names in (("pred", "ac"), ("truth", "ab")):
        for name in names:
            png(tmp_path / folder / f"{name}.png", TRUTH)
    return tmp_path / "pred", tmp_path / "truth"


def test_a_truth_without_a_prediction_is_an_error_that_names_it(folders: tuple[Path, Path], told: Run) -> None:
    code, out, err = told("evaluate", "--pred", folders[0], "--truth", folders[1])
    assert code == 1 and not out
    assert "1 of 2 truths has no prediction: b.png" in err and "Without a truth, not scored: c.png." in err


def test_it_can_count_as_the_worst_score_or_not_at_all(folders: tuple[Path, Path], told: Run) -> None:
    import json

    words = ("evaluate", "--pred", folders[0], "--truth", folders[1], "--json", "--missing")
    code, out, err = told(*words, "empty")
    one = json.loads(out)["per_image"][1]["means"]["dice"]
    assert code == 0 and one == pytest.approx(0.5) and "counts as a mask without objects: b.png" in err
    code, out, err = told(*words, "skip")
    assert code == 0 and json.loads(out)["images"] == 1 and "is not scored: b.png" in err


def test_nothing_is_said_where_all_have_a_counterpart(folders: tuple[Path, Path], told: Run) -> None:
    (folders[0] / "c.png").rename(folders[0] / "b.png")
    assert told("evaluate", "--pred", folders[0], "--truth", folders[1])[::2] == (0, "")


# --- train ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """Two images with masks, and one without."""
    for number in range(3):
        picture = (TRUTH * 120 + np.random.default_rng(number).integers(0, 40, TRUTH.shape)).astype(np.uint8)
        png(tmp_path / "i" / f"{number}.png", picture)
    for number in range(2):
        png(tmp_path / "m" / f"{number}.png", TRUTH)
    return tmp_path


def train(told: Run, lesson: Path, target: Path, *more: object) -> tuple[int, str, str]:
    return told(
        "train", "--images", lesson / "i", "--masks", lesson / "m", "-o", target, "--steps", 1, "--width", 4,
        "--weights", "random", "--device", "cpu", *more,
    )  # fmt: skip


def test_train_makes_the_folder_of_its_model_and_says_what_it_learns_from(lesson: Path, told: Run) -> None:
    code, out, err = train(told, lesson, lesson / "not" / "there" / "m.safetensors")
    assert code == 0 and (lesson / "not" / "there" / "m.safetensors").is_file()
    assert "Learning from 2 images (4,608 pixels)." in out
    assert "Without a mask, not learnt from: 2.png (1 images)." in err


@pytest.mark.parametrize("target", ["i", "i/0.png/m.safetensors"])
def test_train_refuses_a_target_that_cannot_be_written_before_it_begins(target: str, lesson: Path, told: Run) -> None:
    code, out, err = train(told, lesson, lesson / target)
    assert code == 1 and "Learning from" not in out and "training" not in err and "Traceback" not in err
    assert {path.name for path in lesson.iterdir()} == {"i", "m"}


@pytest.mark.parametrize(
    ("masks", "value", "learnt"),
    [((TRUTH * 2,), 2, None), ((TRUTH, TRUTH * 255), 255, 48 * 48 + 48 * 24), ((TRUTH, TRUTH), 1, None)],
)
def test_pixels_of_the_ignored_number_are_not_learnt(
    masks: tuple[np.ndarray, ...], value: int, learnt: int | None, lesson: Path, told: Run
) -> None:
    for old in (lesson / "m").iterdir():
        old.unlink()
    for number, mask in enumerate(masks):
        png(lesson / "m" / f"{number}.png", mask)
    code, out, err = train(told, lesson, lesson / "m.safetensors", "--ignore", value)
    if learnt is None:
        assert code == 1 and "nothing to tell apart" in err and not (lesson / "m.safetensors").exists()
    else:
        assert code == 0 and f"({learnt:,} pixels)" in out


def test_what_was_not_measured_is_not_learnt(lesson: Path, told: Run) -> None:
    for number in range(2):
        picture = pixels(lesson / "i" / f"{number}.png")
        alpha = np.full(picture.shape, 255, np.uint8)
        alpha[:12] = 0
        png(lesson / "i" / f"{number}.png", np.dstack([picture] * 3 + [alpha]))
    _, out, _ = train(told, lesson, lesson / "m.safetensors")
    assert f"({2 * 36 * 48:,} pixels)" in out


# --- masks beside their images ----------------------------------------------------------------------------------------


def test_masks_beside_their_images_are_told_from_them(tmp_path: Path) -> None:
    names = ["a.png", "a_mask.png", "b.jpg", "b-labels.png", "c_mask.png", "d.png", "d_train.png", "e.png", "E_GT.tif"]
    files = [png(tmp_path / name, TRUTH) for name in names]
    assert [path.name for path in masks_beside(files)] == ["a_mask.png", "b-labels.png", "E_GT.tif"]
    found = {image.name: mask.name for image, mask in match(tmp_path, tmp_path).pairs}
    assert (found["a.png"], found["b.jpg"]) == ("a_mask.png", "b-labels.png")


def test_an_import_of_the_images_own_folder_takes_the_masks_beside_them(tmp_path: Path) -> None:
    from segstudio.io.masks.imports.table import import_format
    from segstudio.io.masks.names import names_of
    from segstudio.io.reading import probe

    for name, values in (("a.png", TRUTH * 90), ("a_mask.png", TRUTH), ("b.png", TRUTH * 90)):
        png(tmp_path / name, values)
    one, two = names_of([str(tmp_path / "a.png"), str(tmp_path / "b.png")])
    read = import_format("png").load()
    labels = read(tmp_path, one, probe(tmp_path / "a.png"))
    assert labels is not None and np.array_equal(labels.mask[0] == 1, TRUTH == 1)
    assert read(tmp_path, two, probe(tmp_path / "b.png")) is None, "an image is not its own mask"
