"""The networks that come with SegStudio, as text: listing them imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from segstudio.models.spec import ModelSpec, Option

Presets = Mapping[str, Mapping[str, int | float | str]]

_WIDTH = Option(64, "Channels of the first level; 64 as published.", 2, 256)
_NORM = ("batch", "none")

_UNET = {
    "width": _WIDTH,
    "depth": Option(4, "Number of poolings; 4 as published, 3 for less context and cost.", 1, 6),
    "upsampling": Option("learnt", "Learnt 2x2 up-convolution (paper) or bilinear.", choices=("learnt", "bilinear")),
    "norm": Option("batch", "Batch norm after each 3x3 convolution, or none (the paper).", choices=_NORM),
    "dropout": Option(0.0, "Dropout at the end of the contracting path.", 0.0, 0.9),
}
_SEGNET = {
    "width": _WIDTH,
    "dropout": Option(0.0, "Dropout after the deeper stages (Bayesian SegNet: 0.5).", 0.0, 0.9),
}
_FCN = {
    "width": _WIDTH,
    "hidden": Option(4096, "Channels of conv6 and conv7; 4096 as published.", 8, 4096),
    "kernel": Option(7, "Side of conv6's kernel; 7 as published, 3 for a light head.", choices=(1, 3, 5, 7)),
    "norm": Option("none", "Batch norm in the encoder and head, or none (the paper).", choices=_NORM),
    "upsampling": Option(
        "paper",
        "Bilinear kernels: learnt but for the last (paper), all fixed, or all learnt.",
        choices=("paper", "fixed", "learnt"),
    ),
    "dropout": Option(0.5, "Dropout after conv6 and conv7.", 0.0, 0.9),
}
_FCN_PRESETS: Presets = {
    "light": {"width": 16, "hidden": 256, "kernel": 3, "norm": "batch", "dropout": 0.1},
    "standard": {"width": 64, "hidden": 512, "kernel": 3, "norm": "batch", "dropout": 0.5},
    "paper": {},
}


def _table(rows: Iterable[ModelSpec]) -> dict[str, ModelSpec]:
    table: dict[str, ModelSpec] = {}
    for row in rows:
        if table.setdefault(row.id, row) is not row:
            raise ValueError(f"two networks have the id {row.id}")
    return table


MODELS = _table(
    (
        ModelSpec(
            "unet", "U-Net", "Sharp borders from full skip connections; a good first choice.",
            "segstudio.models.unet:UNet", _UNET,
            {
                "light": {"width": 8, "depth": 3, "upsampling": "bilinear"},
                "standard": {"width": 64, "depth": 3, "upsampling": "bilinear"},
                "paper": {"norm": "none", "dropout": 0.5},
            },
        ),
        ModelSpec(
            "segnet", "SegNet", "Little memory: the decoder reuses the encoder's pooling indices.",
            "segstudio.models.segnet:SegNet", _SEGNET,
            {"light": {"width": 8}, "standard": {"width": 32}, "paper": {}},
        ),
        ModelSpec(
            "segnet_basic", "SegNet-Basic", "SegNet in small: four 7x7 convolutions down, four up.",
            "segstudio.models.segnet:SegNetBasic", {"width": _WIDTH},
            {"light": {"width": 16}, "standard": {"width": 32}, "paper": {}},
        ),
        ModelSpec(
            "fcn8s", "FCN-8s", "Sums class scores of three depths; softer borders.",
            "segstudio.models.fcn:FCN8s", _FCN, _FCN_PRESETS,
        ),
        ModelSpec(
            "fcn16s", "FCN-16s", "Sums class scores of two depths.",
            "segstudio.models.fcn:FCN16s", _FCN, _FCN_PRESETS,
        ),
        ModelSpec(
            "fcn32s", "FCN-32s", "One coarse score, upsampled 32 times; the baseline of its paper.",
            "segstudio.models.fcn:FCN32s", _FCN, _FCN_PRESETS,
        ),
    )
)  # fmt: skip
