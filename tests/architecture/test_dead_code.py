"""No dead code: whatever nothing calls is deleted."""

from __future__ import annotations

import re
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from vulture import Vulture

ROOT = Path(__file__).parents[2]

CALLED_BY_FRAMEWORKS = {
    "DECODER_DEPENDENCIES": "pydicom asks a decoder's module for it",
    "decode_frame": "pydicom calls it in a decoder's module",
    "preamble": "pydicom writes it before a data set",
    "intra_op_num_threads": "ONNX Runtime reads it from its options",
    "log_severity_level": "ONNX Runtime reads it from its options",
    "signals": "kept so that Python does not drop the object",
    "_typed": "kept so that Python does not drop the object",
}
"""Names that only a library reads, and which."""

READ_BY_NAME = ("segstudio/ui/widgets/theme.py",)
"""Files whose names stand in a text: the colours of a theme, in `resources/themes/studio.qss` and in `theme.color`."""


def named_in_tables() -> set[str]:
    """What rows of text name: "module:function"."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "segstudio").rglob("*.py"))
    return {name for source in sources for name in re.findall(r'"[\w.{}]+:(\w+)"', source)}


def test_everything_is_used() -> None:
    found = Vulture(
        ignore_names=["*Event", "eventFilter", "sizeHint", "minimumSizeHint", "rowCount", "data", "flags", "test_*"],
        ignore_decorators=["@*fixture*"],
    )
    found.scavenge([str(ROOT / name) for name in ("segstudio", "scripts", "tests")])
    known = named_in_tables() | set(CALLED_BY_FRAMEWORKS)
    dead = []
    for item in found.get_unused_code(min_confidence=60):
        where = Path(item.filename).relative_to(ROOT).as_posix()
        is_dicom = item.typ == "attribute" and tag_for_keyword(item.name) is not None
        is_option = item.typ == "variable" and where.startswith("segstudio/tools/")  # read from a form's signature
        if (
            where.startswith("segstudio/")
            and not is_dicom
            and not is_option
            and item.name not in known
            and where not in READ_BY_NAME
        ):
            dead.append(f"{where}:{item.first_lineno} {item.typ} {item.name}")
    assert not dead
