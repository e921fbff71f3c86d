"""Strategies: which window the annotator looks at next."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segstudio.core.guidance import RegionCandidates, disagreement, doubt, rank
from segstudio.errors import UserError
from segstudio.learning.simulate.annotator import errors
from segstudio.learning.simulate.board import Board

Strategy = Callable[[Board, int | None, np.random.Generator], int | None]
"""Index of a window that holds unannotated pixels (of class `wanted`, if given); None where none does."""


def order(board: Board, wanted: int | None, random: np.random.Generator) -> int | None:
    """File order, and from the top left to the bottom right in each picture; then from the beginning again."""
    count = len(board.windows)
    following = ((board.last + step) % count for step in range(1, count + 1))
    return next((index for index in following if board.open(index, wanted)), None)


def class_random(board: Board, wanted: int | None, random: np.random.Generator) -> int | None:
    """A random class, then a random window that holds some of it: the baseline others must beat."""
    for class_id in random.permutation(board.classes) if wanted is None else (wanted,):
        found = [index for index in range(len(board.windows)) if board.open(index, int(class_id))]
        if found:
            return int(random.choice(found))
    return None


def guided(board: Board, wanted: int | None, random: np.random.Generator) -> int | None:
    """The window that guidance ranks first among those not looked at since the model changed."""
    usable = [index for index in range(len(board.windows)) if board.open(index, wanted)]
    fresh = [index for index in usable if index not in board.seen] or usable
    if not fresh:
        return None
    ranked = rank(_candidates(board, fresh), random)
    return fresh[int(ranked[0])] if len(ranked) else fresh[0]


def oracle(board: Board, wanted: int | None, random: np.random.Generator) -> int | None:
    """The window with the most wrong pixels: no strategy can know it, it shows how much is to be won."""
    if not board.learner.ready or wanted is not None:
        return class_random(board, wanted, random)
    wrong = [errors(board.truth(w), board.predicted(w), board.annotated(w)).sum() for w in board.windows]
    best = int(np.argmax(wrong))
    return best if wrong[best] else class_random(board, wanted, random)


def _candidates(board: Board, indices: list[int]) -> RegionCandidates:
    windows = [board.windows[index] for index in indices]
    shares = np.array([board.annotated(w).mean() for w in board.windows])
    uncertainty, moved = np.zeros((len(windows), board.classes)), np.zeros(len(windows))
    if board.learner.ready:
        for place, window in enumerate(windows):
            uncertainty[place] = doubt(board.probabilities(window.picture)[(slice(None), *window.inside)])
            before = board.before(window)
            moved[place] = 0.0 if before is None else disagreement(board.predicted(window), before)
    return RegionCandidates(
        uncertainty, moved, board.features[indices], board.features[shares > 0], shares[indices], board.counts()
    )


STRATEGIES: dict[str, Strategy] = {"guided": guided, "random": class_random, "order": order, "oracle": oracle}


def find(name: str) -> Strategy:
    """A strategy by name. Raises UserError naming the known ones."""
    if name not in STRATEGIES:
        raise UserError(f"There is no strategy “{name}”.", hint=f"Choose {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]
