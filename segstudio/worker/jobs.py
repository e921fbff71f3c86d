"""What a worker does with each request. Heavy libraries are imported inside the handlers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from pathlib import Path

import numpy as np

from segstudio.worker.control import Control
from segstudio.worker.messages import (
    Baseline,
    ImageRead,
    Message,
    NewModel,
    Predict,
    Probe,
    Probed,
    Progress,
    ReadImage,
    ReadMask,
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
    from segstudio.io.digest import content_hash
    from segstudio.io.reading import open_image

    path = Path(message.path)
    reading = open_image(path, message.budget)
    pixels = reading.pixels
    if message.thumbnail:
        from segstudio.io.thumbnail import thumbnail

        pixels = thumbnail(reading.pixels, reading.info, message.thumbnail)
    scratch = Scratch(Path(message.folder))
    send(ImageRead(message.job, reading.info.to_json(), scratch.share(pixels), content_hash(path)))
    return ""


@run.register
def _(message: ReadMask, control: Control, send: Send) -> str:
    from segstudio.io.masks import read_mask

    mask = read_mask(Path(message.path), classes=message.classes, invert=message.invert)
    send(ImageRead(message.job, {}, Scratch(Path(message.folder)).share(mask), ""))
    return ""


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
def _(message: NewModel, control: Control, send: Send) -> str:
    from segstudio.worker.model_jobs import new_model

    return new_model(message)


@run.register
def _(message: Predict, control: Control, send: Send) -> str:
    from segstudio.worker.model_jobs import predict

    return predict(message, control, send)


@run.register
def _(message: Train, control: Control, send: Send) -> str:
    from segstudio.worker.model_jobs import train

    return train(message, control, send)
