"""Which classes and channels a network needs for what is to be learnt, and the network made so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segstudio.core.channels import COLOUR, fits, words
from segstudio.core.codes import NOTHING, classes_of
from segstudio.errors import UserError
from segstudio.learning.labelled import Labelled
from segstudio.models.network import Network
from segstudio.models.outputs import Class, with_channels, with_classes


def suited(network: Network, regions: Sequence[Labelled], table: Sequence[Class] = ()) -> Network:
    """The network with an output for each class of `table` that it knows or that is labelled in `regions`, and for
    colour where they are coloured; all that it has learnt is kept.

    Without a table its outputs stay as they are. Raises UserError, which names the image, where the channels of a
    region do not fit.
    """
    for region in regions:
        if not fits(region.pixels.shape[2], network.card.channels):
            raise UserError(
                f"“{region.name.rpartition('#')[0] or region.name}” does not fit the model.",
                why=f"It has {words(region.pixels.shape[2])}, the model was made for {network.card.channels}.",
                hint="Images of other channels need a project, or a model, of their own.",
            )
    if table:
        painted = {int(c) for region in regions for c in np.unique(classes_of(region.codes))} - {NOTHING}
        wanted = [row for row in table if row[0] in painted or row[0] in network.card.class_ids]
        network = with_classes(network, wanted)
    return with_channels(network, COLOUR) if any(coloured(region) for region in regions) else network


def coloured(region: Labelled) -> bool:
    """Whether a region has three channels that are not all the same."""
    pixels = region.pixels
    return pixels.shape[2] == COLOUR and not bool((pixels == pixels[..., :1]).all())
