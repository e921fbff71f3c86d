"""The jobs that make class maps without a network: classical methods and mask operations."""

from __future__ import annotations

import numpy as np

from segstudio.classical.registry import run as run_method
from segstudio.operations.registry import run as run_operation
from segstudio.operations.subject import OperationInput
from segstudio.worker.control import Control
from segstudio.worker.messages import Baseline, Operate, Progress, Send
from segstudio.worker.shared import attach


def baseline(message: Baseline, control: Control, send: Send) -> str:
    """Run a classical method on a slice into the shared class map."""
    send(Progress(message.job, 0, 1))
    image = np.array(attach(message.image)[message.z])
    classes = run_method(message.method, image, message.parameters, channel=message.channel)
    attach(message.classes, writable=True)[...] = classes
    return ""


def operate(message: Operate, control: Control, send: Send) -> str:
    """Run a mask operation into the shared class map."""
    send(Progress(message.job, 0, 1))
    masks = np.array(attach(message.masks), np.uint8)
    other = masks[2] if len(masks) > 2 else None
    subject = OperationInput(masks[0], message.spacing, message.class_id, masks[1], other, message.cut)
    attach(message.classes, writable=True)[...] = run_operation(message.operation, subject, message.parameters)
    return ""
