"""Labelled regions as they come from the window."""

from __future__ import annotations

import numpy as np

from segstudio.learning.labelled import Labelled
from segstudio.worker.shared import attach
from segstudio.worker.wire import Region


def labelled(region: Region) -> Labelled:
    """A region over shared memory; its codes are copied, since they may be changed."""
    return Labelled(
        region.name, region.group, attach(region.image), region.ranges, np.array(attach(region.codes), np.uint16),
        region.recent, region.role, region.digest, region.offset,
    )  # fmt: skip
