"""`segstudio bench`: measure this machine, always beside a raw floor in the same run."""

from __future__ import annotations

import argparse
from importlib import import_module

BENCHES = {
    "startup": ("segstudio.cli.bench_startup", "rounds"),
    "paint": ("segstudio.cli.bench_paint", "rounds"),
    "view": ("segstudio.cli.bench_view", "rounds"),
    "memory": ("segstudio.cli.bench_memory", "rounds"),
    "soak": ("segstudio.cli.bench_soak", "rounds"),
    "live": ("segstudio.cli.bench_live", "rounds"),
    "predict": ("segstudio.cli.bench_predict", "rounds"),
    "large": ("segstudio.cli.bench_large", "side"),
}
"""Module, and the option that says how much it does."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(BENCHES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--side", type=int, default=50_000, help="rows and columns of the image of “large”")


def run(options: argparse.Namespace) -> int:
    module, amount = BENCHES[options.what]
    code: int = import_module(module).run(getattr(options, amount))
    return code
