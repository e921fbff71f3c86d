#!/usr/bin/env python3
"""Train the networks by their papers' recipes on CamVid's subset and ISBI 2012: docs/benchmarks.md's table.

    scripts/train_papers.py --data ../shared/data --minutes 3 -o /tmp/papers.jsonl

Each network gets the same minutes on the same images and is scored on whole pictures that were never seen: CamVid's own
train, val and test split, of ISBI's 30 slices the last eight. `--size light` takes the networks that train on two CPU
cores, `--size paper` those as published (needs a GPU). FCN-16s and -8s share their minutes with the stages before them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from segstudio.core.codes import NOTHING, Origin, encode_map
from segstudio.core.metrics import confusion
from segstudio.io.reading import robust_ranges
from segstudio.learning.device import choose
from segstudio.learning.evaluate import dice, iou
from segstudio.learning.finetune import Outcome, finetune
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import Predictor, predict
from segstudio.learning.recipe import preset
from segstudio.models.network import Network, build
from segstudio.models.registry import MODELS, find
from segstudio.models.stages import COARSER, finer

CAMVID = ("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "cyclist")
VOID = 11
Pair = tuple[str, np.ndarray, np.ndarray]


def camvid(data: Path) -> tuple[tuple[str, ...], dict[str, list[Pair]]]:
    """Classes, and the pairs of each split; void is 255."""
    splits: dict[str, list[Pair]] = {}
    for split in ("train", "val", "test"):
        splits[split] = []
        for path in sorted((data / "camvid" / split).glob("*.png")):
            truth = np.array(Image.open(data / "camvid" / f"{split}annot" / path.name))
            pixels = np.array(Image.open(path).convert("RGB"))
            splits[split].append((path.name, pixels, np.where(truth == VOID, NOTHING, truth).astype(np.uint8)))
    return CAMVID, splits


def isbi(data: Path) -> tuple[tuple[str, ...], dict[str, list[Pair]]]:
    """Membranes are class 0 and cells class 1, so that the border weights lie on the membranes between cells."""
    found: list[Pair] = []
    for path in sorted((data / "isbi2012_em" / "train" / "image").glob("*"), key=lambda one: int(one.stem)):
        label = next((data / "isbi2012_em" / "train" / "label").glob(f"{path.stem}.*"))
        pixels, truth = np.array(Image.open(path).convert("L"))[..., None], np.array(Image.open(label).convert("L"))
        found.append((path.name, pixels, (truth > 127).astype(np.uint8)))
    eighth = max(1, len(found) * 8 // 30)
    return ("membrane", "cell"), {
        "train": found[: -eighth - 2], "val": found[-eighth - 2 : -eighth], "test": found[-eighth:]
    }  # fmt: skip


SETS = {"camvid": camvid, "isbi2012_em": isbi}


def regions(splits: dict[str, list[Pair]]) -> list[Labelled]:
    return [
        Labelled(
            name, name, pixels, robust_ranges(pixels[None]), encode_map(truth, Origin.IMPORTED), digest=name,
            role="validation" if split == "val" else "train",
        )
        for split in ("train", "val")
        for name, pixels, truth in splits[split]
    ]  # fmt: skip


def train(network: Network, labelled: list[Labelled], minutes: float, seed: int, device: str) -> Network:
    """The network with the best weights of its run, whatever the gate says."""
    limits = {"steps": 0, "seconds": 60 * minutes, "patience": 10**6, "every": 40, "seed": seed}
    *_, outcome = finetune(network, labelled, preset("paper", network.card, **limits), device=choose(device))
    assert isinstance(outcome, Outcome)
    return outcome.network


def score(network: Network, pairs: list[Pair], device: str) -> dict[str, object]:
    """Pixel accuracy, mean class accuracy, mean IoU, and Dice by class, pooled over whole pictures."""
    predictor = Predictor(network, choose(device))
    classes = len(network.card.classes)
    total = np.zeros((classes, classes), np.int64)
    for _, pixels, truth in pairs:
        found = np.zeros(truth.shape, np.uint8)
        for block in predict(predictor, pixels, robust_ranges(pixels[None])):
            top, left, bottom, right = block.box
            found[top:bottom, left:right] = block.probabilities.argmax(0)
        total += confusion(truth, found, classes)
    with np.errstate(invalid="ignore"):
        recall = np.diag(total) / total.sum(1)
    return {
        "accuracy": float(np.diag(total).sum() / total.sum()), "class_accuracy": float(np.nanmean(recall)),
        "iou": float(np.nanmean(iou(total))), "dice": [round(float(one), 4) for one in dice(total)],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--networks", default=",".join(("unet", "segnet", "segnet_basic", "fcn32s", "fcn16s", "fcn8s")))
    parser.add_argument("--size", default="light", choices=("light", "standard", "paper"))
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for data in options.sets.split(","):
        classes, splits = SETS[data](options.data)
        labelled = regions(splits)
        names = tuple((name, "#000000") for name in classes)
        done: dict[str, Network] = {}
        for architecture in options.networks.split(","):
            before = done.get(COARSER.get(architecture, ""))
            if before is not None:
                network, minutes = finer(before, architecture), options.minutes / 2
            else:
                shape = find(architecture).presets[options.size]
                network = build(architecture, labelled[0].pixels.shape[2], names, shape, seed=options.seed)
                minutes = options.minutes
            start = time.perf_counter()
            done[architecture] = train(network, labelled, minutes, options.seed, options.device)
            row = {
                "set": data, "network": MODELS[architecture].title, "size": options.size, "minutes": minutes,
                "steps": done[architecture].card.steps, "seconds": round(time.perf_counter() - start),
                **score(done[architecture], splits["test"], options.device),
            }  # fmt: skip
            with options.output.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)


if __name__ == "__main__":
    main()
