"""`segstudio models`: networks and presets; `models show FILE`: what a model file says of itself; `models onnx FILE
OUT`: the model for other programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segstudio.cli.output import table
from segstudio.errors import UserError
from segstudio.models.card import Card, read_card
from segstudio.models.registry import networks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("show", nargs="?", choices=("show", "onnx"), help="show a model file, or export it as ONNX")
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a .safetensors file, or a version in a project's models/"
    )
    parser.add_argument("out", nargs="?", metavar="OUT", help="the .onnx file to write")
    parser.add_argument("--receipt", action="store_true", help="everything the model was made from")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    if options.show and not options.file:
        raise UserError("There is no model to show.", hint="Write segstudio models show FILE.")
    if options.show == "onnx":
        return _export(options)
    if options.show:
        return _show(read_card(Path(options.file)), options)
    if options.json:
        print(
            json.dumps(
                {
                    s.id: {"title": s.title, "summary": s.summary, "presets": dict(s.presets)}
                    for s in networks().values()
                }
            )
        )
        return 0
    for spec in networks().values():
        print(f"{spec.id:<10} {spec.title}: {spec.summary}")
        for name, option in spec.options.items():
            print(f"             --{name:<11} {option.help} (default {option.default})")
        for name, values in spec.presets.items():
            print(f"           preset {name:<9} {', '.join(f'{k} {v}' for k, v in values.items()) or 'as published'}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from segstudio.models.onnx_file import export
    from segstudio.models.weights import load

    if not options.out:
        raise UserError("There is no file to write.", hint="Write segstudio models onnx FILE OUT.onnx.")
    network = load(Path(options.file))
    worst = export(network, Path(options.out))
    print(f"{options.out}: checked with ONNX Runtime, largest difference {worst:.1g}.")
    print(f"Rows and columns must be multiples of {network.module.stride}; logits come out, softmax over axis 1.")
    return 0


def _show(card: Card, options: argparse.Namespace) -> int:
    if options.receipt and not card.receipt:
        raise UserError("This model has no receipt.", hint="Models trained by this version of SegStudio have one.")
    said = {**card.receipt, "parent": card.parent, "created": card.created, "metrics": card.metrics}
    if options.json:
        print(json.dumps(said) if options.receipt else card.to_json())
    elif options.receipt:
        print("\n".join(f"{name:<30} {value}" for name, value in _flat(said)))
    else:
        print(describe(card))
    return 0


def describe(card: Card) -> str:
    """What people want to know of a model: its network, classes, scores and how honest its probabilities are."""
    lines = [
        f"{card.architecture}, {card.channels} channel{'s'[: card.channels > 1]}, {card.steps} steps, {card.created}",
        "classes: "
        + ", ".join(
            name if place == class_id else f"{name} ({class_id})"
            for place, (class_id, (name, _)) in enumerate(zip(card.class_ids, card.classes, strict=True))
        ),
    ]
    dice = card.metrics.get("dice") or {}
    if dice:
        scores = [f"{card.name(int(key))} {'–' if score is None else f'{score:.3f}'}" for key, score in dice.items()]
        lines.append("Dice: " + ", ".join(scores))
    return "\n".join([*lines, *_calibration(card.metrics.get("calibration"))])


def _calibration(said: dict[str, Any] | None) -> Iterator[str]:
    if not said:
        yield "not calibrated: fewer than 500 held-out labelled pixels"
        return
    yield f"temperature {said['temperature']:.3f}, fitted on {said['pixels']:,} held-out pixels"
    rows = [["", "ECE", "Brier", "NLL"]]
    for name in ("before", "after"):
        rows.append([name, *(f"{said[name][key]:.4f}" for key in ("ece", "brier", "nll"))])
    yield table(rows)
    bins = [["confidence", "accuracy", "pixels"]]
    bins += [[f"{mean:.3f}", f"{right:.3f}", f"{pixels:,}"] for mean, right, pixels in said["after"]["bins"] if pixels]
    yield "\n" + table(bins, right=0)


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """A table of tables as dotted names; the numbers of bins and schedules stay in one line."""
    for name, part in value.items():
        if isinstance(part, dict) and part:
            yield from _flat(part, f"{prefix}{name}.")
        else:
            yield prefix + name, part
