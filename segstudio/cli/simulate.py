"""`segstudio simulate`: a simulated annotator corrects, a learner learns; effort against quality."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.cli.output import ProgressLine, out_folder, table
from segstudio.cli.train import fresh, read_labels
from segstudio.core.codes import classes_of
from segstudio.errors import UserError
from segstudio.learning.labelled import Labelled
from segstudio.models.registry import networks

DENSE_SHARES = (0.9, 0.95)
"""Shares of the dense reference that the effort is told for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", required=True, metavar="DIR")
    parser.add_argument("--masks", required=True, metavar="DIR", help="one mask for each image, of the same name")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="results.jsonl, summary.csv, curves.svg")
    parser.add_argument("--name", default="", help="what the data set is called; else the folder above the images")
    parser.add_argument("--learners", default="loop", metavar="NAMES", help="loop,finetune,head,forest,threshold")
    parser.add_argument("--strategies", default="random", metavar="NAMES", help="guided,random,order,oracle")
    parser.add_argument("--seeds", default="0", metavar="NUMBERS", help="0,1,2: one run for each")
    parser.add_argument("--dense", action="store_true", help="also the fully supervised reference")
    parser.add_argument("--strokes", type=int, default=80)
    parser.add_argument("--strokes-per-round", type=int, default=8)
    parser.add_argument("--strokes-per-window", type=int, default=4)
    parser.add_argument("--window", type=int, default=256, help="side of what the annotator sees, in pixels")
    parser.add_argument("--radius", type=float, default=3.0, help="of the brush, in pixels")
    parser.add_argument("--length", type=float, default=80.0, help="of a stroke at most, in pixels")
    parser.add_argument("--jitter", type=float, default=0.0, help="noise of the hand, in pixels (1 is realistic)")
    parser.add_argument("--slips", type=float, default=0.0, help="share of strokes of a wrong class (0.03)")
    parser.add_argument("--steps", type=int, default=40, help="training steps for each round")
    parser.add_argument("--seconds", type=float, default=0.0, help="seconds of training for each round instead")
    parser.add_argument("--size", type=int, default=384, help="use the middle of larger images, in pixels")
    parser.add_argument("--limit", type=int, default=30, help="use that many images at most")
    parser.add_argument("--start", default="starter", metavar="M", help="weights: starter, random or M.safetensors")
    parser.add_argument("--model", default="unet", metavar="NETWORK", help=", ".join(networks()))
    parser.add_argument("--preset", default="light", help="light, standard or paper")
    parser.add_argument("--width", type=int, default=None, help="channels of the first level")
    parser.add_argument("--depth", type=int, default=None, help="poolings of U-Net")
    parser.add_argument("--ignore", type=int, default=None, metavar="VALUE", help="mask value that is no label")
    parser.add_argument("--invert", action="store_true", help="swap classes 0 and 1 of the masks")
    parser.add_argument("--classes", default="", metavar="NAMES", help="names by class id: background,nucleus")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(project=None, encoder_weights=None, download_encoder=False)


def run(options: argparse.Namespace) -> int:
    from segstudio.learning.device import use_cores
    from segstudio.learning.simulate import results
    from segstudio.learning.simulate.learners import make
    from segstudio.learning.simulate.strategies import find

    _check(options)
    learners, strategies = _names(options.learners), _names(options.strategies)
    for learner in learners:
        make(learner)
    for strategy in strategies:
        find(strategy)
    use_cores()
    folder = out_folder(options.output)
    wanted = [
        (learner, strategy, seed) for seed in _seeds(options.seeds) for learner in learners for strategy in strategies
    ]
    if options.dense:
        wanted = [(results.DENSE, results.DENSE, seed) for seed in _seeds(options.seeds)] + wanted
    bench = _Bench(options)
    path = folder / "results.jsonl"
    done = {result.key: result for result in results.read(path)}
    progress = ProgressLine("simulating")
    for number, (learner, strategy, seed) in enumerate(wanted):
        result = bench.blank(learner, strategy, seed)
        if result.key in done:
            continue
        rounds = []
        for one in bench.rounds(learner, strategy, seed):
            rounds.append(results.plain(one))
            part = min(1.0, one.effort.strokes / options.strokes)
            text = f"{learner} {strategy} seed {seed}: {one.effort.strokes} strokes, mean Dice {one.mean:.3f}"
            progress.show((number + part) / len(wanted), text)
        result = replace(result, rounds=tuple(rounds))
        results.append(path, result)
        done[result.key] = result
    progress.done(f"{len(wanted)} simulations, in {folder}.")
    keys = [bench.blank(*one).key for one in wanted]
    _report(options, bench, folder, [done[key] for key in keys])
    return 0


class _Bench:
    """Data and settings of one call, and what runs a simulation with them."""

    def __init__(self, options: argparse.Namespace) -> None:
        from segstudio.learning.device import choose
        from segstudio.learning.simulate.annotator import DrawingHand
        from segstudio.learning.simulate.picture import SimulatedImage, split
        from segstudio.learning.simulate.protocol import SimulationPlan

        self._options = options
        regions, classes, self._channels = read_labels(options)
        self.classes = tuple((name, color) for _, name, color in classes)
        regions = [region.by_output([class_id for class_id, _, _ in classes]) for region in regions]
        pictures = [SimulatedImage(r.name, *self._alike(r), classes_of(r.codes)) for r in regions]
        self.pool, self.test = split([p.cropped(options.size) for p in pictures[: options.limit]])
        hand = DrawingHand(options.radius, options.length, options.jitter, options.slips)
        per_round, per_window = options.strokes_per_round, options.strokes_per_window
        self.plan = SimulationPlan(options.strokes, per_round, per_window, options.window, hand)
        self.device = choose(options.device)
        self.dataset = options.name or Path(options.images).resolve().parent.name

    def _alike(self, region: Labelled) -> tuple[NDArray[np.generic], Sequence[tuple[float, float]]]:
        """Pixels and ranges in as many channels as the others have: grey as three equal ones."""
        times = self._channels // region.pixels.shape[2]
        return np.repeat(region.pixels, times, 2), [*region.ranges] * times

    def blank(self, learner: str, strategy: str, seed: int) -> Any:
        """A result without rounds: its key says whether the simulation has been done."""
        from segstudio.learning.simulate.results import Result, digest

        left_out = {
            "images", "masks", "output", "name", "learners", "strategies", "seeds", "dense", "json", "command",
            "device", "project",
        }  # fmt: skip
        settings = {name: value for name, value in vars(self._options).items() if name not in left_out}
        settings["images"] = [picture.name for picture in (*self.pool, *self.test)]
        return Result(self.dataset, learner, strategy, seed, digest(settings))

    def rounds(self, learner: str, strategy: str, seed: int) -> Iterator[Any]:
        """One simulation, round by round; the dense reference is a single one."""
        from segstudio.learning.simulate.learners import Setting, make
        from segstudio.learning.simulate.protocol import dense, simulate
        from segstudio.learning.simulate.results import DENSE
        from segstudio.learning.simulate.strategies import find

        o = self._options
        setting = Setting(self.classes, lambda: self._start(seed), self.device, o.steps, o.seconds, seed)
        if learner == DENSE:
            yield dense(self.pool, self.test, setting, self.plan)
        else:
            yield from simulate(self.pool, self.test, make(learner), find(strategy), setting, self.plan)

    def _start(self, seed: int) -> Any:
        """The starting network: starter or random weights of this seed, or a file's."""
        if self._options.start in ("starter", "random"):
            said = {**vars(self._options), "seed": seed, "weights": self._options.start}
            classes = tuple((place, *named) for place, named in enumerate(self.classes))
            return fresh(argparse.Namespace(**said), self._channels, classes)
        from segstudio.models.weights import load

        network = load(Path(self._options.start))
        fits = network.card.channels == self._channels and len(network.card.classes) == len(self.classes)
        if not fits:
            raise UserError(
                "The starting weights do not fit these images.",
                why=f"They are for {network.card.channels} channels and {len(network.card.classes)} classes, "
                f"not for {self._channels} and {len(self.classes)}.",
            )
        return network


def _report(options: argparse.Namespace, bench: _Bench, folder: Path, found: Sequence[Any]) -> None:
    """Write the table and the chart, and print what may be said."""
    from segstudio.learning.simulate.chart import svg
    from segstudio.learning.simulate.results import DENSE, mean_curve

    runs = [result for result in found if result.learner != DENSE and result.rounds]
    references = [result.rounds[-1]["mean"] for result in found if result.learner == DENSE]
    reference = sum(references) / len(references) if references else None
    rows, claims = _summary(bench, runs, reference)
    with (folder / "summary.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    groups: dict[str, list[Any]] = {}
    for result in runs:
        groups.setdefault(f"{result.learner}, {result.strategy}", []).append(result)
    levels = {} if reference is None else {"dense": reference}
    title = f"{bench.dataset}: {len(bench.pool)} images annotated, {len(bench.test)} for the test"
    chart = svg(title, {name: mean_curve(group) for name, group in groups.items()}, levels)
    (folder / "curves.svg").write_text(chart, encoding="utf-8")
    if options.json:
        text = {"dataset": bench.dataset, "dense": reference, "runs": [asdict(r) for r in runs], "claims": claims}
        print(json.dumps(text, indent=2))
        return
    print(title + ".\n" + table(rows, right=2))
    for one in claims:
        low_high = "" if one["interval"] is None else " (95 % {:+.3f} to {:+.3f})".format(*one["interval"])
        names = " against ".join(", ".join(arm) for arm in (one["one"], one["other"]))
        print(f"{names}: area {one['difference']:+.3f}{low_high}, {one['pairs']} pairs: {one['word']}.")
    print(f"Seconds are by a cost model, an assumption. Curves: {folder / 'curves.svg'}.")


def _summary(bench: _Bench, runs: Sequence[Any], reference: float | None) -> tuple[list[list[str]], list[Any]]:
    """One row for each learner and strategy, averaged over seeds; and the claims."""
    from segstudio.learning.simulate.claims import area, claims_of, effort_to
    from segstudio.learning.simulate.results import mean_curve

    heading = ["learner", "strategy", "seeds", "strokes", "pixels", "seconds", "compute", "area", "mean Dice"]
    heading += [name for name, _ in bench.classes]
    heading += [f"strokes to {share:.0%} of dense" for share in DENSE_SHARES]
    rows = [heading]
    for learner, strategy in dict.fromkeys((r.learner, r.strategy) for r in runs):
        group = [r for r in runs if (r.learner, r.strategy) == (learner, strategy)]
        last = [r.rounds[-1] for r in group]
        curve = mean_curve(group)
        row = [learner, strategy, str(len(group)), *(_mean(last, n, ".0f") for n in ("strokes", "pixels", "seconds"))]
        row += [_mean(last, "compute", ".1f"), f"{sum(area(r.curve) for r in group) / len(group):.3f}"]
        row += [_mean(last, "mean", ".3f"), *(_class_mean(last, index) for index in range(len(bench.classes)))]
        for share in DENSE_SHARES:
            strokes = None if reference is None else effort_to(curve, share * reference)
            row.append("–" if reference is None else f"> {curve[-1][0]}" if strokes is None else f"{strokes:.0f}")
        rows.append(row)
    return rows, [asdict(one) | {"word": one.word} for one in claims_of(runs)]


def _mean(rounds: Sequence[Any], name: str, form: str) -> str:
    return format(sum(one[name] for one in rounds) / len(rounds), form)


def _class_mean(rounds: Sequence[Any], index: int) -> str:
    scores = [one["dice"][index] for one in rounds if one["dice"][index] is not None]
    return f"{sum(scores) / len(scores):.3f}" if scores else "–"


def _check(options: argparse.Namespace) -> None:
    """Raise UserError for numbers no simulation can have."""
    for name in ("strokes", "strokes_per_round", "strokes_per_window", "window", "size", "limit"):
        if getattr(options, name) < 1:
            raise UserError(f"--{name.replace('_', '-')} must be at least 1.")
    if options.radius <= 0 or options.length <= 0 or options.jitter < 0 or not 0 <= options.slips <= 1:
        raise UserError("Radius and length must be above 0, jitter not below 0, slips a share from 0 to 1.")


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _seeds(text: str) -> list[int]:
    try:
        return [int(name) for name in _names(text)]
    except ValueError:
        raise UserError(f"--seeds takes numbers, not “{text}”.", hint="For example 0,1,2.") from None
