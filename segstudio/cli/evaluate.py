"""`segstudio evaluate`: score masks against the truth."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from segstudio.cli.output import table
from segstudio.core.metrics import Score, score, summarise
from segstudio.errors import UserError
from segstudio.io.masks.pairs import pairs
from segstudio.worker.client import Reader

SHOWN = (
    ("dice", "Dice"),
    ("iou", "IoU"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("boundary_f1", "boundary F1"),
    ("hd95", "HD95"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pred", required=True, metavar="DIR")
    parser.add_argument("--truth", required=True, metavar="DIR")
    parser.add_argument("--classes", type=int, default=2, help="number of classes")
    parser.add_argument("--ignore", type=int, default=None, metavar="VALUE", help="truth value that does not count")
    parser.add_argument("--invert", action="store_true", help="swap classes 0 and 1 of the truth")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    summary = summarise(evaluate_folders(Path(options.pred), Path(options.truth), options))
    if options.json:
        print(json.dumps(summary.to_json(), indent=2))
        return 0
    rows = [["class", *(title for _, title in SHOWN)]]
    for one in summary.per_image:
        rows.append([str(one.class_id), *(_number(one.means.get(name, math.nan)) for name, _ in SHOWN)])
    print(table(rows))
    pooled = summary.pooled
    print(
        f"\npooled: Dice {' '.join(_number(c.dice) for c in pooled.classes)}, mean IoU {_number(pooled.mean_iou)}, "
        f"pixel accuracy {_number(pooled.pixel_accuracy)}; {summary.images} images; per class above: mean over images"
    )
    return 0


def evaluate_folders(predictions: Path, truths: Path, options: argparse.Namespace) -> list[Score]:
    """One score for each mask that has a truth of the same name."""
    scores = []
    with Reader() as reader:
        for predicted_path, truth_path in pairs(predictions, truths):
            predicted = reader.mask(predicted_path, classes=max(options.classes, 3), white=options.classes == 2)
            truth = reader.mask(truth_path, classes=options.classes, invert=options.invert, ignore=options.ignore)
            if predicted.shape != truth.shape:
                raise UserError(f"“{predicted_path.name}” and its truth have different sizes.")
            scores.append(score(truth, predicted, options.classes, (255,)))
    return scores


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
