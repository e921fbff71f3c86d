"""Decoders that pydicom lacks here, by imagecodecs: lossless and 12-bit JPEG, and High-Throughput JPEG 2000; and second
ones for JPEG 2000 and JPEG-LS, for streams that the first ones refuse.

`is_available` and `DECODER_DEPENDENCIES` are what pydicom asks of a module with decoders.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

NAME = "segstudio"

JPEG = "1.2.840.10008.1.2.4."
EXTENDED = f"{JPEG}51"

DECODERS = {
    **{f"{JPEG}{end}": "jpegsof3_decode" for end in (57, 70)},
    EXTENDED: "jpeg8_decode",
    **{f"{JPEG}{end}": "jpegls_decode" for end in (80, 81)},
    **{f"{JPEG}{end}": "jpeg2k_decode" for end in (90, 91)},
    **{f"{JPEG}{end}": "htj2k_decode" for end in (201, 202, 203)},
}
"""imagecodecs' function for each transfer syntax."""

RETIRED = {f"{JPEG}{end}": EXTENDED for end in (53, 55)}
"""Transfer syntaxes that pydicom does not know any more, and those whose decoder reads them: a JPEG stream says itself
whether it is progressive."""

DECODER_DEPENDENCIES = {uid: ("imagecodecs",) for uid in DECODERS}


def is_available(uid: str) -> bool:
    """Whether frames of a transfer syntax can be decoded."""
    return uid in DECODERS


@cache
def use_codecs() -> None:
    """Let pydicom (and highdicom, which asks it) decode with these."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    for uid in DECODERS:
        get_decoder(UID(uid)).add_plugin(NAME, (__name__, "decode_frame"))


def decode_frame(source: bytes, runner: Any) -> bytearray:
    """The bytes of a frame, rows of pixels of whole bytes; says in `runner` what the numbers are."""
    decode = getattr(import_module("imagecodecs"), DECODERS[str(runner.transfer_syntax)])
    values = decode(bytes(source))
    runner.set_option("planar_configuration", 0)
    runner.set_option("bits_allocated", values.dtype.itemsize * 8)
    return bytearray(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
