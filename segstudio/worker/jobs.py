"""What a worker does with each request. Heavy libraries are imported inside the handlers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from pathlib import Path

import numpy as np

from segstudio.worker.control import Control
from segstudio.worker.messages import (
    Baseline,
    BuildLevels,
    Combine,
    Explain,
    ExportModel,
    ImageRead,
    LabelsRead,
    Message,
    NewModel,
    OpenWindow,
    Operate,
    Predict,
    Probe,
    Probed,
    Progress,
    ReadImage,
    ReadLabels,
    ReadMask,
    ReadTiles,
    Train,
)
from segstudio.worker.shared import Scratch, attach

Send = Callable[[Message], None]


@singledispatch
def run(message: Message, control: Control, send: Send) -> str:
    """Do what `message` asks, sending news on the way; returns a last word for Finished.

    Raises UserError for what the user can mend; anything else is a bug.
    """
    raise TypeError(f"no worker does {type(message).__name__}")


@run.register
def _(message: ReadImage, control: Control, send: Send) -> str:
    from segstudio.worker.reader_jobs import read_image

    return read_image(message, send)


@run.register
def _(message: OpenWindow, control: Control, send: Send) -> str:
    from segstudio.worker.reader_jobs import open_window

    return open_window(message, send)


@run.register
def _(message: ReadTiles, control: Control, send: Send) -> str:
    from segstudio.worker.reader_jobs import read_tiles

    return read_tiles(message, control, send)


@run.register
def _(message: BuildLevels, control: Control, send: Send) -> str:
    from segstudio.worker.reader_jobs import build_levels

    return build_levels(message, control, send)


@run.register
def _(message: ReadMask, control: Control, send: Send) -> str:
    from segstudio.io.masks.mask_file import read_mask

    mask = read_mask(Path(message.path), classes=message.classes, invert=message.invert)
    send(ImageRead(message.job, {}, Scratch(Path(message.folder)).share(mask), ""))
    return ""


@run.register
def _(message: ReadLabels, control: Control, send: Send) -> str:
    from segstudio.core.image import ImageInfo
    from segstudio.io.masks.imports.table import import_format
    from segstudio.io.reading import guard

    path = Path(message.path)
    with guard(path):
        found = import_format(message.form).load()(path, message.name, ImageInfo.from_json(message.info))
    if found is None:
        send(LabelsRead(message.job, None))
    else:
        classes = tuple((one.id, one.name, one.color) for one in found.classes)
        send(LabelsRead(message.job, Scratch(Path(message.folder)).share(found.mask), classes))
    return ""


@run.register
def _(message: Combine, control: Control, send: Send) -> str:
    from segstudio.io.combining import combine

    return str(combine([Path(path) for path in message.paths], Path(message.folder), message.budget))


@run.register
def _(message: Probe, control: Control, send: Send) -> str:
    from segstudio.io.reading import probe

    send(Probed(message.job, probe(Path(message.path), message.budget).to_json()))
    return ""


@run.register
def _(message: Baseline, control: Control, send: Send) -> str:
    from segstudio.classical.registry import run as run_method

    send(Progress(message.job, 0, 1))
    image = np.array(attach(message.image)[message.z])
    classes = run_method(message.method, image, message.parameters, channel=message.channel)
    attach(message.classes, writable=True)[...] = classes
    return ""


@run.register
def _(message: Operate, control: Control, send: Send) -> str:
    from segstudio.operations.registry import run as operate
    from segstudio.operations.subject import Subject

    send(Progress(message.job, 0, 1))
    masks = np.array(attach(message.masks), np.uint8)
    other = masks[2] if len(masks) > 2 else None
    subject = Subject(masks[0], message.spacing, message.class_id, masks[1], other, message.cut)
    attach(message.classes, writable=True)[...] = operate(message.operation, subject, message.parameters)
    return ""


@run.register
def _(message: NewModel, control: Control, send: Send) -> str:
    from segstudio.worker.model_jobs import new_model

    return new_model(message)


@run.register
def _(message: ExportModel, control: Control, send: Send) -> str:
    from segstudio.models.onnx_file import export
    from segstudio.models.weights import load

    worst = export(load(Path(message.model)), Path(message.path))
    return f"The model was written to {Path(message.path).name}; ONNX Runtime differs by {worst:.0e} at most."


@run.register
def _(message: Explain, control: Control, send: Send) -> str:
    from segstudio.worker.model_jobs import explain

    return explain(message)


@run.register
def _(message: Predict, control: Control, send: Send) -> str:
    from segstudio.worker.model_jobs import predict

    return predict(message, control, send)


@run.register
def _(message: Train, control: Control, send: Send) -> str:
    from segstudio.worker.model_jobs import train

    return train(message, control, send)
