"""Commands of the Model menu: predict, learn, compare, explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.settings import save
from segstudio.ui.commands.base import Command, Run, can_change, can_edit, has_document
from segstudio.ui.commands.dialogs import open_new_model
from segstudio.ui.dialogs import files

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk


def has_job(desk: Desk) -> bool:
    return desk.job is not None


def is_training(desk: Desk) -> bool:
    return desk.training.running


def has_champion(desk: Desk) -> bool:
    document = desk.session.document
    return document is not None and document.champion is not None


def can_switch(desk: Desk) -> bool:
    """A challenger waits, or there is an older version to go back to."""
    document = desk.session.document
    return document is not None and not desk.session.read_only and document.other_version is not None


def toggle_live(desk: Desk) -> None:
    """Remembered for all projects."""
    session = desk.session
    session.settings = session.settings.with_(live=not session.settings.live)
    save(session.settings)
    desk.studio.live.set_on(session.settings.live)
    desk.say("Learning while you paint." if session.settings.live else "No longer learning while you paint.")


def switch(desk: Desk) -> None:
    """Use the version that waits; with none waiting, go back to the champion's parent."""
    document = desk.session.document
    if document is not None and (other := document.other_version) is not None:
        desk.studio.training.use(other.number)


def explains(method: str) -> Run:
    """Ask why the object under the pointer is what it is."""
    return lambda desk: desk.studio.explaining.ask(desk.views.canvas.pointer, method)


def export_model(desk: Desk) -> None:
    if path := desk.ask(files.choose_onnx):
        desk.studio.export_model(path)


MODEL = (
    Command("model.predict", "Model", "Predict", lambda desk: desk.studio.predicting.predict_shown(), "P", can_edit,
            "Run the model on this image", "predict"),
    Command("model.predict-view", "Model", "Predict the view",
            lambda desk: desk.studio.predicting.predict_shown(view_only=True), "Shift+P", can_edit,
            "Run the model on what is in view", "predict-view"),
    Command("job.cancel", "Model", "Cancel what is running", lambda desk: desk.studio.cancel_jobs(), "Ctrl+.",
            has_job, icon="cancel"),
    Command("model.train", "Model", "Train or pause", lambda desk: desk.studio.training.train_or_pause(), "Ctrl+T",
            can_change, "Learn from your corrections; again to pause", "train", part=1),
    Command("model.live", "Model", "Learn while painting", toggle_live, "Ctrl+L", has_document,
            "After each stroke what is seen is predicted again", "train", lambda desk: desk.session.settings.live,
            part=1),
    Command("model.stop", "Model", "Stop training", lambda desk: desk.studio.training.stop(), "", is_training,
            "End the training and keep the best so far", "stop", part=1),
    Command("model.new", "Model", "New model…", open_new_model, "", can_change,
            "Choose U-Net, SegNet or FCN and start afresh", "new", part=2),
    Command("model.change", "Model", "Show what would change", lambda desk: desk.studio.comparing.show(), "",
            can_switch, "What the waiting model, or the one before, says otherwise in view", "switch", part=2),
    Command("model.explain", "Model", "Explain the object", explains("gradcam"), "?", has_champion,
            "Where the model looked to say what is under the pointer (Seg-Grad-CAM)", "useful", part=2),
    Command("model.explain-edges", "Model", "Explain by pixels", explains("integrated"), "", has_champion,
            "Which pixels speak for what is under the pointer (integrated gradients)", "useful", part=2),
    Command("model.export", "Model", "Export model as ONNX…", export_model, "", has_champion,
            "For other programs; checked with ONNX Runtime", "export", part=2),
    Command("model.switch", "Model", "Accept or roll back", switch, "Ctrl+Shift+T", can_switch,
            "Use the waiting model, or go back to the one before", "switch", part=2),
)  # fmt: skip
