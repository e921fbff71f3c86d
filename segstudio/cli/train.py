"""`segstudio train`: train or fine-tune a model on images and masks, or on a project's annotation."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.cli.output import ProgressLine, out_file
from segstudio.core.channels import fits, words
from segstudio.core.classes import PALETTE
from segstudio.core.codes import NOTHING, Origin, classes_of, encode_map
from segstudio.core.image import unmeasured
from segstudio.errors import UserError
from segstudio.io.digest import content_hash
from segstudio.io.masks.pairs import match
from segstudio.learning.labelled import Labelled
from segstudio.models.registry import find, networks
from segstudio.worker.client import Reader

Classes = tuple[tuple[int, str, str], ...]
"""Id, name, colour."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="learn from a project's annotation")
    parser.add_argument("--images", metavar="DIR")
    parser.add_argument("--masks", metavar="DIR", help="one mask for each image, of the same name")
    parser.add_argument("-o", "--output", required=True, metavar="M", help="the model to write, M.safetensors")
    parser.add_argument("--model", default="", metavar="NETWORK", help=f"{', '.join(networks())} (unet)")
    parser.add_argument("--preset", default="light", help="light, standard or paper")
    parser.add_argument("--width", type=int, default=None, help="channels of the first level")
    parser.add_argument("--depth", type=int, default=None, help="poolings of U-Net")
    parser.add_argument(
        "--from", dest="start", metavar="M", help="fine-tune this model; FCN-16s and -8s go on from the stage before"
    )
    parser.add_argument("--weights", default="starter", help="a new model begins with: starter (where it fits), random")
    parser.add_argument("--epochs", type=float, default=0.0, help="stop after this many passes over the images")
    parser.add_argument("--steps", type=int, default=0, help="stop after this many steps")
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after this many seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ignore", type=int, default=None, metavar="VALUE", help="mask value that is no label")
    parser.add_argument("--invert", action="store_true", help="swap classes 0 and 1 of the masks")
    parser.add_argument("--classes", default="", metavar="NAMES", help="names by class id: background,nucleus")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--encoder-weights", metavar="FILE", help="ImageNet VGG16 weights for SegNet and FCN")
    parser.add_argument("--download-encoder", action="store_true", help="fetch those weights from torchvision")


def run(options: argparse.Namespace) -> int:
    from segstudio.learning.device import choose, use_cores
    from segstudio.learning.recipe import preset
    from segstudio.models.weights import save

    find(options.model or "unet")
    target = out_file(options.output)  # before hours of training
    use_cores()
    regions, classes, channels = read_labels(options)
    print(learnt_from(regions, alone=not options.start), flush=True)
    network = _start(options, regions, channels, classes)
    limits: dict[str, Any] = {"seed": options.seed}
    recipe = preset(options.preset, network.card, **limits)
    steps = options.steps or round(options.epochs * _steps_per_epoch(regions, recipe.tile, recipe.batch))
    if steps or options.seconds:
        limits |= {"steps": steps, "seconds": options.seconds, "patience": 10**6}
        recipe = preset(options.preset, network.card, **limits)
    outcome = _watch(network, regions, recipe, choose(options.device))
    source = {"classes": options.classes, "ignore": options.ignore, "invert": options.invert}
    card = outcome.network.card
    parent = content_hash(Path(options.start)) if options.start else ""
    outcome.network.card = replace(card, parent=parent, receipt={**card.receipt, "source": source})
    digest = save(outcome.network, target)
    print(outcome.verdict.sentence)
    print(f"{options.output}: {outcome.steps} steps, {outcome.seconds:.0f} s, sha256 {digest[:12]}")
    return 0


def _watch(network: Any, regions: list[Labelled], recipe: Any, device: Any) -> Any:
    """Train with progress; returns the Outcome."""
    from segstudio.learning.evaluate import dice
    from segstudio.learning.finetune import Outcome, Scored, StepDone, finetune

    progress = ProgressLine("training")
    share, scores = 0.0, ""
    outcome = None
    for event in finetune(network, regions, recipe, device=device):
        if isinstance(event, StepDone):
            by_steps = event.step / recipe.steps if recipe.steps else 0.0
            by_time = event.seconds / recipe.seconds if recipe.seconds else 0.0
            share = max(by_steps, by_time)
            progress.show(share, f"step {event.step}, loss {event.loss:.3f}{scores}")
        elif isinstance(event, Scored):
            found = dice(event.challenger.pooled)
            scores = ", held-out Dice " + " ".join("–" if np.isnan(s) else f"{s:.3f}" for s in found)
            progress.show(share, f"step {event.step}{scores}", force=True)
        elif isinstance(event, Outcome):
            outcome = event
            progress.done(f"training: done, {event.ended_by}")
    return outcome


def _start(options: argparse.Namespace, regions: list[Labelled], channels: int, classes: Classes) -> Any:
    """The model that training begins with, for the classes and channels of what is to be learnt."""
    from segstudio.learning.suiting import suited
    from segstudio.models.stages import finer
    from segstudio.models.weights import load

    if not options.start:
        return fresh(options, channels, classes)
    known = load(Path(options.start))
    known = finer(known, options.model) if options.model not in ("", known.card.architecture) else known
    return suited(known, regions, classes)


def fresh(options: argparse.Namespace, channels: int, classes: Classes) -> Any:
    from segstudio.models.starter import begin

    spec = find(options.model or "unet")
    if options.preset not in spec.presets:
        raise UserError(f"There is no preset “{options.preset}”.", hint=f"Choose {', '.join(spec.presets)}.")
    chosen: dict[str, Any] = dict(spec.presets[options.preset])
    for name in ("width", "depth"):
        value = getattr(options, name)
        if value is not None:
            chosen[name] = value
    ids, named = [row[0] for row in classes], [row[1:] for row in classes]
    network = begin(spec.id, channels, named, chosen, seed=options.seed, weights=options.weights, ids=ids)
    if options.encoder_weights or options.download_encoder:
        from segstudio.models.encoder_weights import load_encoder

        file = Path(options.encoder_weights) if options.encoder_weights else None
        load_encoder(network.module, file, download=options.download_encoder)
    return network


def read_labels(options: argparse.Namespace) -> tuple[list[Labelled], Classes, int]:
    """What to learn from, the classes that it holds or that are named, and the number of channels.

    Raises UserError, which names the file, where the images have channels that no one network takes.
    """
    if options.project:
        return _from_project(Path(options.project), options)
    if not options.images or not options.masks:
        raise UserError("There is nothing to learn from.", hint="Give a project, or --images and --masks.")
    names = [name.strip() for name in options.classes.split(",") if name.strip()]
    regions = list(_from_folders(options, len(names)))
    found = {int(c) for r in regions for c in np.unique(classes_of(r.codes))} - {NOTHING}
    ids = sorted({*found, *range(len(names)), 0}) if found - {0} else list(range(max(len(names), 2)))
    said = dict(enumerate(names))
    named = [said.get(i, "background" if i == 0 else f"class {i}") for i in ids]
    return regions, tuple((i, name, _color(i)) for i, name in zip(ids, named, strict=True)), _channels(regions)


def learnt_from(regions: list[Labelled], *, alone: bool) -> str:
    """How many pixels of how many images are learnt from, and how many are held out. Raises UserError for none, and
    where all are of one class though the model is to learn from these `alone`."""
    known = [(region.role, classes_of(region.codes)) for region in regions]
    classes = {int(one) for _, codes in known for one in np.unique(codes)} - {NOTHING}
    if len(classes) < (2 if alone else 1):
        raise UserError(
            "There is nothing to tell apart.", why="All pixels that are labelled are of one class."
            if classes else "No pixel is labelled.", hint="Compare --ignore and --classes with the masks' values.",
        )  # fmt: skip
    learnt, held = (
        [np.count_nonzero(codes != NOTHING) for role, codes in known if (role == "validation") == out]
        for out in (False, True)
    )
    text = f"Learning from {len(learnt)} image{'' if len(learnt) == 1 else 's'} ({sum(learnt):,} pixels)"
    return text + (f", {len(held)} held out ({sum(held):,} pixels)." if held else ".")


def _from_folders(options: argparse.Namespace, classes: int) -> Iterator[Labelled]:
    """Whole images as regions; about one image in five is held out, chosen by the hash of its name."""
    matching = match(Path(options.images), Path(options.masks))
    found = matching.pairs
    if lonely := [path.name for path in matching.without_mask]:
        print(f"Without a mask, not learnt from: {', '.join(lonely[:10])} ({len(lonely)} images).", file=sys.stderr)
    held_out = {path for path, _ in sorted(found, key=lambda pair: _hash(pair[0].name))[: len(found) // 5]}
    with Reader() as reader:
        for image, mask in found:
            info, pixels = reader.image(image)
            labels = reader.mask(mask, classes=classes or 2, invert=options.invert, ignore=options.ignore)
            if labels.shape != info.shape[1:]:
                raise UserError(
                    f"“{mask.name}” does not fit “{image.name}”.",
                    why=f"The mask is {_size(labels.shape)}, the image {_size(info.shape[1:])}.",
                )
            labels = np.where(unmeasured(pixels[0], info.nodata, info.alpha), np.uint8(NOTHING), labels)
            role = "validation" if image in held_out else "train"
            codes = encode_map(labels, Origin.IMPORTED)
            yield Labelled(image.name, image.name, np.array(pixels[0]), info.ranges, codes, (), role, _hash(image.name))


def _from_project(path: Path, options: argparse.Namespace) -> tuple[list[Labelled], Classes, int]:
    from segstudio.core.geometry import Box
    from segstudio.project.store import Store

    store = Store.open(path, read_only=True)
    regions = []
    try:
        document = store.load()
        classes = tuple((entry.id, entry.name, entry.color) for entry in document.classes)
        with Reader() as reader:
            for entry in document.images.values():
                layer = entry.layers[0]
                if layer.annotation.is_empty():
                    continue
                info, pixels = reader.image(store.image_path(entry))
                for z in sorted({key[0] for key in layer.annotation.keys()}):  # noqa: SIM118
                    codes = layer.annotation.read(Box.whole(info.shape, z)).astype(np.uint16)
                    regions.append(
                        Labelled(
                            entry.name, entry.group, np.array(pixels[z]), info.ranges, codes, (), entry.role,
                            f"{entry.digest}:{z}",
                        )
                    )  # fmt: skip
    finally:
        store.close()
    if not regions:
        raise UserError("The project has no annotation to learn from.", hint="Paint some pixels of each class first.")
    return regions, classes, _channels(regions)


def _channels(regions: list[Labelled]) -> int:
    """The channels of a network for all of the regions: colour where any is."""
    first = regions[0]
    for region in regions:
        if not fits(region.pixels.shape[2], first.pixels.shape[2]):
            raise UserError(
                f"“{region.name}” cannot be learnt together with “{first.name}”.",
                why=f"It has {words(region.pixels.shape[2])}, the other {first.pixels.shape[2]}.",
                hint="Grey and colour go together; images of other channels need a model of their own.",
            )
    return max(int(region.pixels.shape[2]) for region in regions)


def _steps_per_epoch(regions: list[Labelled], tile: int, batch: int) -> int:
    """Steps after which as many pixels were seen as the images have."""
    pixels = sum(region.codes.size for region in regions if region.role != "validation")
    return max(1, round(pixels / (tile * tile * batch)))


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _color(index: int) -> str:
    return "#5a5f66" if index == 0 else PALETTE[(index - 1) % len(PALETTE)]
