"""Paints until it is killed; prints how many changes are durable. `python _painter.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from segstudio.project.store import Store
from tests.project.conftest import new_document, paint, predict

PREDICT_EVERY, UNDO_EVERY, REDO_EVERY = 9, 5, 11


def main() -> None:
    store = Store.create(Path(sys.argv[1]))
    document = new_document(store)
    store.flush()
    durable = 0

    def acknowledge(stored: object) -> None:
        nonlocal durable
        if getattr(stored, "edit", 0):
            durable += 1
            sys.stdout.write(f"{durable}\n")
            sys.stdout.flush()

    store.stored.connect(acknowledge)
    number = 0
    rng = np.random.default_rng()
    while True:
        number += 1
        if number % REDO_EVERY == 0:
            document.undo()
            document.redo()
        elif number % UNDO_EVERY == 0:
            document.undo()
        else:
            paint(document, number)
        if number % PREDICT_EVERY == 0:
            predict(document, number)
        if rng.random() < 0.7 or store.pending > 20:
            store.flush()


if __name__ == "__main__":
    main()
