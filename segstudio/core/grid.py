"""Where an image's pixels lie in the world: a patient's body or a map."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

AUTHORITY = re.compile(r'(?:AUTHORITY|ID)\["(EPSG|ESRI|IAU[^"]*)",\s*"?(\d+)"?(?:,[^\]]*)?\]\]\s*$', re.IGNORECASE)
"""The number of a coordinate system as a whole: the last words of its WKT."""
NAME = re.compile(r'^[A-Z_]+\["([^"]*)"')
LONGEST = 60
"""Letters of a name that are shown."""

Row = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """The affine from places in the image to places in the world.

    `rows` are the three upper rows of a 4 x 4 matrix: world (x, y, z) = rows · (column, row, slice, 1), where whole
    numbers are the centres of pixels. In the frame "patient" the world is LPS in millimetres (x to the patient's left,
    y to the back, z to the head: DICOM PS3.3 C.7.6.2.1.1), whatever the file's own convention; in the frame "map"
    (x, y) are coordinates of `crs` (WKT, or "" where the file has a transform without one) and z is the slice.
    `reference` is what says that two images share a frame: DICOM's Frame of Reference UID, else "".
    """

    frame: Literal["patient", "map"]
    rows: tuple[Row, Row, Row]
    crs: str = ""
    reference: str = ""

    @classmethod
    def of(cls, frame: Literal["patient", "map"], matrix: NDArray[np.floating[Any]], **more: str) -> Grid:
        """From a 3 x 4 or 4 x 4 matrix. Raises ValueError where it is not finite or not invertible."""
        values = np.asarray(matrix, np.float64)[:3]
        if not np.isfinite(values).all() or abs(np.linalg.det(values[:, :3])) < 1e-12:
            raise ValueError("the position in the world is not a finite, invertible transform")
        first, second, third = ((float(a), float(b), float(c), float(d)) for a, b, c, d in values)
        return cls(frame, (first, second, third), **more)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The 4 x 4 matrix."""
        return np.array([*self.rows, (0.0, 0.0, 0.0, 1.0)])

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance between slices, rows and columns, in units of the world."""
        column, row, between = (float(v) for v in np.linalg.norm(self.matrix[:3, :3], axis=0))
        return between, row, column

    def world(self, z: float, row: float, column: float) -> tuple[float, float, float]:
        """The place of (slice, row, column) in the world."""
        x, y, height = (float(v) for v in (self.matrix @ (column, row, z, 1.0))[:3])
        return x, y, height

    def describe(self, z: float, row: float, column: float) -> str:
        """The place of a pixel in words: patient directions in mm, or coordinates of the map."""
        x, y, height = self.world(z, row, column)
        if self.frame == "patient":
            parts = zip((x, y, height), ("LR", "PA", "SI"), strict=True)
            return " ".join(f"{ends[value < 0]} {abs(value):.1f}" for value, ends in parts) + " mm"
        if self.crs.startswith("GEOG"):
            north, east = "NS"[y < 0], "EW"[x < 0]
            return f"{abs(y):.6f}° {north}  {abs(x):.6f}° {east}  {self.system}".rstrip()
        return f"E {x:,.2f}  N {y:,.2f}  {self.system}".rstrip() if self.crs else f"x {x:,.2f}  y {y:,.2f}"

    @property
    def system(self) -> str:
        """What the coordinate system is called: EPSG:32633, or its name where it has no number; "" without one."""
        number, name = AUTHORITY.search(self.crs), NAME.search(self.crs)
        if number:
            return f"{number[1].upper()}:{number[2]}"
        return name[1][:LONGEST] if name else ""

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Grid:
        """The reverse of `to_json`. Raises ValueError as `of`."""
        frame: Literal["patient", "map"] = "map" if values["frame"] == "map" else "patient"
        more = {"crs": str(values.get("crs", "")), "reference": str(values.get("reference", ""))}
        return cls.of(frame, np.array(values["rows"], np.float64), **more)
