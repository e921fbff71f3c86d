"""The mask operations SegStudio offers, as text: listing them imports neither scikit-image nor scipy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from segstudio.core.parameters import Parameter, check, parameters
from segstudio.errors import UserError
from segstudio.operations.subject import Mask, OperationInput


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `function` is "module:callable" in this package; it takes a Subject and options by keyword.

    `volume` tells that it needs several slices to do anything.
    """

    id: str
    title: str
    family: str
    summary: str
    function: str
    volume: bool = False

    def load(self) -> Callable[..., Mask]:
        """The function itself."""
        module, _, name = self.function.partition(":")
        return cast("Callable[..., Mask]", getattr(import_module(f"segstudio.operations.{module}"), name))

    def parameters(self) -> list[Parameter]:
        """Its options, read from the signature."""
        return parameters(self.load())


OPERATIONS = {
    row.id: row
    for row in (
        Operation("largest", "Keep largest object", "Objects", "Everything but the largest object of the class goes.",
                  "components:keep_largest"),
        Operation("islands", "Remove islands", "Objects", "Objects below a size go.", "components:remove_islands"),
        Operation("holes", "Fill holes", "Objects", "What an object encloses becomes part of it.",
                  "components:fill_holes"),
        Operation("grow", "Grow", "Shape", "The class grows by a margin.", "morphology:grow"),
        Operation("shrink", "Shrink", "Shape", "The class loses a margin.", "morphology:shrink"),
        Operation("open", "Open", "Shape", "Thin bridges and specks go.", "morphology:opened"),
        Operation("close", "Close", "Shape", "Gaps and cracks are filled.", "morphology:closed"),
        Operation("smooth", "Smooth", "Shape", "All outlines become smoother; neighbours stay neighbours.",
                  "smoothing:smooth"),
        Operation("merge", "Merge a class", "Combine", "All of another class becomes the active class.",
                  "boolean:merge"),
        Operation("combine", "Combine with layer", "Combine",
                  "Add, subtract or intersect with a class of another layer.", "boolean:combine"),
        Operation("between", "Between slices", "Slices", "Fill the slices between annotated ones.",
                  "interpolation:between_slices", volume=True),
    )
}  # fmt: skip
"""All operations by id, in menu order."""


def run(operation: str, subject: OperationInput, values: Mapping[str, Any]) -> Mask:
    """What an operation would write, (slices, rows, columns), 255 where nothing changes.

    UserError for an unknown operation, a value that is not allowed, or a subject without anything to do.
    """
    if operation not in OPERATIONS:
        raise UserError(f"There is no operation “{operation}”.", hint=f"There are: {', '.join(OPERATIONS)}.")
    function = OPERATIONS[operation].load()
    return function(subject, **check(parameters(function), values))
