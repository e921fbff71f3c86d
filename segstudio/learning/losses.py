"""The loss for partly labelled pixels: cross-entropy plus soft Dice, each over labelled pixels only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORE = 255
"""Target value of pixels without a label."""


def partial_loss(logits: Tensor, target: Tensor, weight: Tensor, *, soft_dice: bool = True) -> Tensor:
    """Mean over samples of partial cross-entropy + partial soft Dice (without it, if so wished); a scalar.

    `logits` is (N, K, H, W), `target` (N, H, W) int64 with IGNORE where unlabelled, `weight` (N, H, W) how much
    a labelled pixel counts (its origin). Both terms are normalised for each sample by its labelled weight, so
    a patch with one stroke counts as much as a dense one and the gradient for each labelled pixel of a sample
    does not depend on how many other pixels are unlabelled (MODELS.md 3.2, E3, E5). Samples without labels
    count nothing; a batch without any gives 0. A perfect prediction gives 0. Unlabelled pixels get exactly zero
    gradient.
    """
    known = target != IGNORE
    safe = torch.where(known, target, torch.zeros_like(target))
    weight = weight * known
    total = weight.flatten(1).sum(1)  # (N,)
    has = total > 0
    logits = torch.where(known[:, None], logits.float(), torch.zeros((), device=logits.device))
    if not bool(has.any()):
        return logits.sum() * 0.0
    cross = F.cross_entropy(logits, safe, reduction="none") * weight
    cross_entropy = cross.flatten(1).sum(1) / total.clamp_min(1e-6)
    loss = cross_entropy + _soft_dice(logits, safe, weight) if soft_dice else cross_entropy
    return loss[has].mean()


def _soft_dice(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """1 - soft Dice for each sample, mean over the classes among its labelled pixels; (N,)."""
    probability = logits.softmax(1) * weight[:, None]
    truth = target[:, None] == torch.arange(logits.shape[1], device=logits.device)[:, None, None]  # (N, K, H, W)
    pixels = (truth * weight[:, None]).flatten(2).sum(2)  # (N, K)
    overlap = (probability * truth).flatten(2).sum(2)
    present = pixels > 0
    dice = 2 * overlap / (probability.flatten(2).sum(2) + pixels).clamp_min(1e-6)
    count = present.sum(1).clamp_min(1)
    return ((1 - dice) * present).sum(1) / count
