"""Where icons, themes, fonts and the sample project lie."""

from __future__ import annotations

import sys
from pathlib import Path


def folder() -> Path:
    """The folder `resources`: beside the package in a checkout, under the prefix where installed."""
    for candidate in (
        Path(__file__).resolve().parents[1] / "resources",
        Path(__file__).resolve().parent / "resources",
        Path(sys.prefix) / "share" / "segstudio" / "resources",
    ):
        if (candidate / "icons").is_dir():
            return candidate
    raise FileNotFoundError("The folder “resources” of SegStudio is missing; install it again.")
