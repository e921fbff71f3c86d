"""`segstudio bench`: measure this machine, always beside a raw floor in the same run."""

from __future__ import annotations

import argparse
from importlib import import_module

BENCHES = {
    "startup": "segstudio.cli.bench_startup",
    "paint": "segstudio.cli.bench_paint",
    "view": "segstudio.cli.bench_view",
    "memory": "segstudio.cli.bench_memory",
    "soak": "segstudio.cli.bench_soak",
    "live": "segstudio.cli.bench_live",
    "predict": "segstudio.cli.bench_predict",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(BENCHES))
    parser.add_argument("--rounds", type=int, default=7)


def run(options: argparse.Namespace) -> int:
    code: int = import_module(BENCHES[options.what]).run(options.rounds)
    return code
