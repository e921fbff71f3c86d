"""Prediction and training beside the bare network."""

from __future__ import annotations

from importlib.util import find_spec

from segstudio.cli.output import table

TILED, STEP = 1.15, 1.1
"""How many times the bare network's time a tiled prediction and a training step may take."""


def run(rounds: int) -> int:
    """Print the tables; 0 when the goals are met."""
    from segstudio.learning.bench import predictions, trainings
    from segstudio.learning.device import use_cores

    use_cores()
    missed = []
    rows = [
        ["256 x 256", "plain torch ms", "ours", "plain/ours", "ONNX Runtime", "OpenVINO", "tiled, each window",
         "tiled/ours"]
    ]  # fmt: skip
    for p in predictions(3 * rounds):
        onnx = f"{p.onnx:.1f}" if find_spec("onnxruntime") else "–"
        openvino = f"{p.openvino:.1f}" if find_spec("openvino") and find_spec("onnxruntime") else "–"
        ratio = p.tiled / p.ours
        rows.append(
            [
                p.name,
                f"{p.plain:.1f}",
                f"{p.ours:.1f}",
                f"{p.plain / p.ours:.2f}",
                onnx,
                openvino,
                f"{p.tiled:.1f}",
                f"{ratio:.2f}",
            ]
        )
        if ratio > TILED:
            missed.append(f"{p.name}: tiled {ratio:.2f}")
    print(table(rows, right=1))
    rows = [["step, 4 x 128 x 128", "bare torch ms", "ours", "ours/bare"]]
    for t in trainings(3 * rounds):
        ratio = t.ours / t.bare
        rows.append([t.name, f"{t.bare:.1f}", f"{t.ours:.1f}", f"{ratio:.2f}"])
        if ratio > STEP:
            missed.append(f"{t.name}: step {ratio:.2f}")
    print(table(rows, right=1))
    print("Goals met." if not missed else "Missed: " + "; ".join(missed) + ".")
    return int(bool(missed))
