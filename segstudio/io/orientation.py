"""How the axes of a volume in a patient are laid out for the eye, decided here and nowhere else.

Files store their voxels in any order of axes and directions. Pixels in SegStudio are (slices, rows, columns): slices
lie one behind the other along the axis with the coarsest spacing (how the volume was acquired; the body's long axis
where all are alike), and each slice is turned as radiologists see it: axial with the patient's left at the right and
the back at the bottom, coronal with the left at the right and the feet at the bottom, sagittal with the back at the
right and the feet at the bottom. Nothing is resampled: axes are exchanged and mirrored, and the grid (core.grid, LPS)
says how they lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.upright import SHOWN

TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From RAS (NIfTI) to LPS (DICOM, ITK) and back: x and y change sign."""

COARSER = 1.5
"""How much coarser than the others an axis must be for its steps to be the slices of the acquisition."""

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """How stored axes become (slices, rows, columns): `axes` are the stored axes in this order, `flips` whether each is
    mirrored."""

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    def apply(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Stored values (i, j, k, ...) as (slices, rows, columns, ...); a view."""
        moved = values.transpose(*self.axes, *range(3, values.ndim))
        return moved[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def undo(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """(slices, rows, columns, ...) as stored (i, j, k, ...); a view."""
        back = values[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]
        return back.transpose(*np.argsort(self.axes), *range(3, values.ndim))

    def matrix(self, stored: Affine, shape: tuple[int, int, int]) -> Affine:
        """The 4 x 4 matrix of (column, row, slice, 1) from that of stored (i, j, k, 1); `shape` is the stored one."""
        found = np.eye(4)
        found[:3, 3] = stored[:3, 3]
        for place, (axis, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            column = 2 - place  # slices, rows, columns are the matrix' last to first columns
            found[:3, column] = stored[:3, axis] * (-1 if flip else 1)
            if flip:
                found[:3, 3] += stored[:3, axis] * (shape[axis] - 1)
        return found


def layout(stored: Affine) -> Layout:
    """How a volume is shown whose voxels (i, j, k) lie at `stored` (4 x 4) in LPS."""
    steps = np.linalg.norm(stored[:3, :3], axis=0)
    world = _world_axes(stored[:3, :3] / steps)
    others = [float(np.delete(steps, axis).max()) for axis in range(3)]
    coarse = [axis for axis in range(3) if steps[axis] > COARSER * others[axis]]
    through = coarse[0] if coarse else world.index(2)
    (across, right), (down, below) = SHOWN[world[through]]
    axes = (through, world.index(down), world.index(across))
    wanted = (1, below, right)
    signs = [1 if stored[world[axis], axis] > 0 else -1 for axis in axes]
    first, second, third = (sign != want for sign, want in zip(signs, wanted, strict=True))
    return Layout(axes, (first, second, third))


def same_grid(one: Affine, two: Affine, shape: tuple[int, int, int]) -> bool:
    """Whether two matrices put the voxels of a volume of `shape` (along their columns) at the same places, within a
    hundredth of a voxel."""
    corners = np.array([(i, j, k, 1) for i in (0, shape[0] - 1) for j in (0, shape[1] - 1) for k in (0, shape[2] - 1)])
    apart = np.abs((one @ corners.T - two @ corners.T)[:3]).max()
    return bool(apart <= 0.01 * np.linalg.norm(one[:3, :3], axis=0).min())


def _world_axes(directions: NDArray[np.float64]) -> list[int]:
    """For each stored axis the world axis it runs along most, each world axis once, the clearest first."""
    strength = np.abs(directions)  # (world, stored)
    found = [-1, -1, -1]
    for _ in range(3):
        world, stored = np.unravel_index(int(np.argmax(strength)), strength.shape)
        found[int(stored)] = int(world)
        strength[world, :] = -1
        strength[:, stored] = -1
    return found
