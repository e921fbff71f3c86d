"""Coded words for what is segmented: SNOMED and DICOM codes of anatomy and tissue, from pydicom's dictionaries.

A code is written "value^scheme^meaning", as core.classes keeps it: "10200004^SCT^Liver".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

CATEGORIES = {
    7192: "AnatomicalStructure", 7191: "Tissue", 7194: "MorphologicallyAbnormalStructure", 7197: "BodySubstance",
    7193: "PhysicalObject", 7198: "Substance", 7195: "Function", 7196: "SpatialAndRelationalConcept",
}  # fmt: skip
"""Context groups of Segmentation Property Types (PS3.16 CID 7191 to 7198), and the category of what is in each."""

NEUTRAL = "85756007^SCT^Tissue"
"""What a class is of which nothing is said."""


@dataclass(frozen=True, slots=True)
class Coding:
    """A code, and the category (a name of pydicom's SNOMED dictionary) that it belongs to."""

    value: str
    scheme: str
    meaning: str
    category: str = "Tissue"

    @property
    def text(self) -> str:
        """As core.classes keeps it."""
        return f"{self.value}^{self.scheme}^{self.meaning}"


@cache
def codings() -> tuple[Coding, ...]:
    """All that can be chosen, by their meaning; each once, in the first category that has it."""
    from pydicom.sr.codedict import codes

    found: dict[tuple[str, str], Coding] = {}
    for group, category in CATEGORIES.items():
        for code in getattr(codes, f"cid{group}").concepts.values():
            one = Coding(str(code.value), str(code.scheme_designator), str(code.meaning), category)
            found.setdefault((one.value, one.scheme), one)
    return tuple(sorted(found.values(), key=lambda one: one.meaning.casefold()))


def search(words: str) -> list[Coding]:
    """The codes whose meaning or value has all the words, those first whose meaning begins with them."""
    wanted = words.casefold().split()
    found = [one for one in codings() if all(word in f"{one.meaning} {one.value}".casefold() for word in wanted)]
    return sorted(found, key=lambda one: (not one.meaning.casefold().startswith(" ".join(wanted)), len(one.meaning)))


def coding(text: str) -> Coding:
    """The code that a class has; the neutral one for "" and for what is none."""
    parts = text.split("^", 2)
    if len(parts) < 3 or not all(parts) or len(parts[0]) > 16 or len(parts[1]) > 16:
        parts = NEUTRAL.split("^", 2)
    known = {(one.value, one.scheme): one.category for one in codings()}
    value, scheme, meaning = parts
    return Coding(value, scheme, meaning[:64], known.get((value, scheme), "Tissue"))


def text_of(item: Any) -> str:
    """The code that an item of a code sequence holds; "" for the neutral one, and for what is none."""
    parts = [
        str(item.get(name) or "").replace("^", " ") for name in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
    ]
    text = "^".join(parts)
    return text if all(parts) and text != NEUTRAL else ""
