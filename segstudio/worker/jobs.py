"""What a worker does with each request, as text: "module:function" by the kind of request.

Each takes the request, the worker's Control and a function that sends news, and returns a last word for Finished. It
raises UserError for what the user can mend; anything else is a bug. Modules are imported with their first job, so that
a reader never imports torch.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from segstudio.worker import messages
from segstudio.worker.control import Control
from segstudio.worker.messages import Message, Send

_READER, _PIXELS, _MODEL = (f"segstudio.worker.{name}" for name in ("reader_jobs", "pixel_jobs", "model_jobs"))

JOBS: dict[type[Message], str] = {
    messages.ReadImage: f"{_READER}:read_image",
    messages.OpenWindow: f"{_READER}:open_window",
    messages.FindFiles: f"{_READER}:find_files",
    messages.ReadTiles: f"{_READER}:read_tiles",
    messages.BuildLevels: f"{_READER}:build_levels",
    messages.ReadMask: f"{_READER}:read_mask",
    messages.ReadLabels: f"{_READER}:read_labels",
    messages.Combine: f"{_READER}:combine",
    messages.Probe: f"{_READER}:probe",
    messages.Baseline: f"{_PIXELS}:baseline",
    messages.Operate: f"{_PIXELS}:operate",
    messages.NewModel: f"{_MODEL}:new_model",
    messages.ExportModel: f"{_MODEL}:export_model",
    messages.Predict: f"{_MODEL}:predict",
    messages.Explain: f"{_MODEL}:explain",
    messages.Train: f"{_MODEL}:train",
}


def run(message: Message, control: Control, send: Send) -> str:
    """Do what `message` asks, sending news on the way; the last word for Finished.

    Raises what the job raises, and TypeError for a message that asks for nothing.
    """
    if type(message) not in JOBS:
        raise TypeError(f"no worker does {type(message).__name__}")
    module, _, name = JOBS[type(message)].partition(":")
    job: Callable[[Message, Control, Send], str] = getattr(import_module(module), name)
    return job(message, control, send)
