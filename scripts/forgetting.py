#!/usr/bin/env python3
"""Learn three sets one after the other and see what is left of the first: with replay, and without.

    scripts/forgetting.py --sets sets/isbi2012_em,sets/dsb2018_nuclei,sets/drive --steps 120

The sets are folders made by scripts/make_simulation_sets.py. After each set the model in use is fine-tuned on the
labels of all sets so far, as the program does it (the gate sees held-out blocks of all of them), or, in the control, on
those of the newest alone. Printed: Dice of the classes on whole test images of each set, and whether a version was
accepted.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from segstudio.core.codes import NOTHING, Origin, encode_map
from segstudio.core.metrics import confusion
from segstudio.io.reading import robust_ranges
from segstudio.learning.device import choose
from segstudio.learning.evaluate import dice
from segstudio.learning.finetune import Outcome, finetune
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import Predictor, predict
from segstudio.learning.recipe import preset
from segstudio.models.network import Network
from segstudio.models.registry import find
from segstudio.models.starter import begin

SIDE, TRAINED, TESTED = 256, 6, 3
Picture = tuple[str, np.ndarray, np.ndarray]


def pictures(folder: Path) -> list[Picture]:
    """Grey pixels (rows, columns, 1) and classes of the first images, cut to SIDE."""
    found = []
    for path in sorted((folder / "images").iterdir())[: TRAINED + TESTED]:
        pixels = np.array(Image.open(path).convert("L"))[:SIDE, :SIDE, None]
        mask = next((folder / "masks").glob(f"{path.stem}.*"))
        truth = np.array(Image.open(mask))[:SIDE, :SIDE]
        found.append((path.name, pixels, np.where(truth == NOTHING, NOTHING, truth > 0).astype(np.uint8)))
    return found


def score(network: Network, tests: list[Picture]) -> list[float]:
    total = np.zeros((2, 2), np.int64)
    predictor = Predictor(network, choose("cpu"))
    for _, pixels, truth in tests:
        for block in predict(predictor, pixels, robust_ranges(pixels[None])):
            top, left, bottom, right = block.box
            total += confusion(truth[top:bottom, left:right], block.probabilities.argmax(0).astype(np.uint8), 2)
    return [float(one) for one in dice(total)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", required=True)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folders = [Path(one) for one in options.sets.split(",")]
    known = {folder.name: pictures(folder) for folder in folders}
    print("| replay | after learning | accepted | " + " | ".join(known) + " |\n|---|---|---|" + "---|" * len(known))
    for replay in (True, False):
        classes = (("background", "#000000"), ("object", "#ffffff"))
        network = begin("unet", 1, classes, find("unet").presets["light"], seed=options.seed)
        regions: list[Labelled] = []
        for stage, (name, found) in enumerate(known.items()):
            new = [
                Labelled(f"{name}/{one}", name, pixels, robust_ranges(pixels[None]),
                         encode_map(truth, Origin.PAINTED), [(0, 0, *truth.shape)], digest=f"{name}/{one}")
                for one, pixels, truth in found[:TRAINED]
            ]  # fmt: skip
            regions = [*(replace(one, recent=()) for one in regions), *new] if replay else new
            recipe = preset("light", steps=options.steps, seconds=0.0, patience=10**6, seed=options.seed + stage)
            *_, outcome = finetune(network, regions, recipe, device=choose("cpu"))
            assert isinstance(outcome, Outcome)
            if outcome.verdict.accepted:
                network = outcome.network
            scores = [" / ".join(f"{one:.3f}" for one in score(network, rows[TRAINED:])) for rows in known.values()]
            print(f"| {'on' if replay else 'off'} | {name} | {'yes' if outcome.verdict.accepted else 'no'} | "
                  + " | ".join(scores) + " |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
