"""Masks as YOLO's segmentation labels: a text file for each image, a line for each object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from segstudio.io.atomic import replacing
from segstudio.io.masks.exports.rings import keyholed
from segstudio.io.masks.exports.subject import Subject

LABELS, DATA = "labels", "data.yaml"


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`labels/STEM.txt` (`STEM_z0001.txt` for each slice of a volume) and `data.yaml` with the names.

    A line is the number of a class, counted from 0 without the background, and x y pairs between 0 and 1. Holes are
    joined to their outline by a keyhole (rings.keyholed).
    """
    (folder / LABELS).mkdir(parents=True, exist_ok=True)
    classes = [entry for entry in subjects[0].classes if entry.id]
    numbers = {entry.id: number for number, entry in enumerate(classes)}
    written = []
    for subject in subjects:
        slices, rows, columns = subject.info.shape
        for z in range(slices):
            lines = []
            for class_id, ring in keyholed(subject.slice(z)):
                points = " ".join(f"{x / columns:.9g} {y / rows:.9g}" for x, y in ring)
                lines.append(f"{numbers[class_id]} {points}\n")
            path = folder / LABELS / (f"{subject.stem}.txt" if slices == 1 else f"{subject.stem}_z{z + 1:04d}.txt")
            with replacing(path) as scratch:
                scratch.write_text("".join(lines), encoding="utf-8")
            written.append(path)
    names = "".join(f"  {numbers[entry.id]}: {json.dumps(entry.name, ensure_ascii=False)}\n" for entry in classes)
    with replacing(folder / DATA) as scratch:
        scratch.write_text(f"path: .\ntrain: images\nval: images\nnames:\n{names}", encoding="utf-8")
    return [*written, folder / DATA]
