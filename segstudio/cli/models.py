"""`segstudio models`: networks and presets."""

from __future__ import annotations

import argparse
import json

from segstudio.models.registry import MODELS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    if options.json:
        print(
            json.dumps(
                {s.id: {"title": s.title, "summary": s.summary, "presets": dict(s.presets)} for s in MODELS.values()}
            )
        )
        return 0
    for spec in MODELS.values():
        print(f"{spec.id:<10} {spec.title}: {spec.summary}")
        for name, option in spec.options.items():
            print(f"             --{name:<11} {option.help} (default {option.default})")
        for name, values in spec.presets.items():
            print(f"           preset {name:<9} {', '.join(f'{k} {v}' for k, v in values.items()) or 'as published'}")
    return 0
