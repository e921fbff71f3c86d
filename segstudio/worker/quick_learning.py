"""The quick head of a compute worker: what it was told of the labels, and the predictor made of it."""

from __future__ import annotations

from collections.abc import Sequence

from segstudio.core.channels import fits
from segstudio.core.geometry import TILE
from segstudio.learning.device import Device
from segstudio.learning.predict import Predictor
from segstudio.learning.quick import QuickHead, fresh_trunk
from segstudio.models.card import Card
from segstudio.worker.labels import labelled
from segstudio.worker.wire import Quick, Region


class QuickLearning:
    """Keeps one quick head, for one project and layer, and refits it when labels change."""

    def __init__(self) -> None:
        self._of: tuple[str, int, str, str] | None = None
        self._head: QuickHead | None = None
        self._fitted: tuple[int, ...] | None = None

    def predictor(self, news: Quick, champion: Predictor, only: Sequence[int] = ()) -> Predictor:
        """Champion and quick head as one predictor; the champion alone while fewer than two classes are known.

        Classes that are painted and new to the champion are the head's alone, where they are among `only`. Tiles whose
        channels the champion cannot take are left out.
        """
        card = champion.network.card
        head = self._head_for(news.labels, card, champion.device)
        for region in news.tiles:
            head.forget(*_tile(region))
        tiles = [region for region in news.tiles if fits(region.image.shape[-1], card.channels)]
        computed = head.learn([labelled(region) for region in tiles])
        painted = head.classes & set(only) if only else head.classes
        if len(painted) < 2:
            return champion
        ids = tuple(sorted({*card.class_ids, *painted}))
        if computed or news.tiles or self._fitted != ids:
            head.refit(ids)
            self._fitted = ids
        network = head.network(card, champion.network, champion.module)
        network.module.to(champion.device.torch)
        return Predictor(network, champion.device, ready=True)

    def _head_for(self, labels: str, card: Card, device: Device) -> QuickHead:
        of = (labels, card.channels, card.scaling, device.title)
        if self._head is None or of != self._of:
            self._head, self._of, self._fitted = QuickHead(fresh_trunk(card), device), of, None
        return self._head


def _tile(region: Region) -> tuple[str, int, int]:
    """Digest, row and column of the tile a region was made around: its middle lies in it."""
    rows, columns = region.codes.shape
    return (
        region.digest, (region.offset[0] + rows // 2) // TILE, (region.offset[1] + columns // 2) // TILE,
    )  # fmt: skip
