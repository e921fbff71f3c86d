"""`segstudio simulate`: what it writes, what it skips, and how it fails."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.cli.main import run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders images and masks: bright squares, with a corner where nothing is known."""
    folder = tmp_path_factory.mktemp("squares")
    random = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(6):
        mask = np.zeros((64, 80), np.uint8)
        for row, column in random.integers(4, 44, (3, 2)):
            mask[row : row + 14, column : column + 14] = 1
        image = (60 + mask * 120 + random.normal(0, 12, mask.shape)).clip(0, 255).astype(np.uint8)
        mask[:5, :5] = 255
        Image.fromarray(image).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    return folder


def simulate(data: Path, out: Path, *more: str) -> int:
    given = ["--images", str(data / "images"), "--masks", str(data / "masks"), "-o", str(out), "--device", "cpu"]
    small = [
        "--strokes",
        "8",
        "--strokes-per-round",
        "4",
        "--window",
        "64",
        "--size",
        "64",
        "--steps",
        "4",
        "--width",
        "4",
        "--depth",
        "2",
    ]
    return run(["simulate", *given, *small, *more])


def test_it_writes_curves_and_skips_what_is_done(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = ("--learners", "threshold", "--strategies", "guided,random", "--seeds", "0,1,2", "--dense")
    assert simulate(data, tmp_path, *many) == 0
    said = capsys.readouterr().out
    assert "4 images annotated, 2 for the test" in said and "strokes to 90% of dense" in said
    assert "threshold, guided against threshold, random: area" in said and "3 pairs" in said
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert len(lines) == 3 + 2 * 3
    first = json.loads(lines[-1])
    assert [r["strokes"] for r in first["rounds"]] == [4, 8] and first["dataset"] == data.name
    assert first["rounds"][-1]["mean"] > 0.5
    with (tmp_path / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["learner"], rows[0]["strategy"], rows[0]["seeds"]) == ("threshold", "guided", "3")
    assert "threshold, guided" in (tmp_path / "curves.svg").read_text()

    assert simulate(data, tmp_path, *many, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (tmp_path / "results.jsonl").read_text().splitlines() == lines, "nothing is run again"
    assert len(found["runs"]) == 6 and found["claims"][0]["pairs"] == 3 and 0 < found["dense"] <= 1
    assert simulate(data, tmp_path, "--learners", "threshold", "--radius", "2") == 0
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == len(lines) + 1, "other settings, another run"


def test_it_starts_from_a_model_if_it_fits(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "m.safetensors"
    folders = ["--images", str(data / "images"), "--masks", str(data / "masks")]
    train = ["train", *folders, "-o", str(model), "--width", "4", "--depth", "2", "--steps", "3", "--device", "cpu"]
    assert run(train) == 0
    assert simulate(data, tmp_path / "out", "--start", str(model), "--learners", "finetune") == 0
    capsys.readouterr()
    assert simulate(data, tmp_path / "out", "--start", str(model), "--classes", "a,b,c") == 1
    assert "do not fit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--learners", "perceptron"), "no learner “perceptron”"),
        (("--strategies", "fancy"), "no strategy “fancy”"),
        (("--seeds", "one"), "--seeds takes numbers"),
        (("--limit", "2"), "too few images"),
        (("--slips", "2"), "slips a share"),
        (("--window", "0"), "--window must be at least 1"),
    ],
)
def test_it_refuses_in_one_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], reason: str
) -> None:
    assert simulate(data, tmp_path, *more) == 1
    said = capsys.readouterr().err
    assert reason in said and said.count("\n") == 1
