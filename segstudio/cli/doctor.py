"""`segstudio doctor`: what this machine has and what is missing."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
from importlib.util import find_spec

from segstudio.cli.output import table

PACKAGES = (
    "torch",
    "torchvision",
    "PySide6-Essentials",
    "numpy",
    "Pillow",
    "scikit-image",
    "apsw",
    "tifffile",
    "safetensors",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    return None


def run(options: argparse.Namespace) -> int:
    import apsw

    from segstudio.folders import data_folder
    from segstudio.learning.device import choose

    rows = [["what", "found"], ["Python", platform.python_version()], ["system", platform.platform()]]
    rows += [[name, _version(name)] for name in PACKAGES]
    rows.append(["SQLite", str(apsw.sqlite_lib_version())])
    rows.append(
        ["processor cores", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())]
    )
    rows.append(["computes on", choose().title])
    rows.append(["display", os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "none"])
    folder = data_folder()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    rows.append(["data folder", f"{folder} ({shutil.disk_usage(existing).free / 2**30:.0f} GB free)"])
    print(table(rows, right=9))
    missing = [name for name in ("torch", "PySide6") if find_spec(name) is None]
    return 1 if missing else 0


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"
