"""Make the sample project's images, truth and starter model, all from generated pictures.

Nothing here comes from a data set: the images are drawn, so they can be shipped and learnt from without any
question of licence. Run `python scripts/make_sample.py`; it writes resources/sample.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from segstudio.core.classes import ClassEntry, ClassTable
from segstudio.core.codes import Origin, encode_map
from segstudio.core.stencils import capsule
from segstudio.io.masks.mask_file import write_indexed_png
from segstudio.io.reading import robust_ranges
from segstudio.learning.device import choose
from segstudio.learning.evaluate import mean_dice
from segstudio.learning.finetune import Outcome, Scored, StepDone, finetune
from segstudio.learning.labelled import Labelled
from segstudio.learning.recipe import preset
from segstudio.models.network import build
from segstudio.models.weights import save

FOLDER = Path(__file__).parents[1] / "resources" / "sample"
SIDE = 512
CLASSES = (("Background", "#5a5f66"), ("Nucleus", "#f58518"))


def texture(random: np.random.Generator, scale: float) -> NDArray[np.float64]:
    """Smooth noise of mean 0 and standard deviation 1; `scale` is the size of its features in pixels."""
    field = gaussian_filter(random.standard_normal((SIDE, SIDE)), scale, mode="wrap")
    return np.asarray((field - field.mean()) / field.std())


def nuclei(seed: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture like a fluorescence micrograph, and its truth: bent ellipses, some touching, of uneven brightness."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    light, truth = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE), bool)
    inner = texture(random, 3.5)
    centres: list[tuple[float, float]] = []
    while len(centres) < count:
        row, column = random.uniform(4, SIDE - 4, 2)
        if any((row - r) ** 2 + (column - c) ** 2 < 27**2 for r, c in centres):
            continue
        centres.append((row, column))
        long, short = random.uniform(13, 21), random.uniform(10, 15)
        angle = random.uniform(0, np.pi)
        along = (rows - row) * np.cos(angle) + (columns - column) * np.sin(angle)
        across = -(rows - row) * np.sin(angle) + (columns - column) * np.cos(angle)
        across = across + random.uniform(-0.012, 0.012) * along**2
        wobble = 1 + 0.07 * np.sin(3 * np.arctan2(across, along) + random.uniform(0, 6))
        inside = (along / long) ** 2 + (across / short) ** 2 < wobble
        brightness = random.uniform(0.35, 1.0)
        light = np.where(inside & ~truth, brightness * (1 + 0.16 * inner), light)
        truth |= inside
    light = gaussian_filter(light, 1.4)
    haze = 0.10 + 0.05 * texture(random, 60) + 0.35 * gaussian_filter(light, 16)
    shade = 1 - 0.4 * (((rows - SIDE / 2) / SIDE) ** 2 + ((columns - SIDE / 2) / SIDE) ** 2)
    photons = random.poisson(np.clip((light + haze) * shade, 0, None) * 55) / 55
    grey = photons + random.normal(0, 0.03, photons.shape)
    low, high = np.percentile(grey, (0.2, 99.8))
    return (np.clip((grey - low) / (high - low), 0, 1) * 255).astype(np.uint8), truth.astype(np.uint8)


def debris(seed: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Nuclei with bright specks and fibres that are none: what a first model gets wrong."""
    grey, truth = nuclei(seed, count)
    random = np.random.default_rng(seed + 1)
    extra = np.zeros((SIDE, SIDE))
    for _ in range(26):
        row, column = random.uniform(0, SIDE, 2)
        reach, angle = random.uniform(0, 46), random.uniform(0, 6.3)
        end = (row + reach * np.sin(angle), column + reach * np.cos(angle))
        top, left, stencil = capsule((row, column), end, random.uniform(1.6, 3.4), SIDE, SIDE)
        extra[top : top + stencil.shape[0], left : left + stencil.shape[1]][stencil] = random.uniform(0.5, 0.95)
    extra = gaussian_filter(extra, 1.1) * (truth == 0) * 210
    return np.clip(grey + extra, 0, 255).astype(np.uint8), truth


def strokes(grey: NDArray[np.uint8], truth: NDArray[np.uint8], seed: int, count: int) -> NDArray[np.uint8]:
    """A few brush strokes that agree with the truth, 255 elsewhere: the sample's annotation.

    Background strokes begin on bright debris, where a first model is wrong.
    """
    random = np.random.default_rng(seed)
    out = np.full(truth.shape, 255, np.uint8)
    for number in range(count):
        wanted = number % 2
        places = np.argwhere((truth == wanted) & (grey > 110))
        row, column = places[random.integers(len(places))]
        angle, reach = random.uniform(0, 6.3), 12 if wanted else 40
        end = (row + reach * np.sin(angle), column + reach * np.cos(angle))
        top, left, stencil = capsule((row, column), end, 4.0, SIDE, SIDE)
        window = np.s_[top : top + stencil.shape[0], left : left + stencil.shape[1]]
        out[window][stencil & (truth[window] == wanted)] = wanted
    return out


def labelled(name: str, grey: NDArray[np.uint8], classes: NDArray[np.uint8], role: str) -> Labelled:
    pixels = grey[..., None]
    codes = encode_map(classes, Origin.IMPORTED)
    return Labelled(name, name, pixels, robust_ranges(pixels[None]), codes, (), role, name)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    table = ClassTable(tuple(ClassEntry(i, name, color) for i, (name, color) in enumerate(CLASSES)))
    pictures = {
        "nuclei-1": nuclei(11, 78),
        "nuclei-2": nuclei(12, 92),
        "nuclei-3": debris(13, 70),
        "nuclei-4": debris(14, 84),
    }
    for name, (grey, truth) in pictures.items():
        Image.fromarray(grey).save(FOLDER / f"{name}.png", optimize=True)
        write_indexed_png(FOLDER / f"{name}.truth.png", truth, table)
    write_indexed_png(FOLDER / "nuclei-3.annotation.png", strokes(*pictures["nuclei-3"], 3, 24), table)

    train = [labelled(f"t{i}", *nuclei(100 + i, 60 + 5 * i), role="train") for i in range(6)]
    train += [labelled(f"v{i}", *nuclei(200 + i, 70), role="validation") for i in range(2)]
    network = build("unet", 1, CLASSES, {"width": 8, "depth": 3, "upsampling": "bilinear"}, seed=1)
    losses, scores = [], []
    for event in finetune(network, train, preset("light", steps=400, seconds=0.0, seed=1), device=choose("cpu")):
        if isinstance(event, StepDone):
            losses.append((event.step, round(event.loss, 4)))
        elif isinstance(event, Scored):
            scores.append((event.step, *(round(mean_dice(e.pooled), 4) for e in (event.champion, event.challenger))))
            print(*scores[-1])
        elif isinstance(event, Outcome):
            print(event.verdict.sentence)
            card = replace(
                event.network.card,
                metrics={**event.network.card.metrics, "loss_curve": losses[::4], "score_curve": scores},
            )
            event.network.card = card
            save(event.network, FOLDER / "starter.safetensors")


if __name__ == "__main__":
    main()
