"""The quick head of a compute worker: what it was told of the labels, and the predictor made of it."""

from __future__ import annotations

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
        self._fitted: int | None = None

    def predictor(self, news: Quick, champion: Predictor) -> Predictor:
        """Champion and quick head as one predictor; the champion alone while fewer than two classes are known."""
        card = champion.network.card
        head = self._head_for(news.labels, card, champion.device)
        for region in news.tiles:
            head.forget(*_tile(region))
        if head.learn([labelled(region) for region in news.tiles]) or news.tiles or self._fitted != len(card.classes):
            self._fitted = None
        if len(head.classes) < 2 or max(head.classes) >= len(card.classes):
            return champion
        if self._fitted is None:
            head.refit(len(card.classes))
            self._fitted = len(card.classes)
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
