"""Text in the pixels of DICOM images, such as a patient's name: what says that there may be some."""

from __future__ import annotations

from typing import Any

NOTE = "Its pixels may show text, such as the name of the patient."
"""The note of an image that may carry burned-in text; the window warns of it."""

MODALITIES = ("US", "XA", "SC", "ES", "OT", "XC")
"""Modalities whose devices write text into their pictures: ultrasound, angiography, screen captures, endoscopy."""

CAPTURES = "1.2.840.10008.5.1.4.1.1.7"
"""What the UIDs of the Secondary Capture storage classes begin with."""


def burned_in(header: Any) -> bool:
    """Whether an image (a pydicom dataset) may carry text: it says so (Burned In Annotation, 0028,0301), or it does not
    deny it and comes from a device that writes into its pictures, or from a screen."""
    said = str(header.get("BurnedInAnnotation", "")).upper()
    if said in ("YES", "NO"):
        return said == "YES"
    return str(header.get("Modality", "")) in MODALITIES or str(header.get("SOPClassUID", "")).startswith(CAPTURES)
