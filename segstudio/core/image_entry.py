"""ImageEntry: an image of a project, with its mask layers."""

from __future__ import annotations

from dataclasses import dataclass, field

from segstudio.core.image import ImageInfo
from segstudio.core.layer import MaskLayer


@dataclass
class ImageEntry:
    """An image of the project; its pixels are loaded by whoever shows it.

    `path` is relative to the project's folder where possible, else absolute. `group` names what belongs
    together for validation (patient, slide, scene); `role` says how the group's labels are used ("blocks":
    trained on except for the validation blocks; "validation": never trained on) and is never changed once given.
    """

    id: int
    path: str
    digest: str
    info: ImageInfo
    group: str = ""
    role: str = "blocks"
    done: bool = False
    layers: list[MaskLayer] = field(default_factory=list)
    removed: dict[int, MaskLayer] = field(default_factory=dict)
    """Layers that were taken away and that undo can bring back."""
    next_layer: int = 1
    """No id of a layer is used twice: the file may still hold tiles of one that is gone."""
    gone: bool = False
    """Whether it was taken out of the project; undo can bring it back."""
    seen: int = 0
    agreed: int = 0

    @property
    def name(self) -> str:
        return self.path.replace("\\", "/").rsplit("/", 1)[-1]

    @property
    def agreement(self) -> float | None:
        """Share of first-time annotated pixels where the prediction was already right; None before any."""
        return self.agreed / self.seen if self.seen else None
