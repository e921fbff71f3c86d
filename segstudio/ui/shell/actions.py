"""What the window asks of the controllers: plain callables, filled in by ui.app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.tools.base import Pointer


@dataclass(kw_only=True)
class Actions:
    """Every request a command or panel can make that needs a worker, the store or another project."""

    open_files: Callable[[list[Path]], None]
    open_folder: Callable[[Path], None]
    open_project: Callable[[Path], None]
    new_project: Callable[[], None]
    open_sample: Callable[[], None]
    save_copy: Callable[[Path], None]
    combine_images: Callable[[list[Path]], None]
    """Make channels of one image of co-registered files."""
    export_masks: Callable[[Path, str], None]
    """Write all masks into a folder, in a format of io.exports."""
    import_masks: Callable[[Path, str, list[int], str], None]
    """Read masks of a format of io.imports for these images, into a new layer of that name ("": the active one)."""
    export_model: Callable[[Path], None]
    """Write the champion as an ONNX file."""
    show_image: Callable[[int], None]
    next_image: Callable[[int], None]
    """Go this many images on (negative: back)."""
    most_useful_image: Callable[[], None]
    predict: Callable[[bool], None]
    """Predict the shown image; True: only what is in view."""
    cancel_jobs: Callable[[], None]
    train_or_pause: Callable[[], None]
    stop_training: Callable[[], None]
    learn_live: Callable[[bool], None]
    """Refit the quick head after each stroke, or no longer."""
    new_model: Callable[[], None]
    """Put a fresh network, as chosen in the settings, in the champion's place."""
    accept_or_roll_back: Callable[[], None]
    """Use the waiting challenger, or go back to the champion's parent."""
    use_version: Callable[[int], None]
    show_version_change: Callable[[int], None]
    """Show what a version (0: the other one) would change in what is seen, as a proposal."""
    explain: Callable[[Pointer | None, str], None]
    """Show what the model's answer for the object under the pointer rests on."""
    show_region: Callable[[str, tuple[int, int, int, int]], None]
    """Go to a box (top, left, bottom, right) of an image's slice, given as "digest:slice"."""
    accept_prediction: Callable[[], None]
    """Copy the prediction of the shown slice into the annotation where nobody has spoken."""
    run_baseline: Callable[[str, dict[str, Any], bool], None]
    """Run a classical method; True: only preview it as a proposal, False: apply it as one edit."""
    run_operation: Callable[[str, dict[str, Any], str, bool], None]
    """Run a mask operation on "slice", "view" or "volume"; True: only show what it would change."""
    quit: Callable[[], None]
