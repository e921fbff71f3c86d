"""`segstudio evaluate`: score masks against the truth."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

from segstudio.cli.output import table
from segstudio.core.metrics import MaskScore, score, summarise
from segstudio.errors import UserError
from segstudio.io.masks.pairs import match
from segstudio.worker.client import Reader

SHOWN = (
    ("dice", "Dice"),
    ("iou", "IoU"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("boundary_f1", "boundary F1"),
    ("hd95", "HD95"),
)


MISSING = {"empty": "counts as a mask without objects", "skip": "is not scored"}
"""What may become of truths without a prediction."""

TOLD = 10
"""Files that a sentence names."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pred", required=True, metavar="DIR")
    parser.add_argument("--truth", required=True, metavar="DIR")
    parser.add_argument("--classes", type=int, default=2, help="number of classes")
    parser.add_argument("--ignore", type=int, default=None, metavar="VALUE", help="truth value that does not count")
    parser.add_argument("--invert", action="store_true", help="swap classes 0 and 1 of the truth")
    parser.add_argument(
        "--missing", choices=["refuse", *MISSING], default="refuse", help="what a truth without a prediction counts"
    )
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


def evaluate_folders(predictions: Path, truths: Path, options: argparse.Namespace) -> list[MaskScore]:
    """One score for each mask that has a truth of the same name.

    Raises UserError where a truth has no prediction: a score without it would be too good. Unless such count as empty
    (`--missing empty`) or do not count (`--missing skip`), which is said.
    """
    scores = []
    found = match(predictions, truths)
    if found.without_mask:
        print(f"Without a truth, not scored: {_named(found.without_mask)}.", file=sys.stderr)
    if lonely := found.without_image:
        total = len(lonely) + len(found.pairs)
        told = f"{len(lonely)} of {total} truths {'have' if len(lonely) > 1 else 'has'} no prediction"
        if options.missing == "refuse":
            raise UserError(
                f"{told}: {_named(lonely)}.",
                hint="Predict them too; --missing empty counts them as without objects, --missing skip not at all.",
            )
        print(f"{told} and {MISSING[options.missing]}: {_named(lonely)}.", file=sys.stderr)
    with Reader() as reader:
        for truth_path in lonely if options.missing == "empty" else ():
            truth = reader.mask(truth_path, classes=options.classes, invert=options.invert, ignore=options.ignore)
            scores.append(score(truth, np.zeros_like(truth), options.classes, (255,)))
        for predicted_path, truth_path in found.pairs:
            predicted = reader.mask(predicted_path, classes=max(options.classes, 3), white=options.classes == 2)
            truth = reader.mask(truth_path, classes=options.classes, invert=options.invert, ignore=options.ignore)
            if predicted.shape != truth.shape:
                raise UserError(f"“{predicted_path.name}” and its truth have different sizes.")
            scores.append(score(truth, predicted, options.classes, (255,)))
    return scores


def _named(paths: list[Path]) -> str:
    """File names, not all of them where they are many."""
    more = f" and {len(paths) - TOLD} more" if len(paths) > TOLD else ""
    return ", ".join(path.name for path in paths[:TOLD]) + more


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
