"""Where SegStudio keeps what is the user's and in no project: the platform's own folders, or one of the user's choice.

The environment variable SEGSTUDIO_HOME puts all of it into one folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from platformdirs import PlatformDirs

HOME = "SEGSTUDIO_HOME"


def data_folder() -> Path:
    """Where unnamed projects, plugins and the sample live."""
    return _chosen() or _platform().user_data_path


def cache_folder() -> Path:
    """Where what can be made again is kept: coarse levels of large images."""
    home = _chosen()
    return home / "cache" if home else _platform().user_cache_path


def config_file(name: str) -> Path:
    """Where the user's settings of this name are read and written; those that already lie with the data stay there."""
    old = data_folder() / name
    return old if _chosen() or old.exists() else _platform().user_config_path / name


def _chosen() -> Path | None:
    home = os.environ.get(HOME)
    return Path(home) if home else None


def _platform() -> PlatformDirs:
    name = "SegStudio" if sys.platform in ("win32", "darwin") else "segstudio"
    return PlatformDirs(name, appauthor=False, roaming=True)
