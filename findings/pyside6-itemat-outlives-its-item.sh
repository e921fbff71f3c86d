#!/bin/sh
# PySide6: the wrapper that QLayout.itemAt returns stays "valid" after Qt has deleted the item.
#
# Versions: PySide6-Essentials and shiboken6 6.11.3 and 6.12.0, CPython 3.11, Linux x86-64, Qt's offscreen platform.
# Input: one layout, one label, one look at itemAt(0); then the label is deleted, and with it Qt deletes the layout item.
# Expected: shiboken6.isValid(item) is False, as it is for the label, and no wrapper of the item is left.
# Seen: isValid(item) is True and the wrapper is kept as a child of the layout's wrapper, so one more stays with each look.
#       takeAt(0), which hands the item over, leaves none.
# Why it matters: an interface that lists the widgets of a layout in this way keeps entries for addresses that the allocator gives
#       to other objects later. We follow our own lists instead (docs/decisions/0011).
# Exit code 0: still so. 1: it changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export QT_QPA_PLATFORM=offscreen
cat > "$work/look.py" <<'PY'
import gc

import PySide6
import shiboken6
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget, QWidgetItem

app = QApplication([])


def items():
    gc.collect()
    return sum(type(one) is QWidgetItem for one in shiboken6.getAllValidWrappers())


def round_(take):
    host = QWidget()
    box = QVBoxLayout(host)
    label = QLabel("a")
    box.addWidget(label)
    item = box.takeAt(0) if take else box.itemAt(0)
    assert item.widget() is label
    if take:
        del item
    label.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not shiboken6.isValid(label) and box.count() == 0
    valid = None if take else shiboken6.isValid(item)
    item = None
    return valid, items(), host


valid, left, host = round_(take=False)
print(PySide6.__version__, "itemAt: item valid after its deletion:", valid, "- wrappers left:", left)
_, more, other = round_(take=True)
print(PySide6.__version__, "takeAt: wrappers left by it:", more - left)
raise SystemExit(0 if (valid, left, more - left) == (True, 1, 0) else 1)
PY
for version in 6.11.3 6.12.0; do
    python3 -m venv "$work/$version"
    "$work/$version/bin/pip" install --quiet --disable-pip-version-check "PySide6-Essentials==$version" 2>/dev/null
    "$work/$version/bin/python" "$work/look.py" || { echo "It changed with $version."; exit 1; }
done
