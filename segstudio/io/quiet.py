"""Keep image libraries quiet: what they say of a file may hold what stands in it, a patient's name too."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ("tifffile", "pydicom", "nibabel.global", "rasterio")


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings and no log of the libraries inside."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
