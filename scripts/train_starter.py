"""Train the starter model on generated images only, and write it to resources/models/.

    python scripts/train_starter.py --steps 2999 --seed 0

Few-shot episodes: two images of one generated world, a few strokes on the first, and a ridge regression from the
features under the strokes to their classes, solved in closed form (Bertinetto et al. 2019, arXiv:1805.08136). The
loss is how well it classifies the second image; its gradient runs through the solution into the network. So the
network learns features from which a few strokes are enough, whatever they mean. With the same torch, thread count
and --steps, the same bits come out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from generated_images import CLASSES, World, strokes
from torch import Tensor

from segstudio.learning.batchnorm import reestimate
from segstudio.models.blocks import pad_to
from segstudio.models.network import build
from segstudio.models.registry import find
from segstudio.models.unet import UNet
from segstudio.models.weights import save

EPISODES, SIZE, QUERIES = 4, 96, 1500
"""Worlds in a step, side of their images in pixels, and pixels of the second image that are asked for."""

TEMPERATURE = 8.0
"""What the regression's values in 0..1 are multiplied by before the softmax."""


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    light = dict(find("unet").presets["light"], width=options.width)
    network = build("unet", 3, (("nothing", "#000000"),), light, seed=options.seed)
    assert isinstance(network.module, UNet)
    steps = _train(network.module, options)
    random = np.random.default_rng([options.seed, 1])
    reestimate(network.module, (torch.from_numpy(_pair(random)[0]) for _ in range(40)))
    network.card = replace(
        network.card, seed=options.seed, metrics={"starter": "trained on generated images only", "steps": steps}
    )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    print(save(network, options.output))


def _train(module: UNet, options: argparse.Namespace) -> int:
    optimizer = torch.optim.AdamW(module.parameters(), lr=options.rate, weight_decay=1e-4)
    weight = torch.nn.Parameter(torch.tensor(0.0))  # logarithm of the regression's penalty
    optimizer.add_param_group({"params": [weight]})
    random = np.random.default_rng(options.seed)
    start, smooth, step = time.perf_counter(), 0.0, 0
    limit = 60 * options.minutes
    module.train()
    while True:
        share = step / options.steps if options.steps else (time.perf_counter() - start) / limit
        if share >= 1:
            return step
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 100) * (0.505 + 0.495 * np.cos(np.pi * share))
        losses, right = zip(*_episodes(module, random, weight), strict=True)
        loss = torch.stack(losses).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        step += 1
        smooth += (float(np.mean(right)) - smooth) * max(0.01, 1 / step)
        if step % 100 == 0:
            spent = time.perf_counter() - start
            print(f"step {step}, loss {float(loss.detach()):.3f}, right {smooth:.3f}, {spent:.0f} s", flush=True)


def _pair(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two images (2, 3, SIZE, SIZE) of one world, with labels (2, SIZE, SIZE) that share two classes or more."""
    while True:
        world = World.random(random)
        first, second = world.draw(random, SIZE), world.draw(random, SIZE)
        if len(np.intersect1d(first[1], second[1])) >= 2:
            return np.stack((first[0], second[0])), np.stack((first[1], second[1]))


def _episodes(module: UNet, random: np.random.Generator, weight: Tensor) -> Iterator[tuple[Tensor, float]]:
    """Loss of each episode, and the share of pixels that came out right (classes weighing the same)."""
    pairs = [_pair(random) for _ in range(EPISODES)]
    pixels = torch.from_numpy(np.concatenate([pixels for pixels, _ in pairs]))
    maps = module.features(pad_to(pixels, module.stride))
    for index, (_, labels) in enumerate(pairs):
        at = strokes(labels[0], random, int(random.integers(1, 5)))
        at = at[random.permutation(len(at))[:300]]
        asked = random.integers(0, SIZE, (QUERIES, 2))
        support, query = (_read(maps, 2 * index + which, where) for which, where in enumerate((at, asked)))
        target = torch.from_numpy(labels[0][at[:, 0], at[:, 1]].astype(np.int64))
        truth = torch.from_numpy(labels[1][asked[:, 0], asked[:, 1]].astype(np.int64))
        known = torch.isin(truth, target)
        logits = TEMPERATURE * _regress(support, target, query, weight)
        balance = 1 / torch.bincount(truth[known], minlength=CLASSES).clamp_min(1)
        share = balance[truth[known]]
        loss = (F.cross_entropy(logits[known], truth[known], reduction="none") * share).sum() / share.sum()
        hit = (logits[known].argmax(1) == truth[known]).float()
        yield loss, float((hit * share).sum() / share.sum())


def _read(maps: list[Tensor], image: int, at: np.ndarray) -> Tensor:
    """Features (n, D) of the pixels `at` (n, 2; row, column), as Hypercolumns.read gives them."""
    grid = torch.from_numpy((at[:, ::-1] + 0.5) / SIZE * 2 - 1).float()[None, None]
    found = [
        F.grid_sample(part[image : image + 1], grid, mode="bilinear", padding_mode="border", align_corners=False)
        for part in maps
    ]
    return torch.cat([part[0, :, 0].T for part in found], 1)


def _regress(support: Tensor, target: Tensor, query: Tensor, weight: Tensor) -> Tensor:
    """Ridge regression from standardised features to one-hot classes, each class weighing the same; (n, CLASSES)."""
    mean, deviation = support.mean(0), support.std(0) + 0.1
    x, q = (support - mean) / deviation, (query - mean) / deviation
    x, q = (F.pad(part, (0, 1), value=1.0) for part in (x / x.shape[1] ** 0.5, q / q.shape[1] ** 0.5))
    share = (1 / torch.bincount(target, minlength=CLASSES).clamp_min(1)[target]).sqrt()
    x, y = x * share[:, None], F.one_hot(target, CLASSES).float() * share[:, None]
    inner = x @ x.T + (0.01 * weight.exp()) * torch.eye(len(x))
    found: torch.Tensor = q @ (x.T @ torch.linalg.solve(inner, y))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--steps", type=int, default=0, help="instead of minutes: repeats bit for bit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=Path("resources/models/starter-unet.safetensors"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
