"""The classical methods SegStudio offers, as text: listing them imports neither scikit-image nor scipy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from segstudio.core.parameters import Parameter, check, parameters
from segstudio.core.parameters import parse_setting as parse_setting  # the CLI's --set belongs to methods
from segstudio.errors import UserError

ClassMap = NDArray[np.uint8]

LUMA = (0.2125, 0.7154, 0.0721)
"""Rec. 709 weights of red, green and blue, as scikit-image's rgb2gray."""


@dataclass(frozen=True, slots=True)
class Method:
    """One classical method. `factory` is "module:callable"; `result` says whether it gives a mask or a class
    map."""

    id: str
    title: str
    family: Literal["Threshold", "Edges"]
    summary: str
    factory: str
    result: Literal["mask", "classes"] = "mask"

    def load(self) -> Callable[..., NDArray[Any]]:
        """The function itself: an image (rows, columns) in, a mask or class map out, options by keyword."""
        module, _, name = self.factory.partition(":")
        return cast("Callable[..., NDArray[Any]]", getattr(import_module(module), name))

    def parameters(self) -> list[Parameter]:
        """Its options, read from the signature; imports nothing heavy."""
        return parameters(self.load())


def _table(rows: Iterable[Method]) -> dict[str, Method]:
    table: dict[str, Method] = {}
    for row in rows:
        if table.setdefault(row.id, row) is not row:
            raise ValueError(f"Two methods have the id “{row.id}”.")
    return table


_THRESHOLD, _EDGES = "segstudio.classical.threshold", "segstudio.classical.edges"

METHODS = _table(
    (
        Method(
            "manual",
            "Manual",
            "Threshold",
            "Everything between two values you choose.",
            f"{_THRESHOLD}:manual",
        ),
        Method(
            "otsu",
            "Otsu",
            "Threshold",
            "Two clear groups of brightness; try this first.",
            f"{_THRESHOLD}:otsu",
        ),
        Method("li", "Li", "Threshold", "Small bright objects on a dark background.", f"{_THRESHOLD}:li"),
        Method("yen", "Yen", "Threshold", "Strict: only what clearly stands out.", f"{_THRESHOLD}:yen"),
        Method("triangle", "Triangle", "Threshold", "Few pixels beside one large peak.", f"{_THRESHOLD}:triangle"),
        Method(
            "multi_otsu",
            "Multi-Otsu",
            "Threshold",
            "Three to five levels of brightness at once.",
            f"{_THRESHOLD}:multi_otsu",
            "classes",
        ),
        Method("adaptive", "Adaptive", "Threshold", "Compares with the surroundings.", f"{_THRESHOLD}:adaptive"),
        Method(
            "hysteresis",
            "Hysteresis",
            "Threshold",
            "Keeps thin structures whole.",
            f"{_THRESHOLD}:hysteresis",
        ),
        Method("sobel", "Sobel", "Edges", "Where brightness changes fast.", f"{_EDGES}:sobel"),
        Method("canny", "Canny", "Edges", "Thin, connected outlines.", f"{_EDGES}:canny"),
        Method("contours", "Closed contours", "Edges", "Outlines closed and filled.", f"{_EDGES}:contours"),
    )
)
"""All methods by id, in menu order."""


def find(method_id: str) -> Method:
    """The method of that id. UserError naming the known ones otherwise."""
    try:
        return METHODS[method_id]
    except KeyError:
        from difflib import get_close_matches

        near = get_close_matches(method_id.lower().replace("-", "_"), METHODS, n=1)
        raise UserError(
            f"There is no method “{method_id}”.",
            why=f"Known methods: {', '.join(METHODS)}.",
            hint=f"Did you mean “{near[0]}”?" if near else "Choose one of these.",
        ) from None


def run(
    method_id: str, image: NDArray[Any], params: Mapping[str, Any] | None = None, channel: int | None = None
) -> ClassMap:
    """Class map uint8 (rows, columns) of a method: 0 background, 1 foreground; 1 .. classes - 1 for
    multi-Otsu.

    `image` is (rows, columns) or (rows, columns, channels); for several channels see `grey`. `params`
    overrides defaults, as values or as text. UserError for an unknown method, setting, channel or a value
    out of range.
    """
    method = find(method_id)
    function = method.load()
    options = check(parameters(function), params or {})
    return function(grey(image, channel), **options).astype(np.uint8)


def grey(image: NDArray[Any], channel: int | None = None) -> NDArray[Any]:
    """One plane (rows, columns) of an image (rows, columns) or (rows, columns, channels).

    `channel` counts from 0. None is the only channel, the luma of three channels (red, green, blue; Rec.
    709), or the plain mean of any other number; single channels keep their dtype, mixtures are float32, or
    float64 where the pixels need it. A channel that is no picture (alpha) is the caller's to leave out.
    """
    planes = image[:, :, None] if image.ndim == 2 else image
    if planes.ndim != 3 or planes.shape[2] == 0:
        raise ValueError(f"Expected (rows, columns[, channels]), got the shape {image.shape}.")
    count = planes.shape[2]
    if channel is not None and not 0 <= channel < count:
        raise UserError(
            f"There is no channel {channel}.",
            why=f"The image has {count} channel{'s' if count > 1 else ''}, counted from 0.",
            hint=f"Choose one from 0 to {count - 1}, or leave it out to use all." if count > 1 else "Use 0.",
        )
    if channel is not None or count == 1:
        return planes[:, :, channel or 0]
    if planes.dtype.kind not in "biuf":
        return planes[:, :, 0]  # the method refuses the dtype, and says why
    weights = LUMA if count == 3 else (1.0 / count,) * count
    exact = planes.dtype.itemsize <= 2 or planes.dtype == np.float32
    return np.asarray(planes @ np.asarray(weights, np.float32 if exact else np.float64))
