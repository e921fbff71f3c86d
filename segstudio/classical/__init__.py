"""Classical segmentation: functions on arrays, listed in METHODS. Imports neither scikit-image nor scipy."""

from __future__ import annotations

from segstudio.classical.registry import METHODS, Method, find, run

__all__ = ["METHODS", "Method", "find", "run"]
