"""The jobs that need torch: make a model, predict, train."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from segstudio.core.channels import fits, without_alpha, words
from segstudio.core.codes import NOTHING
from segstudio.core.image import unmeasured
from segstudio.errors import UserError
from segstudio.io.digest import content_hash
from segstudio.learning import training_set
from segstudio.learning.class_map import allowed, among, class_map
from segstudio.learning.device import choose, is_out_of_memory, use_cores
from segstudio.learning.engine import Engine
from segstudio.learning.evaluate import dice
from segstudio.learning.explain import explain as why
from segstudio.learning.finetune import Outcome, Scored, StepDone, finetune
from segstudio.learning.predict import MEASURES, PredictedBlock, Predictor, glance
from segstudio.learning.predict import predict as predict_slice
from segstudio.learning.recipe import preset
from segstudio.learning.suiting import suited
from segstudio.models.starter import begin
from segstudio.models.weights import load, save
from segstudio.worker import messages
from segstudio.worker.control import Control
from segstudio.worker.labels import labelled
from segstudio.worker.messages import (
    Explain,
    ExportModel,
    NewModel,
    Predict,
    Progress,
    Score,
    Send,
    Step,
    Train,
    Trained,
)
from segstudio.worker.quick_learning import QuickLearning
from segstudio.worker.shared import attach

_engines: dict[tuple[str, int, str], Engine] = {}
"""The last model used, ready on its device: (path, modification time, device)."""


_quick = QuickLearning()


def new_model(message: NewModel, control: Control, send: Send) -> str:
    """Save a network that has learnt nothing yet; the note is the file's sha256."""
    network = begin(
        message.architecture, message.channels, [(name, color) for _, name, color in message.classes], message.options,
        seed=message.seed, weights=message.weights, model=Path(message.model) if message.model else None,
        ids=[class_id for class_id, _, _ in message.classes],
    )  # fmt: skip
    return save(network, Path(message.path))


def export_model(message: ExportModel, control: Control, send: Send) -> str:
    """Write a checkpoint as ONNX; the last word says how near ONNX Runtime comes."""
    from segstudio.models.onnx_file import export  # an extra

    worst = export(load(Path(message.model)), Path(message.path))
    return f"The model was written to {Path(message.path).name}; ONNX Runtime differs by {worst:.0e} at most."


def predict(message: Predict, control: Control, send: Send) -> str:
    """Predict the slices one after the other into the shared arrays; the note says what was done about memory."""
    use_cores()
    engine = _engine(message)
    if not message.only_first and message.exactly is None:
        engine.count(int(np.prod(message.image.shape[1:3])) * len(message.slices))
    predictor = engine.predictor
    if message.quick is not None:
        predictor = _quick.predictor(message.quick, engine.plain, message.only)
    image = attach(message.image)
    card = predictor.network.card
    seen = image
    if without_alpha(image.shape[3], message.alpha, card.channels):
        kept = [place for place in range(image.shape[3]) if place != message.alpha]
        seen = image[..., kept]
        message = msgspec.structs.replace(message, ranges=tuple(message.ranges[place] for place in kept))
    if not fits(seen.shape[3], card.channels):
        raise UserError(
            "This model does not fit this image.",
            why=f"It was made for {words(card.channels)}, the image has {image.shape[3]}.",
            hint="Train a new model for images of this kind, in a project of their own.",
        )
    places = allowed(card.class_ids, message.only)
    ids = [card.class_ids[place] for place in places]
    classes, uncertainty = attach(message.classes, writable=True), attach(message.uncertainty, writable=True)
    notes: list[str] = []
    total = len(message.slices) * image.shape[1] * image.shape[2]
    done = 0
    for z in message.slices:
        for block in _blocks(message, predictor, seen[z], control, notes):
            top, left, bottom, right = block.box
            missing = unmeasured(image[z, top:bottom, left:right], message.nodata, message.alpha)
            shares = among(block.probabilities, places)
            classes[z, top:bottom, left:right] = np.where(missing, NOTHING, class_map(shares, ids))
            doubt = MEASURES[message.measure](shares)
            uncertainty[z, top:bottom, left:right] = np.where(missing, 0, doubt)
            send(messages.Block(message.job, z, block.box))
            done += (bottom - top) * (right - left)
            send(Progress(message.job, done, total, notes[-1] if notes else ""))
    return " ".join(notes)


def _blocks(
    message: Predict, predictor: Predictor, pixels: NDArray[np.generic], control: Control, notes: list[str]
) -> Iterator[PredictedBlock]:
    if message.exactly is not None:
        try:
            yield glance(predictor, pixels, message.ranges, message.exactly)
            return
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
    yield from predict_slice(
        predictor, pixels, message.ranges, tile=message.tile, overlap=message.overlap, first=message.first,
        only_first=message.only_first, cancelled=control.cancelled, note=notes.append,
    )  # fmt: skip


def explain(message: Explain, control: Control, send: Send) -> str:
    """Explain a region into the shared array."""
    use_cores()
    network = load(Path(message.model))
    values = why(
        network, np.array(attach(message.image)), message.ranges, np.array(attach(message.region), np.bool_),
        message.class_id, message.method, choose(message.device),
    )  # fmt: skip
    attach(message.values, writable=True)[...] = values
    return ""


def _engine(message: Predict) -> Engine:
    path = Path(message.model)
    key = (message.model, path.stat().st_mtime_ns if path.exists() else 0, message.device)
    if key not in _engines:
        _engines.clear()
        _engines[key] = Engine(Predictor(load(path), choose(message.device)))
    return _engines[key]


def train(message: Train, control: Control, send: Send) -> str:
    """Fine-tune and save the challenger, whatever the gate says of it."""
    use_cores()
    regions = [labelled(region) for region in message.regions]
    network = suited(load(Path(message.model)), regions, message.table)
    recipe = preset(**message.recipe, card=network.card)
    device = choose(message.device)
    events = finetune(
        network, regions, recipe, device=device, control=control, state=Path(message.state), resume=message.resume
    )
    for event in events:
        if isinstance(event, StepDone):
            send(Step(message.job, event.step, event.total, event.loss, event.seconds))
        elif isinstance(event, Scored):
            champion, challenger = dice(event.champion.pooled), dice(event.challenger.pooled)
            ids = network.card.class_ids
            send(Score(message.job, event.step, _by_class(ids, champion), _by_class(ids, challenger)))
        else:
            training_set.write(training_set.path_for(Path(message.out)), regions)
            _finish(message, event, send)
    if not control.cancelled():  # with its project closed it can be resumed
        Path(message.state).unlink(missing_ok=True)
    return ""


def _finish(message: Train, outcome: Outcome, send: Send) -> None:
    verdict = outcome.verdict
    metrics = {
        "champion": verdict.champion, "challenger": verdict.challenger, "interval": verdict.interval,
        "calibration": outcome.metrics.get("calibration"), "worse": [asdict(one) for one in verdict.worse],
        "ended_by": outcome.ended_by, "notes": outcome.network.card.metrics.get("notes", []),
    }  # fmt: skip
    parent = content_hash(Path(message.model))
    outcome.network.card = replace(outcome.network.card, parent=parent)
    digest = save(outcome.network, Path(message.out))
    send(
        Trained(
            message.job,
            verdict.accepted,
            verdict.sentence,
            message.out,
            digest,
            metrics,
            outcome.steps,
            outcome.seconds,
        )
    )


def _by_class(ids: Sequence[int], scores: Sequence[float] | np.ndarray) -> dict[str, float | None]:
    pairs = zip(ids, scores, strict=True)
    return {str(i): None if math.isnan(score) else round(float(score), 4) for i, score in pairs}
