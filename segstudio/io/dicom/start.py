"""How DICOM files begin: with a preamble and "DICM", or, as older archives and networks have it, at once with data."""

from __future__ import annotations

PREAMBLE = 128
VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
"""Value representations (PS3.5 6.2)."""

FIRST, LAST = 0x0008, 0x0028
"""Groups of the elements that come first."""


def begins_like_dicom(head: bytes) -> bool:
    """Whether a file that begins with these bytes is DICOM; some 150 bytes are enough."""
    return head[PREAMBLE : PREAMBLE + 4] == b"DICM" or begins_with_data(head)


def begins_with_data(head: bytes) -> bool:
    """Whether a file begins with its first data element, of group 2 or 8, and goes on with another."""
    return any(_elements(head, order) for order in ("little", "big"))


def _elements(head: bytes, order: str) -> bool:
    """Whether two data elements lie at the beginning, the second after the first."""
    first = _tag(head, 0, order)
    if first is None or first[0] not in (0x0002, FIRST):
        return False
    explicit = head[4:6] in VRS
    if explicit:
        long = head[4:6] in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"UR", b"OD", b"OF", b"OL", b"OV")
        start = 12 if long else 8
        length = _number(head[8:12] if long else head[6:8], order)
    elif order == "little":
        start, length = 8, _number(head[4:8], order)
    else:
        return False  # big endian is always explicit
    if length == 2**32 - 1:
        return explicit
    if length % 2 or length > 2**16:
        return False
    following = _tag(head, start + length, order)
    if following is None:
        return explicit or length <= 64
    return first < following and following[0] in (0x0002, *range(FIRST, LAST + 1)) and following[0] % 2 == 0


def _tag(head: bytes, at: int, order: str) -> tuple[int, int] | None:
    part = head[at : at + 4]
    return (_number(part[:2], order), _number(part[2:], order)) if len(part) == 4 else None


def _number(part: bytes, order: str) -> int:
    return int.from_bytes(part, "big" if order == "big" else "little")
